//! Documents together with their index.

use crate::Error;
use crate::backend::Backend;
use crate::corpus::Document;
use crate::model::{BiEncoder, Embedding, ModelError, Sequence, batches};
use crate::rerank::{BATCH_TOKENS, Checkpoint};
use crate::retrieve::{DenseIndex, IndexError};

/// Documents and the vectors that a bi-encoder made of them.
#[derive(Clone, Debug)]
pub struct Collection {
    documents: Vec<Document>,
    index: DenseIndex,
}

impl Collection {
    /// Documents with an index file made of them by the model of this name and hash.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn open(documents: Vec<Document>, index: &[u8], model: &str, model_sha256: &str) -> Result<Self, IndexError> {
        let index = DenseIndex::from_bytes(index, &documents, model, model_sha256)?;
        Ok(Self { documents, index })
    }

    /// Documents whose vectors are given, in their order.
    pub fn from_embeddings(documents: Vec<Document>, embeddings: &[Embedding], width: usize, model: &str, model_sha256: &str) -> Self {
        let vectors = embeddings.iter().map(|e| e.vector.as_slice());
        let index = DenseIndex::new(width, &documents, vectors, model, model_sha256);
        Self { documents, index }
    }

    /// The documents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Their vectors.
    pub fn index(&self) -> &DenseIndex {
        &self.index
    }
}

/// Vectors of sequences, batch by batch.
///
/// # Errors
/// [`Error::Stopped`] if the checkpoint says so; [`ModelError::NotFinite`] for damaged weights.
pub async fn embed<B: Backend>(
    model: &BiEncoder<B>,
    sequences: &[Sequence],
    checkpoint: &impl Checkpoint,
) -> Result<Vec<Embedding>, Error> {
    let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
    let mut out = Vec::with_capacity(sequences.len());
    for batch in batches(&lengths, BATCH_TOKENS) {
        out.extend(model.embed(&sequences[batch]).await.map_err(|e: ModelError| Error::from(e))?);
        checkpoint.reach(out.len(), sequences.len()).await?;
    }
    Ok(out)
}
