//! Several ways of ranking the same queries, side by side.

use super::Ranked;
use crate::corpus::LabelledQuery;
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
    let queries: Vec<&LabelledQuery> = first.iter().map(Ranked::query).collect();
    let twins: HashSet<&str> = queries.iter().filter_map(|query| query.twin.as_deref()).collect();
    let metrics: Vec<Vec<Metrics>> = ways.iter().map(|(_, ranked)| ranked.iter().map(|r| r.metrics_at(pool)).collect()).collect();
    let ndcg = |of: &[Metrics]| of.iter().map(|m| m.ndcg_10).collect::<Vec<_>>();
    let tally = |of: &[Metrics], belongs: &dyn Fn(&LabelledQuery) -> bool| {
        let of: Vec<&Metrics> = queries.iter().zip(of).filter(|(query, _)| belongs(query)).map(|(_, metrics)| metrics).collect();
        (!of.is_empty()).then(|| Tally { n: of.len(), right: of.iter().filter(|m| m.precision_1 > 0.0).count() })
    };
    let one = |((name, _), of): (&(String, Vec<Ranked>), &Vec<Metrics>)| Standing {
        name: name.clone(),
        metrics: Metrics::mean(of),
        ndcg_10: compare(&ndcg(&metrics[0]), &ndcg(of)),
        traps: tally(of, &|query| query.trap.is_some()),
        twins: tally(of, &|query| query.trap.is_none() && twins.contains(query.id.as_str())),
    };
    ways.iter().zip(&metrics).map(one).collect()
}
