//! Commands that run the models.

use super::output::say;
use super::{Failure, Place, files, output};
use pollster::block_on;
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;
use tabrank::Error;
use tabrank::corpus::read_queries;
use tabrank::model::Embedding;
use tabrank::pipeline::{self, Collection, Evaluation, Kind, Ranked, Request};
use tabrank::rerank::{self, Scored, Unwatched};

/// `tabrank search`.
pub fn search(place: &Place, query: &str, pool: usize, top_k: usize) -> Result<(), Failure> {
    let (bi_encoder, hash) = files::bi_encoder(place)?;
    let cross_encoder = files::cross_encoder(place)?;
    let collection = files::collection(place, &bi_encoder, &hash)?;
    let request = Request { query, pool, top_k };
    let reply = block_on(pipeline::search(&bi_encoder, &cross_encoder, &collection, request, &Unwatched))?;
    if place.json {
        output::json(&reply);
    } else {
        output::reply(&reply, &collection, top_k);
    }
    Ok(())
}

/// What `tabrank rerank --json` prints.
#[derive(Serialize)]
struct RerankReply<'a> {
    query: &'a str,
    activation: &'static str,
    results: &'a [Scored],
}

/// `tabrank rerank`.
pub fn rerank(place: &Place, query: &str, passages: Vec<String>) -> Result<(), Failure> {
    let model = files::cross_encoder(place)?;
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    let mut scores = block_on(rerank::score(&model, query, &passages, &Unwatched))?;
    rerank::best_first(&mut scores);
    if place.json {
        output::json(&RerankReply { query, activation: "identity", results: &scores });
    } else {
        for score in scores {
            let cut = if score.truncated { " (truncated)" } else { "" };
            say!("{:>9.4}  [{}] {}{cut}", score.logit, score.index, output::shorten(passages[score.index]));
        }
    }
    Ok(())
}

/// `tabrank embed`.
pub fn embed(place: &Place, texts: Vec<String>, as_queries: bool) -> Result<(), Failure> {
    let (model, _) = files::bi_encoder(place)?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let kind = if as_queries { Kind::Query } else { Kind::Document };
    let embeddings = block_on(pipeline::embed(&model, &texts, kind, &Unwatched))?;
    let vectors: Vec<_> =
        embeddings.iter().map(|e| serde_json::json!({ "vector": e.vector, "tokens": e.tokens, "truncated": e.truncated })).collect();
    if place.json {
        output::json(&vectors);
    } else {
        vectors.iter().for_each(|vector| say!("{vector}"));
    }
    Ok(())
}

/// `tabrank index`.
pub fn index(place: &Place, out: &Path) -> Result<(), Failure> {
    let (model, hash) = files::bi_encoder(place)?;
    let documents = files::documents(place)?;
    let embeddings: Vec<Embedding> = documents
        .par_chunks(8)
        .map(|chunk| {
            let texts: Vec<&str> = chunk.iter().map(|d| d.text.as_str()).collect();
            block_on(pipeline::embed(&model, &texts, Kind::Document, &Unwatched))
        })
        .collect::<Result<Vec<_>, Error>>()?
        .concat();
    let collection = Collection::from_embeddings(documents, &embeddings, &model, &hash);
    let bytes = collection.index().to_bytes();
    files::write(out, &bytes)?;
    let truncated = embeddings.iter().filter(|e| e.truncated).count();
    say!("{}: {} documents ({truncated} truncated), {} bytes", out.display(), embeddings.len(), bytes.len());
    Ok(())
}

/// `tabrank eval`.
pub fn evaluate(place: &Place, queries: &Path, pools: &[usize], limit: Option<usize>) -> Result<(), Failure> {
    let (bi_encoder, hash) = files::bi_encoder(place)?;
    let cross_encoder = files::cross_encoder(place)?;
    let collection = files::collection(place, &bi_encoder, &hash)?;
    let mut labelled = read_queries(&files::read_text(queries)?, collection.documents()).map_err(|e| files::failure(queries, e))?;
    labelled.truncate(limit.unwrap_or(usize::MAX));
    let largest = pools.iter().copied().max().unwrap_or(50);
    let ranked: Vec<Ranked> = labelled
        .par_iter()
        .map(|query| {
            let ranked = block_on(Ranked::new(&bi_encoder, &cross_encoder, &collection, query, largest));
            ranked.map_err(|e| files::failure(queries, format!("{}: {e}", query.id)))
        })
        .collect::<Result<_, Failure>>()?;
    let evaluation = Evaluation::new(&ranked, pools);
    if place.json {
        output::json(&evaluation);
    } else {
        output::evaluation(&evaluation);
    }
    Ok(())
}
