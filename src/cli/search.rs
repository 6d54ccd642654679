//! Commands that run the models.

use super::first::FirstStage;
use super::output::say;
use super::{Failure, Place, files, output};
use pollster::block_on;
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;
use tabrank::Error;
use tabrank::backend::Cpu;
use tabrank::corpus::Document;
use tabrank::model::{BiEncoder, Embedding};
use tabrank::pipeline::{self, Collection, Kind, Request};
use tabrank::rerank::{self, Scored, Unwatched};

/// `tabrank search`.
pub fn search(place: &Place, query: &str, pool: usize, top_k: usize, first: &FirstStage) -> Result<(), Failure> {
    let retriever = first.retriever()?;
    let cross_encoder = files::cross_encoder(place)?;
    let (bi_encoder, collection) = if first.needs_vectors() {
        let (bi_encoder, hash) = files::bi_encoder(place)?;
        let collection = files::collection(place, &bi_encoder, &hash)?;
        (Some(bi_encoder), collection)
    } else {
        (None, Collection::without_vectors(files::documents(place)?))
    };
    let request = Request { query, pool, top_k, retriever: &retriever };
    let reply = block_on(pipeline::search(bi_encoder.as_ref(), &cross_encoder, &collection, request, &Unwatched))?;
    if place.json {
        output::json(&reply);
    } else {
        output::reply(&reply, &collection, top_k, first.name());
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

/// Documents with their vectors, made on all cores; and how many documents were longer than the model reads.
pub fn embedded(model: &BiEncoder<Cpu>, hash: &str, documents: Vec<Document>) -> Result<(Collection, usize), Failure> {
    let embeddings: Vec<Embedding> = documents
        .par_chunks(8)
        .map(|chunk| {
            let texts: Vec<&str> = chunk.iter().map(|d| d.text.as_str()).collect();
            block_on(pipeline::embed(model, &texts, Kind::Document, &Unwatched))
        })
        .collect::<Result<Vec<_>, Error>>()?
        .concat();
    let truncated = embeddings.iter().filter(|e| e.truncated).count();
    Ok((Collection::from_embeddings(documents, &embeddings, model, hash), truncated))
}

/// `tabrank index`.
pub fn index(place: &Place, out: &Path) -> Result<(), Failure> {
    let (model, hash) = files::bi_encoder(place)?;
    let (collection, truncated) = embedded(&model, &hash, files::documents(place)?)?;
    let bytes = collection.index()?.to_bytes();
    files::write(out, &bytes)?;
    say!("{}: {} documents ({truncated} truncated), {} bytes", out.display(), collection.documents().len(), bytes.len());
    Ok(())
}
