//! Several ways of ranking the same queries, side by side.

use super::Ranked;
use crate::evaluate::{Comparison, Metrics, compare};
use serde::Serialize;
use std::collections::HashSet;

/// How one way of ranking did.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Means over all queries.
    pub metrics: Metrics,
    /// nDCG@10 of the first way as `before`, and of this one as `after`.
    pub ndcg_10: Comparison,
    /// Traps with an answer on the first rank; absent where no query is a trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traps: Option<Tally>,
    /// The same for the queries that are traps' twins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twins: Option<Tally>,
}

/// How many of some queries have an answer on their first rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Queries.
    pub n: usize,
    /// Those whose first document answers.
    pub right: usize,
}

/// Compares ways of ranking, each given by its name and what it made of the queries, with the first of them. `pool` is the pool of
/// those that rerank.
///
/// # Panics
/// If the ways aren't of the same queries, or one was made with a smaller pool.
pub fn standings(ways: &[(String, Vec<Ranked>)], pool: usize) -> Vec<Standing> {
    let Some((_, first)) = ways.first() else { return Vec::new() };
    let of_first = ndcg(first, pool);
    let twins: HashSet<&str> = first.iter().filter_map(|r| r.query().twin.as_deref()).collect();
    ways.iter()
        .map(|(name, ranked)| {
            let metrics: Vec<Metrics> = ranked.iter().map(|r| r.metrics_at(pool)).collect();
            Standing {
                name: name.clone(),
                metrics: Metrics::mean(&metrics),
                ndcg_10: compare(&of_first, &metrics.iter().map(|m| m.ndcg_10).collect::<Vec<_>>()),
                traps: tally(ranked, pool, |r| r.query().trap.is_some()),
                twins: tally(ranked, pool, |r| r.query().trap.is_none() && twins.contains(r.query().id.as_str())),
            }
        })
        .collect()
}

fn ndcg(ranked: &[Ranked], pool: usize) -> Vec<f64> {
    ranked.iter().map(|r| r.metrics_at(pool).ndcg_10).collect()
}

fn tally(ranked: &[Ranked], pool: usize, belongs: impl Fn(&Ranked) -> bool) -> Option<Tally> {
    let of: Vec<&Ranked> = ranked.iter().filter(|r| belongs(r)).collect();
    (!of.is_empty()).then(|| Tally { n: of.len(), right: of.iter().filter(|r| r.is_right_at(pool)).count() })
}
