//! The judge: one joint reading, and one logit, per pair of query and passage.

use super::encoder::Loader;
use super::gguf::Gguf;
use super::names::{CLASSIFIER, POOLER};
use super::{Config, Cosine, Encoder, Head, LateInteraction, ModelError, Pause, Role, Sequence, Tokenizer};
use crate::backend::{Activation, Backend, Carried};
use crate::kernels::dot::dot;
use crate::kernels::softmax::softmax;
use std::borrow::Cow;
use std::ops::Range;

/// A cross-encoder.
///
/// Nogueira and Cho, "Passage Re-ranking with BERT" (2019).
pub struct CrossEncoder<B: Backend> {
    encoder: Encoder<B>,
    head: LoadedHead<B>,
}

enum LoadedHead<B: Backend> {
    Classifier { pooler: B::Linear, classifier: B::Linear },
    Cosine(Cosine),
    Late { cosine: Cosine, scale: f32, terms: B::Numbers },
}

/// Token ids of a query, to be paired with passages.
#[derive(Clone, Debug)]
pub struct Query(Vec<u32>);

/// A query and a passage, ready to be read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair(Sequence);

impl Pair {
    /// Tokens, special tokens included.
    pub fn tokens(&self) -> usize {
        self.0.ids.len()
    }

    /// Whether query or passage were cut to fit.
    pub fn truncated(&self) -> bool {
        self.0.truncated
    }

    /// The token sequence.
    pub fn sequence(&self) -> &Sequence {
        &self.0
    }
}

impl<B: Backend + Clone> CrossEncoder<B> {
    /// Loads a GGUF file made by `tabrank convert`. Handed over, it takes less memory than lent.
    ///
    /// # Errors
    /// See [`ModelError`]; [`ModelError::WrongRole`] for a bi-encoder's file, [`ModelError::MissingPooler`] for a
    /// conversion that dropped a layer of the head.
    pub fn load<'f>(bytes: impl Into<Cow<'f, [u8]>>, backend: B) -> Result<Self, ModelError> {
        let bytes = bytes.into();
        let file = Gguf::parse(&bytes)?;
        let config = Config::read(&file)?;
        let Some(head) = config.head.clone() else {
            return Err(ModelError::WrongRole { expected: Role::CrossEncoder, found: config.role });
        };
        let width = config.width;
        let (encoder, loader) = Encoder::load(&file, config, backend)?;
        let head = LoadedHead::load(head, &loader, width)?;
        file.insist_all_taken()?;
        Ok(Self { encoder: encoder.finish(bytes), head })
    }
}

impl<B: Backend> LoadedHead<B> {
    fn load(head: Head, loader: &Loader<B>, width: usize) -> Result<Self, ModelError> {
        Ok(match head {
            Head::SegmentCosine(cosine) => Self::Cosine(cosine),
            Head::GatedLateInteraction { cosine, late: LateInteraction { scale, terms }, .. } => {
                Self::Late { cosine, scale, terms: loader.numbers(&terms) }
            }
            Head::Classifier => Self::Classifier {
                pooler: loader.linear(&[POOLER.into()], width, width)?,
                classifier: loader.linear(&[CLASSIFIER.into()], 1, width)?,
            },
        })
    }
}

impl<B: Backend> CrossEncoder<B> {
    /// The encoder inside.
    pub fn encoder(&self) -> &Encoder<B> {
        &self.encoder
    }

    /// Tokens of a query.
    ///
    /// # Errors
    /// [`ModelError::EmptyQuery`] if the text has no token.
    pub fn query(&self, text: &str) -> Result<Query, ModelError> {
        Ok(Query(self.encoder.query_ids(text)?))
    }

    /// Query and passage framed together, the longer one cut first.
    pub fn pair(&self, query: &Query, passage: &str) -> Result<Pair, ModelError> {
        let ids = self.encoder.tokenizer().ids(passage)?;
        let (config, tokenizer) = (self.encoder.config(), self.encoder.tokenizer());
        let frame = if config.gates().is_some() { Tokenizer::pair_apart } else { Tokenizer::pair };
        Ok(Pair(frame(tokenizer, &query.0, &ids, config.max_tokens)))
    }

    /// Raw logits of pairs, computed as one batch. A pair's logit does not depend on the batch.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] if the weights are damaged.
    pub async fn score(&self, pairs: &[Pair]) -> Result<Vec<f32>, ModelError> {
        self.score_pausing(pairs, &()).await
    }

    /// [`Self::score`] with pauses between the layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] besides.
    pub async fn score_pausing(&self, pairs: &[Pair], pause: &dyn Pause) -> Result<Vec<f32>, ModelError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let backend = self.encoder.backend();
        let packing = Sequence::pack(pairs.iter().map(Pair::sequence));
        let logits = match &self.head {
            LoadedHead::Classifier { pooler, classifier } => {
                let first = self.encoder.forward(&packing, Carried::First, pause).await?;
                self.classify(&first, pooler, classifier).await?
            }
            LoadedHead::Cosine(cosine) => {
                let hidden = self.encoder.forward(&packing, Carried::All, pause).await?;
                let means = backend.read(backend.mean(&hidden, segments(pairs).as_flattened())).await?;
                self.cosines(&means).map(|x| cosine.logit(x)).collect()
            }
            LoadedHead::Late { cosine, scale, terms } => {
                let hidden = self.encoder.forward_keeping(&packing, pause).await?;
                let segments = segments(pairs);
                // Without [CLS] and [SEP].
                let words: Vec<_> = segments.iter().map(|both| both.clone().map(|segment| segment.start + 1..segment.end - 1)).collect();
                let nearest = backend.nearest(&hidden, terms, &words);
                let [means, nearest] = backend.read_all([backend.mean(&hidden, segments.as_flattened()), nearest]).await?;
                let (mut rest, cosines) = (&nearest[..], self.cosines(&means));
                let late = words.iter().map(|[query, _]| {
                    let (own, after) = rest.split_at(2 * query.len());
                    rest = after;
                    late_interaction(own)
                });
                cosines.zip(late).map(|(x, late)| cosine.logit(x) + scale * late).collect()
            }
        };
        if logits.iter().all(|x| x.is_finite()) { Ok(logits) } else { Err(ModelError::NotFinite) }
    }

    async fn classify(&self, first: &B::Buffer, pooler: &B::Linear, classifier: &B::Linear) -> Result<Vec<f32>, ModelError> {
        let backend = self.encoder.backend();
        let pooled = backend.apply(pooler, first, Activation::Tanh);
        Ok(backend.read(backend.apply(classifier, &pooled, Activation::Identity)).await?)
    }

    /// The cosine of each two neighbouring rows.
    fn cosines(&self, means: &[f32]) -> impl Iterator<Item = f32> {
        means.chunks_exact(2 * self.encoder.config().width).map(|both| {
            let (a, b) = both.split_at(both.len() / 2);
            // PyTorch's cosine_similarity keeps each norm from falling below 1e-8.
            dot(a, b) / (dot(a, a).sqrt().max(1e-8) * dot(b, b).sqrt().max(1e-8))
        })
    }
}

/// The rows of each pair's query and passage, with what frames them.
fn segments(pairs: &[Pair]) -> Vec<[Range<usize>; 2]> {
    let mut start = 0;
    let split = |Pair(sequence): &Pair| {
        let (begin, split) = (start, start + sequence.first_segment);
        start += sequence.ids.len();
        [begin..split, split..start]
    };
    pairs.iter().map(split).collect()
}

/// Of a query's tokens, two numbers each: the greatest cosine with a token of the passage, and what the softmax makes a share of.
fn late_interaction(tokens: &[f32]) -> f32 {
    let (nearest, mut shares): (Vec<_>, Vec<_>) = tokens.as_chunks().0.iter().map(|&[nearest, counts]| (nearest, counts)).unzip();
    softmax(&mut shares, 1.0);
    dot(&nearest, &shares)
}
