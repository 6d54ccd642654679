//! The encoder: embeddings and transformer layers of BERT.
//!
//! Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (2018); post-norm layers, exact GELU, as in
//! Hugging Face's `BertModel`.

use super::gguf::Gguf;
use super::kept::Kept;
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
    /// What the layers that read apart made of texts.
    apart: Kept<B::Buffer>,
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
        Encoder { backend, config, tokenizer, tables, norm, layers, apart: Kept::default() }
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
    pub async fn forward(&self, packing: &Packing, carried: Carried, pause: &dyn Pause) -> Result<B::Buffer, ModelError> {
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
        pause: &dyn Pause,
        mut observe: impl FnMut(usize, &B::Buffer),
    ) -> Result<B::Buffer, ModelError> {
        let mut x = self.backend.embed(&self.tables, &self.norm, packing);
        observe(0, &x);
        self.run(0..self.layers.len(), &mut x, packing, carried, pause, &mut observe).await?;
        Ok(x)
    }

    /// Carries hidden states through some layers. Only the last of all carries on less than all of them.
    async fn run(
        &self,
        layers: Range<usize>,
        x: &mut B::Buffer,
        packing: &Packing,
        carried: Carried,
        pause: &dyn Pause,
        observe: &mut dyn FnMut(usize, &B::Buffer),
    ) -> Result<(), ModelError> {
        for i in layers {
            let last = i + 1 == self.layers.len();
            self.layer(i, x, packing, if last { carried } else { Carried::All });
            observe(i + 1, x);
            if !last {
                pause.pause().await?;
            }
        }
        Ok(())
    }

    /// Carries hidden states through a layer. Not inlined: each place that waits between layers would have all of it.
    #[inline(never)]
    fn layer(&self, i: usize, x: &mut B::Buffer, packing: &Packing, carried: Carried) {
        let Layer { attention, feed_forward } = &self.layers[i];
        self.backend.attend(attention, x, packing, carried);
        self.backend.feed_forward(feed_forward, x);
    }

    /// [`Self::forward`] of all tokens, to the bit. But what the layers that read texts apart make of one is computed once, and
    /// kept for the next time; with gates these are the first layers, without there are none.
    ///
    /// # Errors
    /// As there.
    pub async fn forward_keeping(&self, packing: &Packing, pause: &dyn Pause) -> Result<B::Buffer, ModelError> {
        let apart = self.config.gates().map_or(0, |gates| gates.apart);
        if apart == 0 {
            return self.forward(packing, Carried::All, pause).await;
        }
        let mut states: Vec<_> = packing.texts().map(|text| self.apart.get(text)).collect();
        let mut missing = Packing::new();
        for (text, _) in packing.texts().zip(&states).filter(|(_, states)| states.is_none()) {
            if missing.texts().all(|other| other != text) {
                missing.push(text, &vec![0; text.len()]);
            }
        }
        if missing.sequences() > 0 {
            let mut made = self.backend.embed(&self.tables, &self.norm, &missing);
            self.run(0..apart, &mut made, &missing, Carried::All, pause, &mut |_, _| {}).await?;
            self.keep(&missing, &made, packing, &mut states);
        }
        let mut x = {
            let parts = states.iter().flatten().zip(packing.ranges()).map(|(states, rows)| (&**states, 0..rows.len()));
            self.backend.collect(&parts.collect::<Vec<_>>())
        };
        self.run(apart..self.layers.len(), &mut x, packing, Carried::All, pause, &mut |_, _| {}).await?;
        Ok(x)
    }

    /// Keeps what was made of the texts that were missing, and puts it in its places among the states of a packing's texts.
    fn keep(&self, missing: &Packing, made: &B::Buffer, packing: &Packing, states: &mut [Option<Arc<B::Buffer>>]) {
        for (text, rows) in missing.texts().zip(missing.ranges()) {
            let own = Arc::new(self.backend.collect(&[(made, rows)]));
            for (_, place) in packing.texts().zip(&mut *states).filter(|(other, _)| *other == text) {
                *place = Some(own.clone());
            }
            self.apart.put(text, own);
        }
    }

    /// Forgets what [`Self::forward_keeping`] has kept.
    pub fn forget(&self) {
        self.apart.clear();
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
