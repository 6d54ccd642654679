//! The scout: one vector per text.

use super::gguf::Gguf;
use super::{Config, Encoder, ModelError, Pause, Pooling, Role, Sequence};
use crate::backend::{Backend, Carried};
use crate::kernels::dot::dot;
use std::borrow::Cow;

/// A bi-encoder.
///
/// Reimers and Gurevych, "Sentence-BERT" (2019).
pub struct BiEncoder<B: Backend> {
    encoder: Encoder<B>,
    pooling: Pooling,
}

/// The vector of a text.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Embedding {
    /// Unit vector, as long as the model is wide.
    pub vector: Vec<f32>,
    /// Tokens read, special tokens included.
    pub tokens: usize,
    /// Whether the text was longer than the model reads.
    pub truncated: bool,
}

impl<B: Backend + Clone> BiEncoder<B> {
    /// Loads a GGUF file made by `tabrank convert`. Handed over, it takes less memory than lent.
    ///
    /// # Errors
    /// See [`ModelError`]; [`ModelError::WrongRole`] for a cross-encoder's file.
    pub fn load<'f>(bytes: impl Into<Cow<'f, [u8]>>, backend: B) -> Result<Self, ModelError> {
        let bytes = bytes.into();
        let file = Gguf::parse(&bytes)?;
        let config = Config::read(&file)?;
        let Some(pooling) = config.pooling else {
            return Err(ModelError::WrongRole { expected: Role::BiEncoder, found: config.role });
        };
        let (encoder, _) = Encoder::load(&file, config, backend)?;
        file.insist_all_taken()?;
        Ok(Self { encoder: encoder.finish(bytes), pooling })
    }
}

impl<B: Backend> BiEncoder<B> {
    /// The encoder inside.
    pub fn encoder(&self) -> &Encoder<B> {
        &self.encoder
    }

    /// The model's id.
    pub fn name(&self) -> &str {
        &self.encoder.config().name
    }

    /// Length of the vectors.
    pub fn width(&self) -> usize {
        self.encoder.config().width
    }

    /// Tokens of a document.
    pub fn document(&self, text: &str) -> Result<Sequence, ModelError> {
        Ok(self.encoder.sequence(&self.encoder.tokenizer().ids(text)?))
    }

    /// Tokens of a query, with the prefix that the model wants before queries.
    ///
    /// # Errors
    /// [`ModelError::EmptyQuery`] if the text has no token.
    pub fn query(&self, text: &str) -> Result<Sequence, ModelError> {
        let ids = self.encoder.query_ids(text)?;
        let prefix = &self.encoder.config().query_prefix;
        if prefix.is_empty() {
            return Ok(self.encoder.sequence(&ids));
        }
        self.document(&format!("{prefix}{text}"))
    }

    /// The vector of a query.
    ///
    /// # Errors
    /// As [`Self::query`] and [`Self::embed`].
    pub async fn embed_query(&self, text: &str) -> Result<Vec<f32>, ModelError> {
        Ok(self.embed(&[self.query(text)?]).await?.remove(0).vector)
    }

    /// Vectors of sequences, computed as one batch.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] if the weights are damaged.
    pub async fn embed(&self, sequences: &[Sequence]) -> Result<Vec<Embedding>, ModelError> {
        self.embed_pausing(sequences, &()).await
    }

    /// [`Self::embed`] with pauses between the layers.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] besides.
    pub async fn embed_pausing(&self, sequences: &[Sequence], pause: &dyn Pause) -> Result<Vec<Embedding>, ModelError> {
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let packing = Sequence::pack(sequences);
        let backend = self.encoder.backend();
        let pooled = match self.pooling {
            Pooling::Mean => {
                backend.mean(&self.encoder.forward(&packing, Carried::All, pause).await?, &packing.ranges().collect::<Vec<_>>())
            }
            Pooling::Cls => self.encoder.forward(&packing, Carried::First, pause).await?,
        };
        let values = backend.read(pooled).await?;
        values
            .chunks_exact(self.width())
            .zip(sequences)
            .map(|(row, sequence)| {
                let norm = dot(row, row).sqrt();
                if !norm.is_finite() {
                    return Err(ModelError::NotFinite);
                }
                let inverse = 1.0 / norm.max(1e-12);
                let vector = row.iter().map(|x| x * inverse).collect();
                Ok(Embedding { vector, tokens: sequence.ids.len(), truncated: sequence.truncated })
            })
            .collect()
    }
}
