//! The labelled queries of a corpus, before and after reranking.
//!
//! Before: the order of the cosines. After, for a pool of p: the first p of that order put in the order of their logits,
//! then the rest as it was.

use super::Collection;
use crate::Error;
use crate::backend::Backend;
use crate::corpus::LabelledQuery;
use crate::evaluate::{Metrics, RELEVANT, recall_at};
use crate::model::{BiEncoder, CrossEncoder};
use crate::rerank;
use serde::Serialize;

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
    /// By cosine.
    pub before: Metrics,
    /// By logit.
    pub after: Metrics,
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
    /// Bi-encoder.
    pub before: T,
    /// Cross-encoder.
    pub after: T,
}

/// How the traps went.
#[derive(Clone, Debug, Serialize)]
pub struct TrapReport {
    /// Traps that the bi-encoder fell into.
    pub fell_in: usize,
    /// Of these, how many the cross-encoder corrected.
    pub corrected: usize,
    /// Traps that the bi-encoder avoided and the cross-encoder fell into.
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

/// One labelled query, searched: both orders, from which the metrics at every pool size follow.
pub struct Ranked<'a> {
    query: &'a LabelledQuery,
    /// All documents' ids in the order of the cosines.
    ids: Vec<&'a str>,
    /// Their grades.
    grades: Vec<u8>,
    /// Positions among these of the candidates read by the cross-encoder, in the order of the logits.
    by_logit: Vec<usize>,
}

impl<'a> Ranked<'a> {
    /// Ranks the whole collection by cosine and its first `pool` documents by logit.
    ///
    /// # Errors
    /// As [`super::search`].
    pub async fn new<B: Backend>(
        bi_encoder: &BiEncoder<B>,
        cross_encoder: &CrossEncoder<B>,
        collection: &'a Collection,
        query: &'a LabelledQuery,
        pool: usize,
    ) -> Result<Self, Error> {
        let vector = bi_encoder.embed_query(&query.text).await?;
        let hits = collection.index().search(&vector, usize::MAX);
        let documents: Vec<_> = hits.iter().map(|hit| &collection.documents()[hit.document]).collect();
        let passages: Vec<&str> = documents.iter().take(pool).map(|d| d.text.as_str()).collect();
        let mut scores = rerank::score(cross_encoder, &query.text, &passages, &rerank::Unwatched).await?;
        rerank::best_first(&mut scores);
        let ids: Vec<&str> = documents.iter().map(|d| d.id.as_str()).collect();
        Ok(Self {
            query,
            grades: ids.iter().map(|&id| query.grades.get(id).copied().unwrap_or(0)).collect(),
            ids,
            by_logit: scores.iter().map(|s| s.index).collect(),
        })
    }

    fn judged(&self) -> Vec<u8> {
        self.query.grades.values().copied().collect()
    }
}

impl Ranked<'_> {
    /// First-stage positions after reranking a pool of `pool`.
    fn order(&self, pool: usize) -> impl Iterator<Item = usize> {
        self.by_logit.iter().copied().filter(move |&i| i < pool).chain(pool..self.grades.len())
    }

    fn after(&self, pool: usize) -> Vec<u8> {
        self.order(pool).map(|i| self.grades[i]).collect()
    }

    fn right(grade: Option<&u8>) -> bool {
        grade.is_some_and(|&grade| grade >= RELEVANT)
    }
}

impl Evaluation {
    /// Computes the metrics at each of `pools`, none of which may exceed the pool that `ranked` was made with.
    ///
    /// # Panics
    /// If `pools` is empty.
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
    let before: Vec<Metrics> = ranked.clone().map(|r| Metrics::of(&r.grades, &r.judged())).collect();
    let after: Vec<Metrics> = ranked.clone().map(|r| Metrics::of(&r.after(pool), &r.judged())).collect();
    let recall: f64 = ranked.map(|r| recall_at(pool, &r.grades, &r.judged())).sum();
    Group {
        n: before.len(),
        recall_at_pool: recall / before.len().max(1) as f64,
        before: Metrics::mean(&before),
        after: Metrics::mean(&after),
    }
}

fn traps(ranked: &[Ranked], pool: usize) -> TrapReport {
    let outcomes: Vec<TrapOutcome> = ranked
        .iter()
        .filter_map(|r| {
            let first = r.order(pool).next()?;
            Some(TrapOutcome {
                id: r.query.id.clone(),
                text: r.query.text.clone(),
                kind: r.query.trap.clone()?,
                right: Stages { before: Ranked::right(r.grades.first()), after: Ranked::right(r.grades.get(first)) },
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
