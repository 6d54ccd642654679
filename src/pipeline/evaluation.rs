//! The labelled queries of a corpus, before and after reranking.
//!
//! Before: the first stage's order. After, for a pool of p: the first p of that order put in the order of their logits, then the
//! rest as it was; with a cascade, the best of these put in the order of the next cross-encoder's logits, and so on.

use super::Collection;
use crate::Error;
use crate::backend::Backend;
use crate::corpus::LabelledQuery;
use crate::evaluate::{Comparison, Metrics, Scale, compare, recall_at};
use crate::model::CrossEncoder;
use crate::rerank::{self, reorder};
use serde::Serialize;
use std::collections::HashMap;

/// Metrics at one pool size.
#[derive(Clone, Debug, Serialize)]
pub struct PoolResult {
    /// Candidates that the cross-encoder read.
    pub pool: usize,
    /// All labelled queries.
    pub all: Group,
    /// The traps among them.
    pub traps: Group,
}

/// Metrics of a group of queries.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Group {
    /// Number of queries.
    pub n: usize,
    /// Share of the answers that are in the pool: no reranker can do better.
    pub recall_at_pool: f64,
    /// In the first stage's order.
    pub before: Metrics,
    /// By logit.
    pub after: Metrics,
    /// nDCG@10 before and after, and how far these queries can be trusted to tell.
    pub ndcg_10: Comparison,
}

/// How one trap went.
#[derive(Clone, Debug, Serialize)]
pub struct TrapOutcome {
    /// The query's id.
    pub id: String,
    /// The query.
    pub text: String,
    /// Which small word decides.
    pub kind: String,
    /// Whether each stage has an answer on its first rank.
    pub right: Stages<bool>,
    /// The document on the first rank of each stage.
    pub first: Stages<String>,
}

/// A value for each stage.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Stages<T> {
    /// First stage.
    pub before: T,
    /// After reranking.
    pub after: T,
}

/// How the traps went.
#[derive(Clone, Debug, Serialize)]
pub struct TrapReport {
    /// Traps that the first stage fell into.
    pub fell_in: usize,
    /// Of these, how many reranking corrected.
    pub corrected: usize,
    /// Traps that the first stage avoided and reranking fell into.
    pub spoiled: usize,
    /// Each of them.
    pub outcomes: Vec<TrapOutcome>,
}

/// Metrics at several pool sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The largest pool, whose results stand beside this.
    #[serde(flatten)]
    pub largest: PoolResult,
    /// How the traps went with that pool.
    pub trap_report: TrapReport,
    /// All pool sizes asked for, ascending.
    pub pools: Vec<PoolResult>,
}

/// Cross-encoders, each with how many of the best candidates so far it reads. The first one reads the pool.
pub type Cascade<'m, B> = [(&'m CrossEncoder<B>, usize)];

/// One labelled query, searched: the first stage's order and each stage's logits, from which the metrics at every pool size follow.
pub struct Ranked<'a> {
    query: &'a LabelledQuery,
    scale: Scale,
    /// Ids of the documents that the first stage found, in its order.
    ids: Vec<&'a str>,
    /// Their grades.
    grades: Vec<u8>,
    stages: Vec<Stage>,
}

/// What one cross-encoder said.
struct Stage {
    /// How many it reads, but for the first stage, which reads the pool.
    read: usize,
    /// Its logits, by position in the first stage's order.
    logits: HashMap<usize, f32>,
}

impl<'a> Ranked<'a> {
    /// Reranks what the first stage found, `first` being the documents' positions in its order.
    ///
    /// # Errors
    /// As [`rerank::score`].
    pub async fn new<B: Backend>(
        cascade: &Cascade<'_, B>,
        collection: &'a Collection,
        query: &'a LabelledQuery,
        first: &[usize],
        scale: Scale,
    ) -> Result<Self, Error> {
        let documents: Vec<_> = first.iter().map(|&document| &collection.documents()[document]).collect();
        let mut order: Vec<usize> = (0..documents.len()).collect();
        let mut stages = Vec::with_capacity(cascade.len());
        for &(model, read) in cascade {
            let chosen = &order[..read.min(order.len())];
            let passages: Vec<&str> = chosen.iter().map(|&i| documents[i].text.as_str()).collect();
            let scores = rerank::score(model, &query.text, &passages, &rerank::Unwatched).await?;
            let logits: HashMap<usize, f32> = scores.iter().map(|score| (chosen[score.index], score.logit)).collect();
            reorder(&mut order, read, |i| logits[&i]);
            stages.push(Stage { read, logits });
        }
        let ids: Vec<&str> = documents.iter().map(|d| d.id.as_str()).collect();
        let grades = ids.iter().map(|&id| query.grades.get(id).copied().unwrap_or(0)).collect();
        Ok(Self { query, scale, grades, ids, stages })
    }

    fn judged(&self) -> Vec<u8> {
        self.query.grades.values().copied().collect()
    }
}

impl Ranked<'_> {
    /// First-stage positions after reranking a pool of `pool`.
    fn order(&self, pool: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.grades.len()).collect();
        for (i, Stage { read, logits }) in self.stages.iter().enumerate() {
            let read = if i == 0 { pool } else { *read };
            reorder(&mut order, read, |position| logits[&position]);
        }
        order
    }

    fn after(&self, pool: usize) -> Vec<u8> {
        self.order(pool).into_iter().map(|i| self.grades[i]).collect()
    }

    fn metrics(&self, ranked: &[u8]) -> Metrics {
        Metrics::of(ranked, &self.judged(), self.scale)
    }

    /// The query.
    pub(super) fn query(&self) -> &LabelledQuery {
        self.query
    }

    /// Metrics after reranking a pool of `pool`.
    pub(super) fn metrics_at(&self, pool: usize) -> Metrics {
        self.metrics(&self.after(pool))
    }

    fn right(&self, grade: Option<&u8>) -> bool {
        grade.is_some_and(|&grade| self.scale.answers(grade))
    }
}

impl Evaluation {
    /// Computes the metrics at each of `pools`.
    ///
    /// # Panics
    /// If `pools` is empty, or a pool exceeds the one that `ranked` was made with; with a cascade of several stages, any other pool
    /// than that one may leave a later stage without logits.
    pub fn new(ranked: &[Ranked], pools: &[usize]) -> Self {
        let mut pools = pools.to_vec();
        pools.sort_unstable();
        pools.dedup();
        let results: Vec<PoolResult> = pools
            .iter()
            .map(|&pool| PoolResult {
                pool,
                all: group(ranked.iter(), pool),
                traps: group(ranked.iter().filter(|r| r.query.trap.is_some()), pool),
            })
            .collect();
        let largest = results.last().expect("at least one pool size").clone();
        Self { trap_report: traps(ranked, largest.pool), largest, pools: results }
    }
}

fn group<'a>(ranked: impl Iterator<Item = &'a Ranked<'a>> + Clone, pool: usize) -> Group {
    let before: Vec<Metrics> = ranked.clone().map(|r| r.metrics(&r.grades)).collect();
    let after: Vec<Metrics> = ranked.clone().map(|r| r.metrics_at(pool)).collect();
    let recall: f64 = ranked.map(|r| recall_at(pool, &r.grades, &r.judged(), r.scale)).sum();
    let ndcg = |metrics: &[Metrics]| metrics.iter().map(|m| m.ndcg_10).collect::<Vec<_>>();
    Group {
        n: before.len(),
        recall_at_pool: recall / before.len().max(1) as f64,
        before: Metrics::mean(&before),
        after: Metrics::mean(&after),
        ndcg_10: compare(&ndcg(&before), &ndcg(&after)),
    }
}

fn traps(ranked: &[Ranked], pool: usize) -> TrapReport {
    let outcomes: Vec<TrapOutcome> = ranked
        .iter()
        .filter_map(|r| {
            let first = *r.order(pool).first()?;
            Some(TrapOutcome {
                id: r.query.id.clone(),
                text: r.query.text.clone(),
                kind: r.query.trap.clone()?,
                right: Stages { before: r.right(r.grades.first()), after: r.right(r.grades.get(first)) },
                first: Stages { before: r.ids[0].into(), after: r.ids[first].into() },
            })
        })
        .collect();
    let count = |f: fn(&Stages<bool>) -> bool| outcomes.iter().filter(|o| f(&o.right)).count();
    TrapReport {
        fell_in: count(|right| !right.before),
        corrected: count(|right| !right.before && right.after),
        spoiled: count(|right| right.before && !right.after),
        outcomes,
    }
}
