//! `tabrank eval`.

use super::first::FirstStage;
use super::{Failure, Place, files, output, search};
use clap::Args;
use pollster::block_on;
use rayon::prelude::*;
use serde::Serialize;
use std::path::PathBuf;
use tabrank::backend::Cpu;
use tabrank::corpus::{LabelledQuery, read_queries};
use tabrank::evaluate::Scale;
use tabrank::model::{BiEncoder, CrossEncoder};
use tabrank::pipeline::{self, Cascade, Collection, Evaluation, FUSED_DEPTH, Learned, Ranked, Rankings, Retriever};

/// Parts into which the queries are split to learn a weight.
const FOLDS: usize = 5;

/// What is measured.
#[derive(Args)]
pub struct Eval {
    /// Labelled queries as JSON Lines: {"id", "text", "trap", "grades"}.
    #[arg(long, default_value = "corpus/queries.jsonl")]
    queries: PathBuf,
    /// A test collection in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv; each may be compressed, as .gz), in the
    /// place of --documents and --queries. Its documents are embedded first; with --index the vectors are kept in that file.
    #[arg(long, conflicts_with = "queries")]
    beir: Option<PathBuf>,
    /// Which of a test collection's judgements.
    #[arg(long, default_value = "test", requires = "beir")]
    split: String,
    /// Pool sizes.
    #[arg(long, value_delimiter = ',', default_value = "5,10,20,50", value_parser = clap::value_parser!(u32).range(1..))]
    pools: Vec<u32>,
    /// Cross-encoders one after the other, each with how many candidates it reads, the first the pool and the others the best of
    /// those before: MODEL:READ,MODEL:READ. In the place of --cross-encoder and --pools.
    #[arg(long, value_delimiter = ',', value_parser = stage, conflicts_with = "pools")]
    cascade: Vec<(String, usize)>,
    /// Put side by side: the first stage, BM25, and every cross-encoder of the manifest whose file is here, each reranking the largest
    /// pool; with --cross-encoder that one besides.
    #[arg(long, conflicts_with = "cascade")]
    compare: bool,
    #[command(flatten)]
    first: FirstStage,
    /// Only the first N queries.
    #[arg(long)]
    limit: Option<usize>,
}

impl Eval {
    /// How a failure is told: with the file that the queries are from, and the query.
    fn naming(&self) -> impl Fn(&LabelledQuery, tabrank::Error) -> Failure + Sync {
        let source = self.beir.as_ref().unwrap_or(&self.queries);
        move |query, error| files::failure(source, format!("{}: {error}", query.id))
    }
}

fn stage(text: &str) -> Result<(String, usize), String> {
    let wrong = || "a stage is MODEL:READ, such as tabrank-minilm-l6:20".to_string();
    let (model, read) = text.rsplit_once(':').ok_or_else(wrong)?;
    match read.parse() {
        Ok(read) if read > 0 && !model.is_empty() => Ok((model.into(), read)),
        _ => Err(wrong()),
    }
}

/// What `tabrank eval --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    retriever: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    learned: Option<&'a Learned>,
}

/// Runs it.
pub fn evaluate(place: &Place, eval: &Eval) -> Result<(), Failure> {
    let bi_encoder = if eval.first.needs_vectors() { Some(files::bi_encoder(place)?) } else { None };
    let (collection, mut labelled, scale) = labelled(place, eval, bi_encoder.as_ref())?;
    labelled.truncate(eval.limit.unwrap_or(usize::MAX));
    if eval.compare {
        return side_by_side(place, eval, bi_encoder.as_ref().map(|(model, _)| model), &collection, &labelled, scale);
    }
    let models = models(place, eval)?;
    let pools: Vec<usize> = match &eval.cascade[..] {
        [] => eval.pools.iter().map(|&pool| pool as usize).collect(),
        [(_, read), ..] => vec![*read],
    };
    let largest = pools.iter().copied().max().unwrap_or(1);
    let cascade: Vec<(&CrossEncoder<Cpu>, usize)> = match &eval.cascade[..] {
        [] => models.iter().map(|model| (model, largest)).collect(),
        stages => models.iter().zip(stages).map(|(model, (_, read))| (model, *read)).collect(),
    };
    let named = eval.naming();
    let bi_encoder = bi_encoder.as_ref().map(|(model, _)| model);
    let (firsts, learned) = first_stage(eval, bi_encoder, &collection, &labelled, largest, scale, &named)?;
    let ranked = rank(&cascade, &collection, &labelled, &firsts, scale, &named)?;
    let evaluation = Evaluation::new(&ranked, &pools);
    let retriever = eval.first.name();
    if place.json {
        output::json(&Report { evaluation: &evaluation, retriever, learned: learned.as_ref() });
    } else {
        output::evaluation(&evaluation, retriever);
        learned.iter().for_each(output::learned);
    }
    Ok(())
}

/// Documents, queries, and what their grades mean.
fn labelled(
    place: &Place,
    eval: &Eval,
    bi_encoder: Option<&(BiEncoder<Cpu>, String)>,
) -> Result<(Collection, Vec<LabelledQuery>, Scale), Failure> {
    let Some(folder) = &eval.beir else {
        let collection = match bi_encoder {
            Some((model, hash)) => files::collection(place, model, hash)?,
            None => Collection::without_vectors(files::documents(place)?),
        };
        let queries =
            read_queries(&files::read_text(&eval.queries)?, collection.documents()).map_err(|e| files::failure(&eval.queries, e))?;
        return Ok((collection, queries, Scale::LABELS));
    };
    let (documents, queries) = files::beir(folder, &eval.split)?;
    let collection = match (bi_encoder, &place.index) {
        (None, _) => Collection::without_vectors(documents),
        (Some((model, hash)), Some(path)) if path.exists() => {
            Collection::open(documents, &files::read(path)?, model, hash).map_err(|e| files::failure(path, e))?
        }
        (Some((model, hash)), path) => {
            let (collection, _) = search::embedded(model, hash, documents)?;
            if let Some(path) = path {
                files::write(path, &collection.index()?.to_bytes())?;
            }
            collection
        }
    };
    Ok((collection, queries, Scale::JUDGEMENTS))
}

fn models(place: &Place, eval: &Eval) -> Result<Vec<CrossEncoder<Cpu>>, Failure> {
    if eval.cascade.is_empty() {
        return Ok(vec![files::cross_encoder(place)?]);
    }
    eval.cascade.iter().map(|(id, _)| files::cross_encoder_named(place, id)).collect()
}

/// `eval --compare`.
fn side_by_side(
    place: &Place,
    eval: &Eval,
    bi_encoder: Option<&BiEncoder<Cpu>>,
    collection: &Collection,
    queries: &[LabelledQuery],
    scale: Scale,
) -> Result<(), Failure> {
    let pool = eval.pools.iter().copied().max().unwrap_or(1) as usize;
    let named = eval.naming();
    let (firsts, _) = first_stage(eval, bi_encoder, collection, queries, pool, scale, &named)?;
    let ranked = |cascade: &Cascade<Cpu>, firsts: &[Vec<usize>]| rank(cascade, collection, queries, firsts, scale, &named);
    let mut ways = vec![(eval.first.name().to_string(), ranked(&[], &firsts)?)];
    if eval.first.needs_vectors() {
        let by_words = positions(None, collection, queries, usize::MAX, &Retriever::Bm25, &named)?;
        ways.push(("BM25".into(), ranked(&[], &by_words)?));
    }
    for id in files::cross_encoders_here(place)? {
        let model = files::cross_encoder_named(place, &id)?;
        ways.push((id, ranked(&[(&model, pool)], &firsts)?));
    }
    let standings = pipeline::standings(&ways, pool);
    if place.json {
        output::json(&standings);
    } else {
        output::standings(&standings, pool);
    }
    Ok(())
}

/// All queries, reranked from what the first stage found for each.
fn rank<'a>(
    cascade: &Cascade<Cpu>,
    collection: &'a Collection,
    queries: &'a [LabelledQuery],
    firsts: &[Vec<usize>],
    scale: Scale,
    named: &(impl Fn(&LabelledQuery, tabrank::Error) -> Failure + Sync),
) -> Result<Vec<Ranked<'a>>, Failure> {
    let one = |(query, first): (&'a LabelledQuery, &Vec<usize>)| {
        block_on(Ranked::new(cascade, collection, query, first, scale)).map_err(|e| named(query, e))
    };
    queries.par_iter().zip(firsts).map(one).collect()
}

/// The first `k` that a retriever finds for a query.
fn found(
    bi_encoder: Option<&BiEncoder<Cpu>>,
    collection: &Collection,
    query: &LabelledQuery,
    k: usize,
    retriever: &Retriever,
    named: &impl Fn(&LabelledQuery, tabrank::Error) -> Failure,
) -> Result<Vec<pipeline::Candidate>, Failure> {
    let found = block_on(pipeline::retrieve(bi_encoder, collection, &query.text, k, retriever));
    found.map(|candidates| candidates.hits).map_err(|e| named(query, e))
}

/// The positions of these, for each query.
fn positions(
    bi_encoder: Option<&BiEncoder<Cpu>>,
    collection: &Collection,
    queries: &[LabelledQuery],
    k: usize,
    retriever: &Retriever,
    named: &(impl Fn(&LabelledQuery, tabrank::Error) -> Failure + Sync),
) -> Result<Vec<Vec<usize>>, Failure> {
    let of = |query| Ok(found(bi_encoder, collection, query, k, retriever, named)?.iter().map(|candidate| candidate.document).collect());
    queries.par_iter().map(of).collect()
}

/// For each query the documents' positions in the first stage's order; and the weight, if one was to be learned.
fn first_stage(
    eval: &Eval,
    bi_encoder: Option<&BiEncoder<Cpu>>,
    collection: &Collection,
    queries: &[LabelledQuery],
    pool: usize,
    scale: Scale,
    named: &(impl Fn(&LabelledQuery, tabrank::Error) -> Failure + Sync),
) -> Result<(Vec<Vec<usize>>, Option<Learned>), Failure> {
    // A fusion depends on how far down each ranking is heard: as far as a search with this pool hears it.
    let depth = pool.max(FUSED_DEPTH);
    if !eval.first.learns() {
        let retriever = eval.first.retriever()?;
        let k = if let Retriever::Hybrid(_) = retriever { depth } else { usize::MAX };
        return Ok((positions(bi_encoder, collection, queries, k, &retriever, named)?, None));
    }
    let positions: std::collections::HashMap<&str, usize> =
        collection.documents().iter().enumerate().map(|(i, document)| (document.id.as_str(), i)).collect();
    let rankings = queries
        .par_iter()
        .map(|query| {
            let hits = |retriever| -> Result<_, Failure> {
                let hit = |c: &pipeline::Candidate| tabrank::retrieve::Hit { document: c.document, score: c.score };
                Ok(found(bi_encoder, collection, query, depth, &retriever, named)?.iter().map(hit).collect())
            };
            let judged = query.grades.iter().filter_map(|(id, grade)| Some((*positions.get(id.as_str())?, *grade))).collect();
            Ok(Rankings { dense: hits(Retriever::Dense)?, lexical: hits(Retriever::Bm25)?, judged })
        })
        .collect::<Result<Vec<Rankings>, Failure>>()?;
    let learned = pipeline::learn(&rankings, FOLDS, scale);
    let fused = |(rankings, &weight): (&Rankings, &f32)| rankings.fused(weight, depth).iter().map(|hit| hit.document).collect();
    Ok((rankings.iter().zip(&learned.weights).map(fused).collect(), Some(learned)))
}
