//! The engine as JavaScript sees it. Runs in a worker: calls are long.

mod convert;
mod evaluate;
mod file;
mod gpu;
mod js;

use crate::Error;
use crate::backend::{Backend, Cpu, DeviceError};
use crate::corpus::{Document, read_documents};
use crate::model::{BiEncoder, Config, CrossEncoder, Embedding, Query};
use crate::pipeline::{self, Candidates, Collection, Kind, Retriever};
use crate::rerank::{self, Checkpoint};
use crate::retrieve::Fusion;
use file::FileBuffer;
use gpu::{GpuModels, OnGpu};
use js::JsCheckpoint;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Bytes of text tokenized without asking whether to go on: some tens of milliseconds.
const BYTES_BETWEEN_CHECKPOINTS: usize = 50_000;

/// Models and documents of one tab, or of one of several workers of a tab.
#[wasm_bindgen]
#[derive(Default)]
pub struct Engine {
    // Calls overlap (they wait at checkpoints), so each holds what it began with.
    bi_encoder: RefCell<Option<Rc<Loaded<BiEncoder<Cpu>>>>>,
    cross_encoder: RefCell<Option<Rc<Loaded<CrossEncoder<Cpu>>>>>,
    indexed: RefCell<Option<Rc<Indexed>>>,
    last_query: RefCell<Option<LastQuery>>,
    gpu: RefCell<Option<Rc<OnGpu>>>,
}

/// The query that came last, as the cross-encoder's tokens. Its passages come in parcels, and it may be long.
struct LastQuery {
    text: String,
    tokens: Rc<Query>,
}

/// Documents, and how many tokens those have that have been candidates. Counted when first needed, so that opening a
/// large index stays quick; 0 where nobody has counted yet.
struct Indexed {
    collection: Collection,
    tokens: RefCell<Vec<u32>>,
}

struct Loaded<M> {
    model: M,
    sha256: String,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    config: &'a Config,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Info<'a> {
    version: &'static str,
    device: String,
    bi_encoder: Option<Report<'a>>,
    cross_encoder: Option<Report<'a>>,
    documents: usize,
}

/// What finds the candidates, as JavaScript says it. One structure for all kinds, as reading a tagged enum takes 10 KB more of the
/// page's download.
#[derive(Deserialize)]
struct Finder {
    kind: FinderKind,
    /// Of reciprocal rank fusion.
    k: Option<f32>,
    /// The cosine's in a weighted sum.
    weight: Option<f32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FinderKind {
    Dense,
    Bm25,
    ReciprocalRank,
    WeightedSum,
}

impl Finder {
    fn retriever(&self) -> Result<Retriever, JsValue> {
        let number = |value: Option<f32>, name: &str| {
            value.ok_or_else(|| js::error(Error::BadRequest(format!("this fusion needs the number {name}"))))
        };
        Ok(match self.kind {
            FinderKind::Dense => Retriever::Dense,
            FinderKind::Bm25 => Retriever::Bm25,
            FinderKind::ReciprocalRank => Retriever::Hybrid(Fusion::ReciprocalRank { k: number(self.k, "k")? }),
            FinderKind::WeightedSum => {
                let weight = number(self.weight, "weight")?;
                Retriever::Hybrid(Fusion::WeightedSum { weights: vec![weight, 1.0 - weight] })
            }
        })
    }
}

#[derive(Serialize)]
struct Candidate<'a> {
    id: &'a str,
    score: f32,
    cosine: Option<f32>,
    bm25: Option<f32>,
    tokens: u32,
}

#[derive(Serialize)]
struct Retrieved<'a> {
    candidates: Vec<Candidate<'a>>,
    embed_ms: f64,
    retrieve_ms: f64,
}

#[wasm_bindgen]
impl Engine {
    /// An engine without models.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads a bi-encoder's GGUF file, whose hash the caller has computed. Documents indexed by another bi-encoder are
    /// forgotten: their vectors mean nothing to this one.
    #[wasm_bindgen(js_name = loadBiEncoder)]
    pub fn load_bi_encoder(&self, file: FileBuffer, sha256: String) -> Result<JsValue, JsValue> {
        let model = BiEncoder::load(file.bytes, Cpu::default()).map_err(|e| js::error(e.into()))?;
        let report = js::value(&Report { config: model.encoder().config(), sha256: &sha256 })?;
        if self.bi_encoder.borrow().as_ref().is_none_or(|old| old.sha256 != sha256) {
            self.indexed.replace(None);
        }
        self.bi_encoder.replace(Some(Rc::new(Loaded { model, sha256 })));
        Ok(report)
    }

    /// Loads a cross-encoder's GGUF file, whose hash the caller has computed.
    #[wasm_bindgen(js_name = loadCrossEncoder)]
    pub fn load_cross_encoder(&self, file: FileBuffer, sha256: String) -> Result<JsValue, JsValue> {
        let model = CrossEncoder::load(file.bytes, Cpu::default()).map_err(|e| js::error(e.into()))?;
        let report = js::value(&Report { config: model.encoder().config(), sha256: &sha256 })?;
        self.cross_encoder.replace(Some(Rc::new(Loaded { model, sha256 })));
        // Both were by the tokenizer of the one before.
        self.last_query.replace(None);
        if let Some(indexed) = &*self.indexed.borrow() {
            indexed.tokens.borrow_mut().fill(0);
        }
        Ok(report)
    }

    /// Takes documents (JSON Lines) with the index that `tabrank index` made of them; returns their number.
    #[wasm_bindgen(js_name = openIndex)]
    pub fn open_index(&self, documents: &str, index: &[u8]) -> Result<usize, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let documents = read_documents(documents).map_err(|e| js::error(e.into()))?;
        let collection = Collection::open(documents, index, &bi_encoder.model, &bi_encoder.sha256).map_err(|e| js::error(e.into()))?;
        Ok(self.take(collection))
    }

    /// Embeds documents (`{id, text}`), perhaps on the GPU, and takes them in the place of those before; returns their number.
    #[wasm_bindgen(js_name = indexDocuments)]
    pub async fn index_documents(&self, documents: JsValue, on_gpu: bool, checkpoint: js_sys::Function) -> Result<usize, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let documents: Vec<Document> = js::argument(documents)?;
        let texts: Vec<&str> = documents.iter().map(|d| d.text.as_str()).collect();
        let checkpoint = JsCheckpoint::new(checkpoint);
        let embeddings = checkpoint.translate(self.embeddings(&bi_encoder, &texts, Kind::Document, on_gpu, &checkpoint).await)?;
        Ok(self.take(Collection::from_embeddings(documents, &embeddings, &bi_encoder.model, &bi_encoder.sha256)))
    }

    /// The vectors of the documents as an index file, which `openIndex` takes back.
    #[wasm_bindgen(js_name = exportIndex)]
    pub fn export_index(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.indexed()?.collection.index().map_err(js::error)?.to_bytes())
    }

    /// First stage: `{candidates, embed_ms, retrieve_ms}`, the candidates being `{id, score, cosine, bm25, tokens}`, best first.
    /// `tokens` is how many the cross-encoder will read of the query and the candidate. `finder` is `{kind}`, `kind` being
    /// `dense`, `bm25`, `reciprocal-rank` (with `k`) or `weighted-sum` (with the cosine's `weight`).
    pub async fn retrieve(&self, query: String, pool: usize, finder: JsValue, on_gpu: bool) -> Result<JsValue, JsValue> {
        let (bi_encoder, cross_encoder, indexed) = (self.bi_encoder()?, self.cross_encoder()?, self.indexed()?);
        let retriever = js::argument::<Finder>(finder)?.retriever()?;
        let found = if on_gpu {
            self.gpu().map_err(js::error)?.retrieve(&indexed.collection, &query, pool, &retriever).await
        } else {
            pipeline::retrieve(Some(&bi_encoder.model), &indexed.collection, &query, pool, &retriever).await
        };
        let Candidates { hits, embed, retrieve } = found.map_err(js::error)?;
        let mut candidates = Vec::with_capacity(hits.len());
        if !hits.is_empty() {
            let query = self.query(&cross_encoder, query).map_err(js::error)?;
            let mut tokens = indexed.tokens.borrow_mut();
            for hit in &hits {
                let (document, count) = (&indexed.collection.documents()[hit.document], &mut tokens[hit.document]);
                if *count == 0 {
                    *count = cross_encoder.tokens(&document.text).map_err(js::error)?;
                }
                let tokens = cross_encoder.pair_tokens(&query, *count).map_err(js::error)?;
                let &pipeline::Candidate { score, cosine, bm25, .. } = hit;
                candidates.push(Candidate { id: &document.id, score, cosine, bm25, tokens });
            }
        }
        js::value(&Retrieved { candidates, embed_ms: embed, retrieve_ms: retrieve })
    }

    /// Second stage: scores passages against a query, perhaps on the GPU; `{index, logit, truncated}` each, in the order of the
    /// passages.
    pub async fn score(
        &self,
        query: String,
        passages: Vec<String>,
        on_gpu: bool,
        checkpoint: js_sys::Function,
    ) -> Result<JsValue, JsValue> {
        let cross_encoder = self.cross_encoder()?;
        let query = self.query(&cross_encoder, query).map_err(js::error)?;
        let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
        let checkpoint = JsCheckpoint::new(checkpoint);
        let scores = if on_gpu {
            let gpu = self.gpu().map_err(js::error)?;
            gpu.score(&cross_encoder.model, &query, &passages, &checkpoint).await
        } else {
            rerank::score_passages(&cross_encoder.model, &query, &passages, &checkpoint).await
        };
        js::value(&checkpoint.translate(scores)?)
    }

    /// Forgets what is kept of the texts scored so far, so that scoring them again takes as long as the first time.
    pub fn forget(&self) -> Result<(), JsValue> {
        self.cross_encoder()?.model.encoder().forget();
        if let Some(gpu) = &*self.gpu.borrow() {
            gpu.forget();
        }
        Ok(())
    }

    /// How many tokens the cross-encoder will read of the query and each passage: what the dealing of passages to workers
    /// goes by.
    pub async fn tokens(&self, query: String, passages: Vec<String>, checkpoint: js_sys::Function) -> Result<Vec<u32>, JsValue> {
        let cross_encoder = self.cross_encoder()?;
        let query = self.query(&cross_encoder, query).map_err(js::error)?;
        let checkpoint = JsCheckpoint::new(checkpoint);
        let (mut counts, mut bytes) = (Vec::with_capacity(passages.len()), 0);
        for passage in &passages {
            let count = cross_encoder.tokens(passage).and_then(|count| cross_encoder.pair_tokens(&query, count));
            counts.push(count.map_err(js::error)?);
            bytes += passage.len();
            if bytes > BYTES_BETWEEN_CHECKPOINTS {
                bytes = 0;
                checkpoint.translate(checkpoint.reach(counts.len(), passages.len()).await)?;
            }
        }
        Ok(counts)
    }

    /// Vectors of texts, `kind` being `query` or `document`, perhaps made on the GPU: `{vector, tokens, truncated}`.
    pub async fn embed(
        &self,
        texts: Vec<String>,
        kind: String,
        on_gpu: bool,
        checkpoint: js_sys::Function,
    ) -> Result<js_sys::Array, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let kind = if kind == "query" { Kind::Query } else { Kind::Document };
        let checkpoint = JsCheckpoint::new(checkpoint);
        let embeddings = checkpoint.translate(self.embeddings(&bi_encoder, &texts, kind, on_gpu, &checkpoint).await)?;
        embeddings.into_iter().map(js::embedding).collect()
    }

    /// Gives both models on a GPU the texts of the trial, and uses them from then on, where it is asked to, if they compute what
    /// those on the CPU do: `{agreement: {logits, cosine}, cpu, gpu}`, the last two `{batch, token}` in milliseconds, or null if
    /// times are not to be measured.
    #[wasm_bindgen(js_name = tryGpu)]
    pub async fn try_gpu(&self, models: GpuModels, measure: bool, checkpoint: js_sys::Function) -> Result<JsValue, JsValue> {
        let (bi_encoder, cross_encoder) = (self.bi_encoder.borrow().clone(), self.cross_encoder()?);
        let checkpoint = JsCheckpoint::new(checkpoint);
        let bi_encoder = bi_encoder.as_ref().map(|loaded| &loaded.model);
        let tried = gpu::put_on_trial(bi_encoder, &cross_encoder.model, models, measure, &checkpoint).await;
        let (gpu, report) = checkpoint.translate(tried)?;
        self.gpu.replace(Some(Rc::new(gpu)));
        js::value(&report)
    }

    /// Gives the GPU up, and its memory back.
    #[wasm_bindgen(js_name = dropGpu)]
    pub fn drop_gpu(&self) {
        self.gpu.replace(None);
    }

    /// Version, device, loaded models, number of documents.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        let (bi_encoder, cross_encoder) = (self.bi_encoder.borrow(), self.cross_encoder.borrow());
        js::value(&Info {
            version: env!("CARGO_PKG_VERSION"),
            device: Cpu::default().describe(),
            bi_encoder: bi_encoder.as_ref().map(|m| Report { config: m.model.encoder().config(), sha256: &m.sha256 }),
            cross_encoder: cross_encoder.as_ref().map(|m| Report { config: m.model.encoder().config(), sha256: &m.sha256 }),
            documents: self.indexed.borrow().as_ref().map_or(0, |i| i.collection.documents().len()),
        })
    }
}

impl Engine {
    fn bi_encoder(&self) -> Result<Rc<Loaded<BiEncoder<Cpu>>>, JsValue> {
        self.bi_encoder.borrow().clone().ok_or_else(|| js::error(Error::NotReady("the bi-encoder")))
    }

    fn cross_encoder(&self) -> Result<Rc<Loaded<CrossEncoder<Cpu>>>, JsValue> {
        self.cross_encoder.borrow().clone().ok_or_else(|| js::error(Error::NotReady("the cross-encoder")))
    }

    fn indexed(&self) -> Result<Rc<Indexed>, JsValue> {
        self.indexed.borrow().clone().ok_or_else(|| js::error(Error::NotReady("the index of the documents")))
    }

    fn gpu(&self) -> Result<Rc<OnGpu>, Error> {
        self.gpu.borrow().clone().ok_or_else(|| DeviceError::Unavailable("none has passed its trial".into()).into())
    }

    async fn embeddings(
        &self,
        bi_encoder: &Loaded<BiEncoder<Cpu>>,
        texts: &[&str],
        kind: Kind,
        on_gpu: bool,
        checkpoint: &JsCheckpoint,
    ) -> Result<Vec<Embedding>, Error> {
        if on_gpu {
            self.gpu()?.embed(texts, kind, checkpoint).await
        } else {
            pipeline::embed(&bi_encoder.model, texts, kind, checkpoint).await
        }
    }

    /// Tokens of a query.
    fn query(&self, cross_encoder: &Loaded<CrossEncoder<Cpu>>, text: String) -> Result<Rc<Query>, Error> {
        if let Some(last) = &*self.last_query.borrow()
            && last.text == text
        {
            return Ok(last.tokens.clone());
        }
        let tokens = Rc::new(cross_encoder.model.query(&text)?);
        self.last_query.replace(Some(LastQuery { text, tokens: tokens.clone() }));
        Ok(tokens)
    }

    /// Puts documents in the place of those before; returns their number.
    fn take(&self, collection: Collection) -> usize {
        let n = collection.documents().len();
        self.indexed.replace(Some(Rc::new(Indexed { collection, tokens: RefCell::new(vec![0; n]) })));
        n
    }
}

impl Loaded<CrossEncoder<Cpu>> {
    /// Tokens of a text, uncut and without special tokens.
    fn tokens(&self, text: &str) -> Result<u32, Error> {
        Ok(self.model.encoder().tokenizer().ids(text)?.len() as u32)
    }

    /// Tokens read of a query and a passage that has so many.
    fn pair_tokens(&self, query: &Query, passage: u32) -> Result<u32, Error> {
        let alone = self.model.pair(query, "")?.tokens() as u32;
        Ok(alone.saturating_add(passage).min(self.model.encoder().config().max_tokens as u32))
    }
}
