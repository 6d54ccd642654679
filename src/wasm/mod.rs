//! The engine as JavaScript sees it. Runs in a worker: calls are long.

mod js;

use crate::Error;
use crate::backend::{Backend, Cpu};
use crate::convert::{Files, Overrides, Target};
use crate::corpus::{Document, read_documents};
use crate::kernels::quant::Dtype;
use crate::model::{BiEncoder, Config, CrossEncoder, Pooling, manifest};
use crate::pipeline::{self, Collection, Kind, Request};
use crate::rerank;
use js::JsCheckpoint;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Models and documents of one tab.
#[wasm_bindgen]
#[derive(Default)]
pub struct Engine {
    // Calls overlap (they wait at checkpoints), so each holds what it began with.
    bi_encoder: RefCell<Option<Rc<Loaded<BiEncoder<Cpu>>>>>,
    cross_encoder: RefCell<Option<Rc<Loaded<CrossEncoder<Cpu>>>>>,
    collection: RefCell<Option<Rc<Collection>>>,
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

#[derive(Deserialize)]
struct ConvertExtras {
    id: String,
    quantization: String,
    licence: Option<String>,
    pooling: Option<Pooling>,
    max_tokens: Option<usize>,
    query_prefix: Option<String>,
    /// Text of head.json, for a `segment-cosine` cross-encoder.
    head: Option<String>,
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
    pub fn load_bi_encoder(&self, bytes: Vec<u8>, sha256: String) -> Result<JsValue, JsValue> {
        let model = BiEncoder::load(&bytes, Cpu).map_err(|e| js::error(e.into()))?;
        let report = js::value(&Report { config: model.encoder().config(), sha256: &sha256 })?;
        if self.bi_encoder.borrow().as_ref().is_none_or(|old| old.sha256 != sha256) {
            self.collection.replace(None);
        }
        self.bi_encoder.replace(Some(Rc::new(Loaded { model, sha256 })));
        Ok(report)
    }

    /// Loads a cross-encoder's GGUF file, whose hash the caller has computed.
    #[wasm_bindgen(js_name = loadCrossEncoder)]
    pub fn load_cross_encoder(&self, bytes: Vec<u8>, sha256: String) -> Result<JsValue, JsValue> {
        let model = CrossEncoder::load(&bytes, Cpu).map_err(|e| js::error(e.into()))?;
        let report = js::value(&Report { config: model.encoder().config(), sha256: &sha256 })?;
        self.cross_encoder.replace(Some(Rc::new(Loaded { model, sha256 })));
        Ok(report)
    }

    /// Takes documents (JSON Lines) with the index that `tabrank index` made of them; returns their number.
    #[wasm_bindgen(js_name = openIndex)]
    pub fn open_index(&self, documents: &str, index: &[u8]) -> Result<usize, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let documents = read_documents(documents).map_err(|e| js::error(e.into()))?;
        let collection = Collection::open(documents, index, &bi_encoder.model, &bi_encoder.sha256).map_err(|e| js::error(e.into()))?;
        let n = collection.documents().len();
        self.collection.replace(Some(Rc::new(collection)));
        Ok(n)
    }

    /// Embeds documents (`{id, text}`) and takes them in the place of those before; returns their number.
    #[wasm_bindgen(js_name = indexDocuments)]
    pub async fn index_documents(&self, documents: JsValue, checkpoint: js_sys::Function) -> Result<usize, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let documents: Vec<Document> = js::argument(documents)?;
        let texts: Vec<&str> = documents.iter().map(|d| d.text.as_str()).collect();
        let checkpoint = JsCheckpoint::new(checkpoint);
        let embeddings = checkpoint.translate(pipeline::embed(&bi_encoder.model, &texts, Kind::Document, &checkpoint).await)?;
        let n = documents.len();
        let collection = Collection::from_embeddings(documents, &embeddings, &bi_encoder.model, &bi_encoder.sha256);
        self.collection.replace(Some(Rc::new(collection)));
        Ok(n)
    }

    /// Retrieves `pool` candidates, reranks them and returns the best `top_k` beside the whole pool.
    pub async fn search(&self, query: String, pool: usize, top_k: usize, checkpoint: js_sys::Function) -> Result<JsValue, JsValue> {
        let (bi_encoder, cross_encoder, collection) = (self.bi_encoder()?, self.cross_encoder()?, self.collection()?);
        let request = Request { query: &query, pool, top_k };
        let checkpoint = JsCheckpoint::new(checkpoint);
        let reply = pipeline::search(&bi_encoder.model, &cross_encoder.model, &collection, request, &checkpoint).await;
        js::value(&checkpoint.translate(reply)?)
    }

    /// Scores passages against a query: `{index, logit, truncated}`, best first.
    pub async fn rerank(&self, query: String, passages: Vec<String>, checkpoint: js_sys::Function) -> Result<JsValue, JsValue> {
        let cross_encoder = self.cross_encoder()?;
        let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
        let checkpoint = JsCheckpoint::new(checkpoint);
        let mut scores = checkpoint.translate(rerank::score(&cross_encoder.model, &query, &passages, &checkpoint).await)?;
        rerank::best_first(&mut scores);
        js::value(&scores)
    }

    /// Vectors of texts, `kind` being `query` or `document`: `{vector, tokens, truncated}`.
    pub async fn embed(&self, texts: Vec<String>, kind: String, checkpoint: js_sys::Function) -> Result<js_sys::Array, JsValue> {
        let bi_encoder = self.bi_encoder()?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let kind = if kind == "query" { Kind::Query } else { Kind::Document };
        let checkpoint = JsCheckpoint::new(checkpoint);
        let embeddings = checkpoint.translate(pipeline::embed(&bi_encoder.model, &texts, kind, &checkpoint).await)?;
        embeddings.into_iter().map(js::embedding).collect()
    }

    /// Version, device, loaded models, number of documents.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        let (bi_encoder, cross_encoder) = (self.bi_encoder.borrow(), self.cross_encoder.borrow());
        js::value(&Info {
            version: env!("CARGO_PKG_VERSION"),
            device: Cpu.describe(),
            bi_encoder: bi_encoder.as_ref().map(|m| Report { config: m.model.encoder().config(), sha256: &m.sha256 }),
            cross_encoder: cross_encoder.as_ref().map(|m| Report { config: m.model.encoder().config(), sha256: &m.sha256 }),
            documents: self.collection.borrow().as_ref().map_or(0, |c| c.documents().len()),
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

    fn collection(&self) -> Result<Rc<Collection>, JsValue> {
        self.collection.borrow().clone().ok_or_else(|| js::error(Error::NotReady("the index of the documents")))
    }
}

/// Converts a checkpoint's files into a GGUF file, as `tabrank convert` does.
#[wasm_bindgen]
pub fn convert(config: String, tokenizer: String, weights: Vec<u8>, extras: JsValue) -> Result<Vec<u8>, JsValue> {
    let extras: ConvertExtras = js::argument(extras)?;
    let dtype = match extras.quantization.as_str() {
        "Q8_0" => Dtype::Q8,
        "Q4_0" => Dtype::Q4,
        "F16" => Dtype::F16,
        "F32" => Dtype::F32,
        other => return Err(js::error(Error::BadRequest(format!("{other:?} is no quantization; there are Q8_0, Q4_0, F16, F32")))),
    };
    let files = Files { config, tokenizer, weights, head: extras.head, ..Files::default() };
    let overrides = Overrides { pooling: extras.pooling, max_tokens: extras.max_tokens, query_prefix: extras.query_prefix };
    let target = Target { id: extras.id, dtype, licence: extras.licence };
    crate::convert::convert(&files, &overrides, &target).map_err(|e| js::error(e.into()))
}

/// SHA-256 in hexadecimal, for pages where the browser's own is not to be had (plain http).
#[wasm_bindgen]
pub fn sha256(bytes: &[u8]) -> String {
    manifest::sha256(bytes)
}
