//! Memory between the steps of a layer, allocated when first needed and kept for the next.

use super::attention::Heads;
use super::first::Firsts;
use super::linear::QuantizedRows;
use std::cell::RefCell;

/// One thread's working memory.
#[derive(Default)]
pub struct Scratch {
    /// A layer's inputs as integers.
    pub rows: QuantizedRows,
    /// Queries, keys and values, or what lies between the two layers of the feed-forward half.
    pub projected: Vec<f32>,
    /// What the heads give.
    pub attended: Vec<f32>,
    /// What is added to the residual.
    pub mixed: Vec<f32>,
    /// For the attention of one head.
    pub heads: Heads,
    /// For the attention of first rows.
    pub firsts: Firsts,
}

impl Scratch {
    /// Lends this thread's memory.
    pub fn with<R>(f: impl FnOnce(&mut Self) -> R) -> R {
        thread_local!(static SCRATCH: RefCell<Scratch> = RefCell::default());
        SCRATCH.with_borrow_mut(f)
    }
}
