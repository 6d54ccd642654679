//! Words, fusion and metrics for JavaScript: what needs no model.

use super::js;
use crate::Error;
use crate::evaluate::{self, Metrics, Scale, recall_at};
use crate::pipeline::{self, Rankings};
use crate::retrieve::{Bm25Index, Bm25Parameters, Fusion, Hit, fuse};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// A ranking: documents by number, best first, and their scores.
#[derive(Default, Deserialize, Serialize)]
struct Ranking {
    documents: Vec<usize>,
    scores: Vec<f32>,
}

impl Ranking {
    fn hits(&self) -> Vec<Hit> {
        self.documents.iter().zip(&self.scores).map(|(&document, &score)| Hit { document, score }).collect()
    }
}

impl From<Vec<Hit>> for Ranking {
    fn from(hits: Vec<Hit>) -> Self {
        Self { documents: hits.iter().map(|hit| hit.document).collect(), scores: hits.iter().map(|hit| hit.score).collect() }
    }
}

/// How two rankings become one.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Fused {
    ReciprocalRank { k: f32 },
    WeightedSum { weight: f32 },
}

#[derive(Deserialize)]
struct Two {
    dense: Ranking,
    lexical: Ranking,
}

/// A query whose two rankings are to be weighed: `judged` are numbers of documents and their grades.
#[derive(Deserialize)]
struct Judged {
    dense: Ranking,
    lexical: Ranking,
    judged: Vec<(usize, u8)>,
}

/// Grades in the order of a ranking, and those of all judged documents.
#[derive(Deserialize)]
struct Graded {
    ranked: Vec<u8>,
    judged: Vec<u8>,
}

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    metrics: Metrics,
    /// Share of the answers among the first `pool`.
    recall: f64,
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

    /// The `k` best documents for a query: `{documents, scores}`.
    pub fn search(&self, query: &str, k: usize) -> Result<JsValue, JsValue> {
        js::value(&Ranking::from(self.index.scores(query).best(k)))
    }
}

/// Metrics of rankings, `{ranked, judged}` each: grades from `relevant` on count as answers. `recall` is that of the first `pool`.
#[wasm_bindgen]
pub fn measure(rankings: JsValue, relevant: u8, pool: usize) -> Result<JsValue, JsValue> {
    let scale = Scale { relevant };
    let measured = |Graded { ranked, judged }: &Graded| Measured {
        metrics: Metrics::of(ranked, judged, scale),
        recall: recall_at(pool, ranked, judged, scale),
    };
    let rankings: Vec<Graded> = js::argument(rankings)?;
    js::value(&rankings.iter().map(measured).collect::<Vec<_>>())
}

/// A metric of the same queries before and after: `{n, before, after, difference, better, worse, verdict}`.
#[wasm_bindgen]
pub fn compare(before: &[f64], after: &[f64]) -> Result<JsValue, JsValue> {
    if before.len() != after.len() {
        return Err(js::error(Error::BadRequest("there must be as many values before as after".into())));
    }
    js::value(&evaluate::compare(before, after))
}

/// One ranking of at most `k` documents out of two, for each of several queries.
#[wasm_bindgen(js_name = fuse)]
pub fn fuse_all(queries: JsValue, fusion: JsValue, k: usize) -> Result<JsValue, JsValue> {
    let fusion = match js::argument(fusion)? {
        Fused::ReciprocalRank { k } => Fusion::ReciprocalRank { k },
        Fused::WeightedSum { weight } => Fusion::WeightedSum { weights: vec![weight, 1.0 - weight] },
    };
    let queries: Vec<Two> = js::argument(queries)?;
    let fused = |two: &Two| Ranking::from(fuse(&[&two.dense.hits(), &two.lexical.hits()], &fusion, k));
    js::value(&queries.iter().map(fused).collect::<Vec<_>>())
}

/// The weight of the dense ranking, learned by cross-validation: see `pipeline::learn`.
#[wasm_bindgen(js_name = learnWeight)]
pub fn learn_weight(queries: JsValue, folds: usize, relevant: u8) -> Result<JsValue, JsValue> {
    if folds < 2 {
        return Err(js::error(Error::BadRequest("folds must be at least 2".into())));
    }
    let queries: Vec<Judged> = js::argument(queries)?;
    let rankings = queries.into_iter().map(|q| Rankings { dense: q.dense.hits(), lexical: q.lexical.hits(), judged: q.judged });
    js::value(&pipeline::learn(&rankings.collect::<Vec<_>>(), folds, Scale { relevant }))
}
