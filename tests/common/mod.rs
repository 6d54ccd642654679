//! What the integration tests share: where files are, and reading them.
#![allow(dead_code)] // each test binary uses a part of this

use pollster::block_on;
use rayon::prelude::*;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use tabrank::backend::{Cpu, Products};
use tabrank::convert::{Files, Overrides, Target, convert, open_weights};
use tabrank::kernels::quant::Dtype;
use tabrank::model::{BiEncoder, CrossEncoder, Pair, Pooling, Sequence};

/// A path inside the checkout.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// A file of the checkout; models are made by `./build.sh models`.
pub fn read(relative: &str) -> Vec<u8> {
    std::fs::read(path(relative)).unwrap_or_else(|e| panic!("{relative}: {e}. Run ./build.sh models first."))
}

pub fn json(relative: &str) -> Value {
    serde_json::from_slice(&read(relative)).unwrap()
}

pub fn json_lines(relative: &str) -> Vec<Value> {
    String::from_utf8(read(relative)).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn bi_encoder_bytes() -> Vec<u8> {
    read("models/all-MiniLM-L6-v2-Q8_0.gguf")
}

pub fn cross_encoder_bytes() -> Vec<u8> {
    read("models/tabrank-minilm-l6-Q8_0.gguf")
}

pub fn bi_encoder(products: Products) -> BiEncoder<Cpu> {
    BiEncoder::load(bi_encoder_bytes(), Cpu { products }).unwrap()
}

pub fn cross_encoder(products: Products) -> CrossEncoder<Cpu> {
    CrossEncoder::load(cross_encoder_bytes(), Cpu { products }).unwrap()
}

/// The original weights of our cross-encoder in f32; `./build.sh models` joins them from what was trained and its base.
pub fn cross_encoder_f32() -> CrossEncoder<Cpu> {
    CrossEncoder::load(converted(&path("models/origin/tabrank-minilm-l6"), Dtype::F32), Cpu::default()).unwrap()
}

/// The default bi-encoder in f32, converted from its original weights.
pub fn bi_encoder_f32() -> BiEncoder<Cpu> {
    let folder = path("models/origin/all-MiniLM-L6-v2");
    let files = Files::from_folder(&folder).unwrap_or_else(|e| panic!("{e} Run ./build.sh models first."));
    let overrides = Overrides { pooling: Some(Pooling::Mean), max_tokens: Some(256), query_prefix: None };
    let target = Target { id: "all-MiniLM-L6-v2".into(), dtype: Dtype::F32, licence: None };
    BiEncoder::load(convert(files, open_weights(&folder).unwrap(), &overrides, target).unwrap(), Cpu::default()).unwrap()
}

/// Converts a folder, which must succeed.
pub fn converted(folder: &Path, dtype: Dtype) -> Vec<u8> {
    let files = Files::from_folder(folder).unwrap_or_else(|e| panic!("{e} Run ./build.sh models first."));
    converted_from(files, folder, dtype)
}

/// The folder's weights with other small files than its own.
pub fn converted_from(files: Files, folder: &Path, dtype: Dtype) -> Vec<u8> {
    let target = Target { id: "converted".into(), dtype, licence: None };
    convert(files, open_weights(folder).unwrap(), &Overrides::default(), target).unwrap()
}

/// tiny-cls-pooling as a gated cross-encoder.
pub fn tiny_gated() -> Vec<u8> {
    let folder = path("tests/fixtures/tiny-cls-pooling");
    let head = Some(json("tests/fixtures/tiny.json")["gated_head"].to_string());
    converted_from(Files { head, ..Files::from_folder(&folder).unwrap() }, &folder, Dtype::F32)
}

pub fn logit(model: &CrossEncoder<Cpu>, query: &str, passage: &str) -> f32 {
    logits(model, &[(query.into(), passage.into())])[0]
}

/// Logits of pairs, each scored alone, on all cores.
pub fn logits(model: &CrossEncoder<Cpu>, pairs: &[(String, String)]) -> Vec<f32> {
    let pairs: Vec<Pair> = pairs.iter().map(|(q, p)| model.pair(&model.query(q).unwrap(), p).unwrap()).collect();
    pairs.par_chunks(1).map(|pair| block_on(model.score(pair)).unwrap()[0]).collect()
}

pub fn embed(model: &BiEncoder<Cpu>, texts: &[String]) -> Vec<Vec<f32>> {
    let sequences: Vec<Sequence> = texts.iter().map(|text| model.document(text).unwrap()).collect();
    sequences.par_chunks(1).map(|one| block_on(model.embed(one)).unwrap().remove(0).vector).collect()
}

pub fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

/// Said so that nobody takes a skipped check for a passed one: straight to standard error, because the test harness
/// keeps to itself what a passing test prints.
#[allow(clippy::explicit_write)]
pub fn skipped(what: &str, why: &str) {
    writeln!(std::io::stderr(), "\n!!!! SKIPPED: {what}: {why}\n").unwrap();
}
