//! The encoder: embeddings and transformer layers of BERT.
//!
//! Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (2018); post-norm layers, exact GELU, as in
//! Hugging Face's `BertModel`.

use super::gguf::Gguf;
use super::names::{self, layer};
use super::{Config, ModelError, Pause, Sequence, Tokenizer};
use crate::backend::{Attention, Backend, Carried, FeedForward, Packing, Weight, Words};
use crate::kernels::quant::Dtype;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A loaded encoder with its tokenizer.
pub struct Encoder<B: Backend> {
    backend: B,
    config: Config,
    tokenizer: Arc<Tokenizer>,
    tables: B::Tables,
    norm: B::Norm,
    layers: Vec<Layer<B>>,
}

struct Layer<B: Backend> {
    attention: Attention<B>,
    feed_forward: FeedForward<B>,
}

/// An encoder that lacks its word embeddings, which stay in the file as long as others read from it.
pub(super) struct Unfinished<B: Backend> {
    backend: B,
    config: Config,
    tokenizer: Arc<Tokenizer>,
    words: Range<usize>,
    words_dtype: Dtype,
    positions: Vec<f32>,
    segments: Vec<f32>,
    norm: B::Norm,
    layers: Vec<Layer<B>>,
}

impl<B: Backend> Unfinished<B> {
    /// The encoder with the word embeddings of its file. If the file is handed over, they stay where they are and the rest
    /// of it is freed, so that at no time there are two of them.
    pub fn finish(self, file: Cow<[u8]>) -> Encoder<B> {
        let Self { backend, config, tokenizer, words, words_dtype, positions, segments, norm, layers } = self;
        let bytes = match file {
            Cow::Borrowed(file) => file[words].to_vec(),
            Cow::Owned(mut file) => {
                let len = words.len();
                file.copy_within(words, 0);
                file.truncate(len);
                file.shrink_to_fit();
                file
            }
        };
        let words = Words { dtype: words_dtype, width: config.width, bytes };
        let tables = backend.tables(words, positions, segments);
        Encoder { backend, config, tokenizer, tables, norm, layers }
    }
}

/// Reads parts of a model file and hands them to a backend.
pub(super) struct Loader<'f, B> {
    file: &'f Gguf<'f>,
    backend: B,
    width: usize,
    epsilon: f32,
}

impl<B: Backend> Loader<'_, B> {
    fn norm(&self, name: &str) -> Result<B::Norm, ModelError> {
        let weight = self.file.vector(&format!("{name}.weight"), self.width)?;
        let bias = self.file.vector(&format!("{name}.bias"), self.width)?;
        Ok(self.backend.norm(&weight, &bias, self.epsilon))
    }

    /// Numbers for the backend.
    pub fn numbers(&self, values: &[f32]) -> B::Numbers {
        self.backend.numbers(values)
    }

    /// Linear layers of `cols` inputs and `rows` outputs each, stacked.
    pub fn linear(&self, names: &[String], rows: usize, cols: usize) -> Result<B::Linear, ModelError> {
        let weights: Result<Vec<Weight>, _> = names.iter().map(|n| self.file.matrix(&format!("{n}.weight"), rows, cols)).collect();
        let biases: Result<Vec<_>, _> = names.iter().map(|n| self.file.vector(&format!("{n}.bias"), rows)).collect();
        Ok(self.backend.linear(&weights?, &biases?.concat()))
    }
}

impl<B: Backend> Encoder<B> {
    /// Loads the encoder of a file. The caller loads its head from the same file, insists that every tensor was taken, and
    /// then finishes the encoder.
    pub(super) fn load<'f>(file: &'f Gguf<'f>, config: Config, backend: B) -> Result<(Unfinished<B>, Loader<'f, B>), ModelError>
    where
        B: Clone,
    {
        let tokenizer = Tokenizer::shared(file.string(names::key::TOKENIZER)?)?;
        let Config { width, inner, .. } = config;
        let loader = Loader { file, backend: backend.clone(), width, epsilon: config.epsilon };
        // The tables' lengths are those of the tensors; metadata carry no vocabulary size.
        let rows = |name: &str| file.tensor(name).map_or(0, |t| t.shape[0]);
        let words = file.matrix(names::WORDS, rows(names::WORDS), width)?;
        let segments = file.matrix(names::SEGMENTS, rows(names::SEGMENTS), width)?;
        let positions = file.matrix(names::POSITIONS, config.positions, width)?;
        let (needed, rows) = (tokenizer.rows_needed(), words.rows);
        if rows < needed {
            return Err(ModelError::Malformed(format!("its tokenizer needs {needed} word embeddings, its table has {rows}")));
        }
        if segments.rows == 0 || config.role == super::Role::CrossEncoder && segments.rows < 2 {
            return Err(ModelError::MissingTensor(format!("{} with a row for each segment", names::SEGMENTS)));
        }
        let layers = (0..config.layers)
            .map(|i| {
                let name = |part: &str| format!("blk.{i}.{part}");
                Ok(Layer {
                    attention: Attention {
                        qkv: loader.linear(&[layer::QUERY, layer::KEY, layer::VALUE].map(name), width, width)?,
                        output: loader.linear(&[name(layer::ATTENTION_OUTPUT)], width, width)?,
                        norm: loader.norm(&name(layer::ATTENTION_NORM))?,
                        heads: config.heads,
                        gates: config.gates().and_then(|gates| {
                            let values = gates.values.chunks_exact(config.heads).nth(i.checked_sub(gates.apart)?)?;
                            Some(loader.numbers(values))
                        }),
                    },
                    feed_forward: FeedForward {
                        up: loader.linear(&[name(layer::UP)], inner, width)?,
                        down: loader.linear(&[name(layer::DOWN)], width, inner)?,
                        norm: loader.norm(&name(layer::OUTPUT_NORM))?,
                    },
                })
            })
            .collect::<Result<_, ModelError>>()?;
        let norm = loader.norm(names::EMBEDDING_NORM)?;
        let start = file.tensor(names::WORDS).map_or(0, |t| t.start);
        let (positions, segments) = (positions.to_vec(), segments.to_vec());
        let (words, words_dtype) = (start..start + words.bytes.len(), words.dtype);
        Ok((Unfinished { backend, config, tokenizer, words, words_dtype, positions, segments, norm, layers }, loader))
    }

    /// What the model file says of itself.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The checkpoint's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Where the arithmetic runs.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// Last hidden states: `[tokens, width]`, or `[sequences, width]` if only the first of each sequence is carried on.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] if the pause between two layers says so.
    pub async fn forward(&self, packing: &Packing, carried: Carried, pause: &impl Pause) -> Result<B::Buffer, ModelError> {
        self.forward_observed(packing, carried, pause, |_, _| {}).await
    }

    /// [`Self::forward`], showing the hidden states after the embeddings (0) and after each layer (1, 2, ...): for
    /// tests and for looking inside.
    ///
    /// # Errors
    /// As there.
    pub async fn forward_observed(
        &self,
        packing: &Packing,
        carried: Carried,
        pause: &impl Pause,
        mut observe: impl FnMut(usize, &B::Buffer),
    ) -> Result<B::Buffer, ModelError> {
        let backend = &self.backend;
        let mut x = backend.embed(&self.tables, &self.norm, packing);
        observe(0, &x);
        for (i, layer) in self.layers.iter().enumerate() {
            let last = i + 1 == self.layers.len();
            backend.attend(&layer.attention, &mut x, packing, if last { carried } else { Carried::All });
            backend.feed_forward(&layer.feed_forward, &mut x);
            observe(i + 1, &x);
            if !last {
                pause.pause().await?;
            }
        }
        Ok(x)
    }

    /// Token ids of a query without special tokens.
    ///
    /// # Errors
    /// [`ModelError::EmptyQuery`] if nothing is left of it.
    pub fn query_ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let ids = self.tokenizer.ids(text)?;
        if ids.is_empty() { Err(ModelError::EmptyQuery) } else { Ok(ids) }
    }

    /// `[CLS] text [SEP]`.
    pub fn sequence(&self, ids: &[u32]) -> Sequence {
        self.tokenizer.single(ids, self.config.max_tokens)
    }
}
