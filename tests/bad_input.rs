//! What bad input gets: a typed error that names the thing at fault, never a panic.

mod common;

use common::*;
use pollster::block_on;
use proptest::prelude::*;
use tabrank::Error;
use tabrank::backend::{Cpu, Products};
use tabrank::kernels::quant::Dtype;
use tabrank::model::manifest::Manifest;
use tabrank::model::{BiEncoder, CrossEncoder, ModelError};
use tabrank::rerank::{Unwatched, score};

fn tiny() -> Vec<u8> {
    converted(&path("tests/fixtures/tiny-classifier"), Dtype::Q8)
}

fn refused(bytes: &[u8]) -> ModelError {
    CrossEncoder::load(bytes, Cpu::default()).err().expect("refused")
}

/// Replaces every occurrence of `from` by `to`, of the same length.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&i| &bytes[i..i + from.len()] == from).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|i| bytes[i..i + to.len()].copy_from_slice(to));
    bytes
}

#[test]
fn not_a_model_at_all() {
    for bytes in [&b""[..], b"GG", b"GGUF", b"<!doctype html><title>404</title>", &[0; 100]] {
        assert!(matches!(refused(bytes), ModelError::Malformed(_)));
    }
}

#[test]
fn cut_off_anywhere() {
    let bytes = tiny();
    // The file ends with less than 32 bytes of padding, which nothing reads.
    for n in (0..bytes.len() - 32).step_by(997).chain([bytes.len() - 32]) {
        assert!(matches!(refused(&bytes[..n]), ModelError::Malformed(_)), "cut at {n}");
    }
}

#[test]
fn the_manifest_catches_any_altered_byte() {
    let manifest = Manifest::parse(&String::from_utf8(read("models/manifest.json")).unwrap()).unwrap();
    let entry = manifest.get("tabrank-minilm-l6").unwrap();
    let mut bytes = cross_encoder_bytes();
    entry.verify(&bytes).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let message = entry.verify(&bytes).unwrap_err().to_string();
    assert!(message.contains(&entry.file) && message.contains("SHA-256"), "{message}");
    let message = entry.verify(&bytes[..1000]).unwrap_err().to_string();
    assert!(message.contains("1000 bytes"), "{message}");
}

#[test]
fn the_wrong_role() {
    let message = refused(&bi_encoder_bytes()).to_string();
    assert_eq!(message, "this file holds a bi-encoder, where a cross-encoder is needed.");
    assert!(matches!(BiEncoder::load(tiny(), Cpu::default()), Err(ModelError::WrongRole { .. })));
}

#[test]
fn without_its_pooler() {
    // What public conversions look like: the classifier is there, the dense layer before it is not.
    let stripped = patched(tiny(), b"cls.weight", b"xls.weight");
    assert!(matches!(refused(&stripped), ModelError::MissingPooler));
    assert!(refused(&stripped).to_string().contains("ranks wrongly"));
}

#[test]
fn tensors_missing_unused_or_of_another_shape() {
    let missing = patched(tiny(), b"blk.1.ffn_up.weight", b"blk.7.ffn_up.weight");
    assert!(matches!(refused(&missing), ModelError::MissingTensor(name) if name == "blk.1.ffn_up.weight"));
    let fewer_layers = patched(tiny(), b"bert.block_count\x04\0\0\0\x02", b"bert.block_count\x04\0\0\0\x01");
    assert!(matches!(refused(&fewer_layers), ModelError::UnusedTensors(names) if names.contains("blk.1.attn_k.bias")));
    let narrower = patched(tiny(), b"bert.embedding_length\x04\0\0\0\x40", b"bert.embedding_length\x04\0\0\0\x20");
    assert!(matches!(refused(&narrower), ModelError::TensorShape { .. }));
}

#[test]
fn metadata_that_make_no_sense() {
    for (from, to) in [
        (&b"attention.head_count\x04\0\0\0\x04"[..], &b"attention.head_count\x04\0\0\0\x00"[..]),
        (b"bert.block_count\x04\0\0\0\x02\0\0\0", b"bert.block_count\x04\0\0\0\xff\xff\xff\xff"),
        (b"tabrank.max_tokens\x04\0\0\0\x40", b"tabrank.max_tokens\x04\0\0\0\x41"),
        (b"tabrank.max_tokens\x04\0\0\0\x40", b"tabrank.max_tokens\x04\0\0\0\x01"),
    ] {
        assert!(matches!(refused(&patched(tiny(), from, to)), ModelError::Malformed(_)), "{}", String::from_utf8_lossy(to));
    }
    for apart in [b"tabrank.gates.apart\x04\0\0\0\x00", b"tabrank.gates.apart\x04\0\0\0\x04"] {
        let damaged = patched(tiny_gated(), b"tabrank.gates.apart\x04\0\0\0\x01", apart);
        assert!(matches!(refused(&damaged), ModelError::Malformed(what) if what.contains("gates that do not go")));
    }
    // An array of 32 floats begins like this.
    let terms = |first: f32| [&b"tabrank.head.terms\x09\0\0\0\x06\0\0\0\x20\0\0\0\0\0\0\0"[..], &first.to_le_bytes()].concat();
    let first: f32 = serde_json::from_value(json("tests/fixtures/tiny.json")["gated_head"]["terms"][0].clone()).unwrap();
    for nonsense in [1e30, -1e30] {
        let damaged = patched(tiny_gated(), &terms(first), &terms(nonsense));
        assert!(matches!(refused(&damaged), ModelError::Malformed(what) if what.contains("late interaction")));
    }
    let architecture = patched(tiny(), b"\x04\0\0\0\0\0\0\0bert", b"\x04\0\0\0\0\0\0\0qwen");
    assert!(matches!(refused(&architecture), ModelError::Unsupported(what) if what.contains("qwen")));
    let foreign = patched(tiny(), b"tabrank.role", b"somebody.has");
    assert!(matches!(refused(&foreign), ModelError::MissingKey(key) if key == "tabrank.role"));
    let zero_alignment = patched(tiny(), b"general.file_type\x04\0\0\0\x07", b"general.alignment\x04\0\0\0\x00");
    assert!(matches!(refused(&zero_alignment), ModelError::Malformed(what) if what.contains("alignment")));
}

#[test]
fn a_token_id_beyond_the_table() {
    let sparse = patched(tiny(), b"\"##rd\": 258", b"\"##rd\": 998");
    assert!(matches!(refused(&sparse), ModelError::Malformed(what) if what.contains("needs 999 word embeddings")));
    let fraction = patched(tiny(), b"\"##rd\": 258", b"\"##rd\": 2.5");
    assert!(matches!(refused(&fraction), ModelError::Tokenizer(_)));
}

#[test]
fn weights_that_are_not_numbers() {
    let bytes = tiny();
    for tensor in ["cls.weight", "blk.0.attn_q.weight", "cls.output.weight"] {
        let mut damaged = bytes.clone();
        let at = {
            let file = tabrank::model::gguf::Gguf::parse(&bytes).unwrap();
            let (_, found) = file.tensors().find(|(name, _)| *name == tensor).unwrap();
            found.bytes.as_ptr() as usize - bytes.as_ptr() as usize
        };
        // The scale of a block, or the upper half of an f32, of all ones is not a number.
        damaged[at..at + 4].fill(0xff);
        let model = CrossEncoder::load(&damaged, Cpu::default()).unwrap();
        let pair = model.pair(&model.query("which index?").unwrap(), "A small index.").unwrap();
        assert!(matches!(block_on(model.score(&[pair])), Err(ModelError::NotFinite)), "{tensor}");
    }
}

#[test]
fn a_special_token_beyond_the_table_or_unknown() {
    let json = std::fs::read_to_string(path("tests/fixtures/tiny-classifier/tokenizer.json")).unwrap();
    let mut parts: serde_json::Value = serde_json::from_str(&json).unwrap();
    parts["post_processor"]["special_tokens"]["[SEP]"]["ids"][0] = u32::MAX.into();
    let tokenizer = tabrank::model::Tokenizer::from_json(&parts.to_string()).unwrap();
    assert_eq!(tokenizer.rows_needed(), u32::MAX as usize + 1);
    parts["post_processor"]["special_tokens"].as_object_mut().unwrap().remove("[SEP]");
    assert!(matches!(tabrank::model::Tokenizer::from_json(&parts.to_string()), Err(ModelError::Unsupported(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever stands in the header, loading ends with a model or an error.
    #[test]
    fn altered_headers_never_panic(changes in prop::collection::vec((0usize..16_000, any::<u8>()), 1..6)) {
        let mut bytes = tiny();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Ok(model) = CrossEncoder::load(&bytes, Cpu::default()) {
            let Ok(query) = model.query("which index?") else { return Ok(()) };
            let Ok(pair) = model.pair(&query, "A small index.") else { return Ok(()) };
            let _ = block_on(model.score(&[pair]));
        }
    }
}

#[test]
fn empty_queries_and_candidates() {
    let model = CrossEncoder::load(tiny(), Cpu::default()).unwrap();
    for query in ["", "  \n\t", "\u{0}\u{1}\u{7f}"] {
        assert!(matches!(block_on(score(&model, query, &["x"], &Unwatched)), Err(Error::Model(ModelError::EmptyQuery))), "{query:?}");
    }
    assert!(block_on(score(&model, "which index?", &[], &Unwatched)).unwrap().is_empty());
    let scores = block_on(score(&model, "which index?", &["", "\u{0}", "A small index."], &Unwatched)).unwrap();
    assert_eq!(scores.len(), 3);
    assert_eq!(scores[0].logit, scores[1].logit, "control characters are nothing");
}

#[test]
fn long_inputs_are_cut_and_said_to_be() {
    let model = cross_encoder(Products::default());
    let long = "a passage that goes on and on ".repeat(200);
    let scores = block_on(score(&model, "how long?", &["Short.", &long], &Unwatched)).unwrap();
    assert_eq!(scores.iter().map(|s| s.truncated).collect::<Vec<_>>(), [false, true]);
    // A megabyte of query: the longer text is cut first, so the passage is still read.
    let query = "what is the best way to find out ".repeat(32_000);
    assert!(query.len() > 1_000_000);
    let scores = block_on(score(&model, &query, &["Short.", "Another one."], &Unwatched)).unwrap();
    assert!(scores.iter().all(|s| s.truncated) && scores[0].logit != scores[1].logit);
    let model = bi_encoder(Products::default());
    let embedding = block_on(model.embed(&[model.document(&long).unwrap()])).unwrap().remove(0);
    assert!(embedding.truncated && embedding.tokens == 256);
}

#[test]
fn a_checkpoint_can_stop_a_run() {
    struct AfterOne;
    impl tabrank::rerank::Checkpoint for AfterOne {
        async fn reach(&self, done: usize, total: usize) -> Result<(), Error> {
            assert!(done <= total);
            Err(Error::Stopped)
        }
    }
    let model = CrossEncoder::load(tiny(), Cpu::default()).unwrap();
    assert!(matches!(block_on(score(&model, "which index?", &["x"; 100], &AfterOne)), Err(Error::Stopped)));
}

#[test]
fn manifests() {
    for (json, expected) in [("{", "manifest.json"), ("{\"models\": []}", "defaults")] {
        assert!(Manifest::parse(json).unwrap_err().to_string().contains(expected));
    }
}
