//! The first stage: candidates by vectors, by words, or by both.

use super::{Collection, at_least_one, since};
use crate::Error;
use crate::backend::Backend;
use crate::model::BiEncoder;
use crate::retrieve::{Fusion, Hit, fuse};
use web_time::Instant;

/// How far down its own ranking each of the fused retrievers is heard, unless the pool is larger.
pub const FUSED_DEPTH: usize = 100;

/// What finds candidates.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Retriever {
    /// The bi-encoder: by cosine.
    #[default]
    Dense,
    /// The words: by BM25.
    Bm25,
    /// Both, made one: the dense ranking first, where weights are given.
    Hybrid(Fusion),
}

/// A candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Position in the collection.
    pub document: usize,
    /// What the candidates are ranked by: cosine, BM25 score or fused score.
    pub score: f32,
    /// Cosine of the vectors of query and document; absent without a bi-encoder.
    pub cosine: Option<f32>,
    /// BM25 score, 0 for a document that shares no word with the query; absent where only vectors were asked.
    pub bm25: Option<f32>,
}

/// What the first stage found.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    /// Best first.
    pub hits: Vec<Candidate>,
    /// Milliseconds for the query's vector.
    pub embed: f64,
    /// Milliseconds to compare it with the index, to look up its words, and to fuse.
    pub retrieve: f64,
}

/// The `pool` best documents. A pool larger than the collection means all of it; with BM25, all that share a word with the query.
///
/// # Errors
/// [`crate::model::ModelError::EmptyQuery`] if the query has no token; [`Error::BadRequest`] for a pool of 0; [`Error::NotReady`]
/// if vectors are needed and there is no bi-encoder, or the collection has none.
pub async fn retrieve<B: Backend>(
    bi_encoder: Option<&BiEncoder<B>>,
    collection: &Collection,
    query: &str,
    pool: usize,
    retriever: &Retriever,
) -> Result<Candidates, Error> {
    at_least_one("pool", pool)?;
    let start = Instant::now();
    let vector = match bi_encoder {
        Some(model) => Some((model.embed_query(query).await?, collection.index()?)),
        None => None,
    };
    let embed = since(start);
    let start = Instant::now();
    let dense = |k: usize| match &vector {
        Some((vector, index)) => Ok(index.search(vector, k)),
        None => Err(Error::NotReady("the bi-encoder")),
    };
    let (ranked, words) = match retriever {
        Retriever::Dense => (dense(pool)?, None),
        Retriever::Bm25 => {
            let words = collection.words().scores(query);
            (words.best(pool), Some(words))
        }
        Retriever::Hybrid(fusion) => {
            let words = collection.words().scores(query);
            let depth = pool.max(FUSED_DEPTH);
            (fuse(&[&dense(depth)?, &words.best(depth)], fusion, pool), Some(words))
        }
    };
    let cosines: Option<Vec<f32>> =
        vector.as_ref().map(|(vector, index)| index.cosines(vector, ranked.iter().map(|hit: &Hit| hit.document)));
    let candidate = |(i, &Hit { document, score }): (usize, &Hit)| Candidate {
        document,
        score,
        cosine: cosines.as_ref().map(|cosines| cosines[i]),
        bm25: words.as_ref().map(|words| words.of(document)),
    };
    let hits = ranked.iter().enumerate().map(candidate).collect();
    Ok(Candidates { hits, embed, retrieve: since(start) })
}
