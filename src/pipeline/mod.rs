//! Search from end to end: embed the query, retrieve a pool, rerank it, cut it; with timings, progress and cancellation.

mod collection;
mod evaluation;
mod first;
mod learning;
mod standing;

pub use collection::{Collection, Kind, embed};
pub use evaluation::{Cascade, Evaluation, Group, PoolResult, Ranked, Stages, TrapOutcome, TrapReport};
pub use first::{Candidate, Candidates, FUSED_DEPTH, Retriever, retrieve};
pub use learning::{Fold, Learned, Rankings, learn};
pub use standing::{Standing, Tally, standings};

use crate::Error;
use crate::backend::Backend;
use crate::model::{BiEncoder, CrossEncoder};
use crate::rerank::{self, Checkpoint};
use serde::Serialize;
use web_time::Instant;

/// What is asked of a search.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The query.
    pub query: &'a str,
    /// Candidates that the cross-encoder reads, at least 1.
    pub pool: usize,
    /// Results returned, at least 1.
    pub top_k: usize,
    /// What finds the candidates.
    pub retriever: &'a Retriever,
}

/// A candidate as the first stage found it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Retrieved {
    /// The document's id.
    pub id: String,
    /// From 1.
    pub rank: usize,
    /// What the first stage ranks by.
    pub score: f32,
    /// Cosine of the vectors of query and document; absent without a bi-encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f32>,
    /// BM25 score; absent where only vectors were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bm25: Option<f32>,
}

/// A candidate as the cross-encoder placed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reranked {
    /// The document's id.
    pub id: String,
    /// From 1.
    pub rank: usize,
    /// Rank in the first stage, from 1.
    pub previous_rank: usize,
    /// Raw logit.
    pub logit: f32,
    /// Whether query and passage together were longer than the model reads.
    pub truncated: bool,
}

/// Milliseconds, by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timings {
    /// The query's vector.
    pub embed: f64,
    /// Comparing it with the index.
    pub retrieve: f64,
    /// The cross-encoder.
    pub rerank: f64,
    /// Everything.
    pub total: f64,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reply {
    /// The query as given.
    pub query: String,
    /// The pool, best first.
    pub retrieved: Vec<Retrieved>,
    /// The best `top_k` of the pool, best logit first.
    pub reranked: Vec<Reranked>,
    /// Milliseconds, by stage.
    pub timings_ms: Timings,
    /// What ran.
    pub device: String,
}

fn at_least_one(name: &str, value: usize) -> Result<(), Error> {
    if value == 0 { Err(Error::BadRequest(format!("{name} must be at least 1"))) } else { Ok(()) }
}

/// Milliseconds.
fn since(earlier: Instant) -> f64 {
    earlier.elapsed().as_secs_f64() * 1e3
}

/// Searches a collection. A pool larger than the collection means all of it; an empty collection gives empty lists.
///
/// # Errors
/// [`crate::model::ModelError::EmptyQuery`] if the query has no token; [`Error::BadRequest`] for a pool or a cut of 0;
/// [`Error::Stopped`] if the checkpoint says so; [`Error::NotReady`] as [`retrieve`].
pub async fn search<B: Backend>(
    bi_encoder: Option<&BiEncoder<B>>,
    cross_encoder: &CrossEncoder<B>,
    collection: &Collection,
    request: Request<'_>,
    checkpoint: &impl Checkpoint,
) -> Result<Reply, Error> {
    at_least_one("top-k", request.top_k)?;
    let start = Instant::now();
    let Candidates { hits, embed, retrieve } = retrieve(bi_encoder, collection, request.query, request.pool, request.retriever).await?;
    let stage = Instant::now();
    let documents: Vec<_> = hits.iter().map(|hit| &collection.documents()[hit.document]).collect();
    let passages: Vec<&str> = documents.iter().map(|d| d.text.as_str()).collect();
    let mut scores = rerank::score(cross_encoder, request.query, &passages, checkpoint).await?;
    rerank::best_first(&mut scores);
    let rerank = since(stage);
    let retrieved = hits.iter().zip(&documents).enumerate();
    let reranked = scores.iter().take(request.top_k).enumerate();
    Ok(Reply {
        query: request.query.into(),
        retrieved: retrieved
            .map(|(i, (hit, d))| Retrieved { id: d.id.clone(), rank: i + 1, score: hit.score, cosine: hit.cosine, bm25: hit.bm25 })
            .collect(),
        reranked: reranked
            .map(|(i, s)| Reranked {
                id: documents[s.index].id.clone(),
                rank: i + 1,
                previous_rank: s.index + 1,
                logit: s.logit,
                truncated: s.truncated,
            })
            .collect(),
        timings_ms: Timings { embed, retrieve, rerank, total: since(start) },
        device: cross_encoder.encoder().backend().describe(),
    })
}
