//! First stages: from a query to candidates, by vectors, by words, or by both.

mod best;
mod bm25;
mod fusion;
mod index;
mod words;

pub use bm25::{Bm25Index, Bm25Scores, Parameters as Bm25Parameters};
pub use fusion::{Fusion, fuse};
pub use index::{DenseIndex, IndexError};

/// A document found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Position in the corpus.
    pub document: usize,
    /// What it was found by, greater being better: a cosine, a BM25 score, a fused score.
    pub score: f32,
}
