//! Words, fusion and metrics for JavaScript: what needs no model. Numbers come and go as arrays, query by query: descriptions of
//! objects would make the engine larger than all that is computed here.

use super::js;
use crate::Error;
use crate::evaluate::{self, Metrics, Scale, recall_at};
use crate::pipeline::{self, Rankings};
use crate::retrieve::{Bm25Index, Bm25Parameters, Fusion, Hit, fuse};
use wasm_bindgen::prelude::*;

/// A ranking: documents by number, best first, and their scores.
#[wasm_bindgen]
pub struct Ranking {
    hits: Vec<Hit>,
}

#[wasm_bindgen]
impl Ranking {
    /// Documents and their scores, of which there are as many.
    #[wasm_bindgen(constructor)]
    pub fn new(documents: &[u32], scores: &[f32]) -> Self {
        Self { hits: documents.iter().zip(scores).map(|(&document, &score)| Hit { document: document as usize, score }).collect() }
    }

    /// The documents.
    pub fn documents(&self) -> Vec<u32> {
        self.hits.iter().map(|hit| hit.document as u32).collect()
    }

    /// Their scores.
    pub fn scores(&self) -> Vec<f32> {
        self.hits.iter().map(|hit| hit.score).collect()
    }

    /// One ranking of at most `k` documents out of this and another, by reciprocal ranks.
    #[wasm_bindgen(js_name = fuseRanks)]
    pub fn fuse_ranks(&self, other: &Ranking, constant: f32, k: usize) -> Ranking {
        Self { hits: fuse(&[&self.hits, &other.hits], &Fusion::ReciprocalRank { k: constant }, k) }
    }

    /// One ranking of at most `k` documents out of this, which has the weight, and another, which has the rest.
    #[wasm_bindgen(js_name = fuseScores)]
    pub fn fuse_scores(&self, other: &Ranking, weight: f32, k: usize) -> Ranking {
        Self { hits: fuse(&[&self.hits, &other.hits], &Fusion::WeightedSum { weights: vec![weight, 1.0 - weight] }, k) }
    }
}

/// An index of words.
#[wasm_bindgen]
pub struct Lexical {
    index: Bm25Index,
}

#[wasm_bindgen]
impl Lexical {
    /// Indexes texts.
    #[wasm_bindgen(constructor)]
    pub fn new(texts: Vec<String>) -> Self {
        Self { index: Bm25Index::new(texts.iter().map(String::as_str), Bm25Parameters::default()) }
    }

    /// The `k` best documents for a query.
    pub fn search(&self, query: &str, k: usize) -> Ranking {
        Ranking { hits: self.index.scores(query).best(k) }
    }
}

/// Labelled queries of which the weight of the dense ranking is to be learned.
#[wasm_bindgen]
#[derive(Default)]
pub struct Weighing {
    queries: Vec<Rankings>,
}

#[wasm_bindgen]
impl Weighing {
    /// No queries yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another query: its two rankings, the numbers of its judged documents, and their grades.
    pub fn add(&mut self, dense: &Ranking, lexical: &Ranking, documents: &[u32], grades: &[u8]) {
        let judged = documents.iter().zip(grades).map(|(&document, &grade)| (document as usize, grade)).collect();
        self.queries.push(Rankings { dense: dense.hits.clone(), lexical: lexical.hits.clone(), judged });
    }

    /// The weight: see `pipeline::learn`.
    pub fn learn(&self, folds: usize, relevant: u8) -> Result<JsValue, JsValue> {
        if folds < 2 {
            return Err(js::error(Error::BadRequest("folds must be at least 2".into())));
        }
        js::value(&pipeline::learn(&self.queries, folds, Scale { relevant }))
    }
}

/// Metrics of one ranking: precision@1, precision@5, hit rate@5, MRR, nDCG@10, and recall of the first `pool`. `ranked` are grades in
/// the order of the ranking, `judged` those of all judged documents; grades from `relevant` on count as answers.
#[wasm_bindgen]
pub fn measure(ranked: &[u8], judged: &[u8], relevant: u8, pool: usize) -> Vec<f64> {
    let scale = Scale { relevant };
    let m = Metrics::of(ranked, judged, scale);
    vec![m.precision_1, m.precision_5, m.hit_rate_5, m.mrr, m.ndcg_10, recall_at(pool, ranked, judged, scale)]
}

/// A metric of the same queries before and after: `{n, before, after, difference, better, worse, verdict}`.
#[wasm_bindgen]
pub fn compare(before: &[f64], after: &[f64]) -> Result<JsValue, JsValue> {
    if before.len() != after.len() {
        return Err(js::error(Error::BadRequest("there must be as many values before as after".into())));
    }
    js::value(&evaluate::compare(before, after))
}
