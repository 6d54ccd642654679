//! How good rankings are, and whether one way of ranking is better than another.

mod interval;
mod metrics;

pub use interval::{Comparison, Interval, Verdict, compare};
pub use metrics::{Metrics, Scale, hit_at, ndcg_at, precision_at, recall_at, reciprocal_rank};
