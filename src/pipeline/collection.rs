//! Documents together with what finds them.

use crate::Error;
use crate::backend::Backend;
use crate::corpus::Document;
use crate::model::{BiEncoder, Embedding, Sequence, batches};
use crate::rerank::{Checkpoint, Pacer, TEXTS_AT_A_TIME};
use crate::retrieve::{Bm25Index, Bm25Parameters, DenseIndex, IndexError};
use std::sync::OnceLock;

/// Documents, the vectors that a bi-encoder made of them, and an index of their words.
#[derive(Clone, Debug)]
pub struct Collection {
    documents: Vec<Document>,
    index: Option<DenseIndex>,
    /// Made when first asked for.
    words: OnceLock<Bm25Index>,
}

impl Collection {
    /// Documents with an index file that this model, whose file has this hash, made of them.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn open<B: Backend>(documents: Vec<Document>, index: &[u8], model: &BiEncoder<B>, model_sha256: &str) -> Result<Self, IndexError> {
        let index = DenseIndex::from_bytes(index, &documents, model.width(), model.name(), model_sha256)?;
        Ok(Self { documents, index: Some(index), words: OnceLock::new() })
    }

    /// Documents whose vectors, made by this model, are given in their order.
    pub fn from_embeddings<B: Backend>(
        documents: Vec<Document>,
        embeddings: &[Embedding],
        model: &BiEncoder<B>,
        model_sha256: &str,
    ) -> Self {
        let vectors = embeddings.iter().map(|e| e.vector.as_slice());
        let index = DenseIndex::new(model.width(), &documents, vectors, model.name(), model_sha256);
        Self { documents, index: Some(index), words: OnceLock::new() }
    }

    /// Documents that only their words find.
    pub fn without_vectors(documents: Vec<Document>) -> Self {
        Self { documents, index: None, words: OnceLock::new() }
    }

    /// The documents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Their vectors.
    ///
    /// # Errors
    /// [`Error::NotReady`] if there are none.
    pub fn index(&self) -> Result<&DenseIndex, Error> {
        self.index.as_ref().ok_or(Error::NotReady("the index of the documents' vectors"))
    }

    /// Their words.
    pub fn words(&self) -> &Bm25Index {
        self.words.get_or_init(|| Bm25Index::new(self.documents.iter().map(|d| d.text.as_str()), Bm25Parameters::default()))
    }
}

/// What the texts to be embedded are: some models read queries and documents differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something to look for.
    Query,
    /// Something to be found.
    Document,
}

/// Vectors of texts, batch by batch. Texts are tokenized a few at a time, so that checkpoints are never far apart.
///
/// # Errors
/// [`Error::Stopped`] if the checkpoint says so; [`crate::model::ModelError::EmptyQuery`] for a query without a token.
pub async fn embed<B: Backend>(
    model: &BiEncoder<B>,
    texts: &[&str],
    kind: Kind,
    checkpoint: &impl Checkpoint,
) -> Result<Vec<Embedding>, Error> {
    let mut out = Vec::with_capacity(texts.len());
    let mut pacer = Pacer::new(checkpoint, texts.len());
    for some in texts.chunks(TEXTS_AT_A_TIME) {
        let sequence = |text: &&str| if kind == Kind::Query { model.query(text) } else { model.document(text) };
        let sequences = some.iter().map(sequence).collect::<Result<Vec<Sequence>, _>>()?;
        let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
        for batch in batches(&lengths, model.encoder().backend().batch_tokens()) {
            out.extend(model.embed_pausing(&sequences[batch], &pacer).await?);
            pacer.reach(out.len()).await?;
        }
    }
    Ok(out)
}
