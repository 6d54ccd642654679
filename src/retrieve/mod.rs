//! First stage: from a query's vector to candidates.

mod best;
mod index;

pub use index::{DenseIndex, Hit, IndexError};
