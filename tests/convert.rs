//! `tabrank convert`: one file, the same bytes each time, the weights of the checkpoint, and refusals that name the reason.

mod common;

use common::*;
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::Value;
use std::collections::HashMap;
use tabrank::backend::Cpu;
use tabrank::convert::{ConvertError, Converter, Files, Overrides, Target, convert, open_weights};
use tabrank::kernels::quant::{Dtype, dequantize};
use tabrank::model::gguf::Gguf;
use tabrank::model::manifest::{Manifest, sha256};
use tabrank::model::{BiEncoder, CrossEncoder, Pooling};

const CLASSIFIER: &str = "tests/fixtures/tiny-classifier";
const CLS_POOLING: &str = "tests/fixtures/tiny-cls-pooling";

/// A folder's files in memory.
struct Checkpoint {
    files: Files,
    weights: Vec<u8>,
}

fn checkpoint(folder: &str) -> Checkpoint {
    Checkpoint { files: Files::from_folder(&path(folder)).unwrap(), weights: read(&format!("{folder}/model.safetensors")) }
}

fn target(dtype: Dtype) -> Target {
    Target { id: "tiny".into(), dtype, licence: Some("none".into()) }
}

fn run(checkpoint: &Checkpoint, dtype: Dtype) -> Result<Vec<u8>, ConvertError> {
    convert(checkpoint.files.clone(), &checkpoint.weights[..], &Overrides::default(), target(dtype))
}

fn refusal(checkpoint: &Checkpoint) -> String {
    run(checkpoint, Dtype::Q8).expect_err("refused").to_string()
}

fn with_config(folder: &str, change: impl FnOnce(&mut Value)) -> Checkpoint {
    let mut out = checkpoint(folder);
    let mut config: Value = serde_json::from_str(&out.files.config).unwrap();
    change(&mut config);
    out.files.config = config.to_string();
    out
}

/// The folder with its tensors changed: name, shape, bytes.
fn with_tensors(folder: &str, change: impl FnOnce(&mut HashMap<String, (Vec<usize>, Vec<u8>)>)) -> Checkpoint {
    let mut out = checkpoint(folder);
    let file = SafeTensors::deserialize(&out.weights).unwrap();
    let dtype = file.tensors()[0].1.dtype();
    let mut tensors = file.tensors().into_iter().map(|(n, t)| (n, (t.shape().to_vec(), t.data().to_vec()))).collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(n, (shape, bytes))| (n.as_str(), TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    out.weights = safetensors::serialize(views, None).unwrap();
    out
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for folder in [CLASSIFIER, CLS_POOLING] {
        assert_eq!(run(&checkpoint(folder), Dtype::Q8).unwrap(), run(&checkpoint(folder), Dtype::Q8).unwrap());
    }
}

/// However the weights arrive, and whether it is known what is wrong before they all have.
#[test]
fn weights_may_come_in_parts() {
    for (folder, dtype) in [(CLASSIFIER, Dtype::Q8), (CLASSIFIER, Dtype::F32), (CLS_POOLING, Dtype::Q4), (CLS_POOLING, Dtype::F16)] {
        let checkpoint = checkpoint(folder);
        let whole = run(&checkpoint, dtype).unwrap();
        for parts in [1, 7, 1000, 65_537] {
            let mut converter = Converter::new(checkpoint.files.clone(), &Overrides::default(), target(dtype)).unwrap();
            for part in checkpoint.weights.chunks(parts) {
                converter.push(part).unwrap();
            }
            assert_eq!(converter.sha256(), sha256(&checkpoint.weights));
            assert!(converter.finish().unwrap() == whole, "{folder} in parts of {parts}");
        }
    }
    let lacking = with_tensors(CLASSIFIER, |t| drop(t.remove("bert.pooler.dense.weight")));
    let mut converter = Converter::new(lacking.files, &Overrides::default(), target(Dtype::Q8)).unwrap();
    let header = 8 + u64::from_le_bytes(*lacking.weights.first_chunk().unwrap()) as usize;
    converter.push(&lacking.weights[..header - 1]).unwrap();
    assert!(converter.push(&lacking.weights[header - 1..header]).unwrap_err().to_string().contains("lacks bert.pooler.dense.weight"));
}

#[test]
fn a_file_of_another_length_than_its_header_says_is_refused() {
    let checkpoint = checkpoint(CLASSIFIER);
    let header = 8 + u64::from_le_bytes(*checkpoint.weights.first_chunk().unwrap()) as usize;
    let refused = |weights: Vec<u8>| refusal(&Checkpoint { files: checkpoint.files.clone(), weights });
    for length in [0, 7, 8, header - 1, header, header + 1, checkpoint.weights.len() - 1] {
        let message = refused(checkpoint.weights[..length].to_vec());
        assert!(message.contains("ends within"), "{length}: {message}");
    }
    assert!(refused([&checkpoint.weights[..], &[0]].concat()).contains("longer than its header says"));
    assert!(refused(vec![0xff; 100]).contains("claims to have"));
    assert!(refused([&8u64.to_le_bytes()[..], b"{\"a\": 1}"].concat()).contains("model.safetensors"));
}

/// The files in use are what the converter makes of the original weights today.
#[test]
fn the_models_that_are_made_here_are_reproduced() {
    let manifest = Manifest::parse(&String::from_utf8(read("models/manifest.json")).unwrap()).unwrap();
    for id in ["all-MiniLM-L6-v2", "tabrank-minilm-l6", "tabrank-minilm-l3"] {
        let entry = manifest.get(id).unwrap();
        entry.verify(&read(&format!("models/{}", entry.file))).unwrap();
        let folder = path(&format!("models/origin/{id}"));
        let overrides = Overrides {
            pooling: (id == "all-MiniLM-L6-v2").then_some(Pooling::Mean),
            max_tokens: entry.rest["max_tokens"].as_u64().map(|n| n as usize),
            query_prefix: None,
        };
        let target = Target { id: id.into(), dtype: Dtype::Q8, licence: entry.rest["licence"].as_str().map(String::from) };
        let bytes = convert(Files::from_folder(&folder).unwrap(), open_weights(&folder).unwrap(), &overrides, target).unwrap();
        assert_eq!(Some(sha256(&bytes)), entry.sha256, "{id}");
    }
}

#[test]
fn f32_keeps_every_weight() {
    let source = checkpoint(CLS_POOLING);
    let original = SafeTensors::deserialize(&source.weights).unwrap();
    let bytes = run(&source, Dtype::F32).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    for (ours, theirs) in [
        ("token_embd.weight", "embeddings.word_embeddings.weight"),
        ("token_types.weight", "embeddings.token_type_embeddings.weight"),
        ("position_embd.weight", "embeddings.position_embeddings.weight"),
        ("blk.2.attn_v.weight", "encoder.layer.2.attention.self.value.weight"),
        ("blk.1.ffn_down.weight", "encoder.layer.1.output.dense.weight"),
        ("blk.0.layer_output_norm.bias", "encoder.layer.0.output.LayerNorm.bias"),
    ] {
        let (_, tensor) = file.tensors().find(|(name, _)| *name == ours).expect(ours);
        let want = original.tensor(theirs).unwrap();
        assert_eq!((tensor.shape.as_slice(), tensor.bytes), (want.shape(), want.data()), "{ours}");
    }
    assert!(!file.has("cls.weight"), "a bi-encoder's unused pooler is dropped");
    assert_eq!(file.tensors().count(), original.names().len() - 2);
}

#[test]
fn every_storage_type_loads_and_scores_alike() {
    let source = checkpoint(CLASSIFIER);
    let exact = logit(&CrossEncoder::load(run(&source, Dtype::F32).unwrap(), Cpu::default()).unwrap(), "which index?", "A small index.");
    for (dtype, tolerance) in [(Dtype::F16, 1e-3), (Dtype::Q8, 0.05), (Dtype::Q4, 0.6)] {
        let bytes = run(&source, dtype).unwrap();
        let file = Gguf::parse(&bytes).unwrap();
        let large = file.tensors().filter(|(_, t)| t.dtype == dtype).count();
        assert_eq!(large, 1 + 2 * 6 + 1, "words, six matrices a layer, pooler");
        let got = logit(&CrossEncoder::load(&bytes, Cpu::default()).unwrap(), "which index?", "A small index.");
        assert!((got - exact).abs() <= tolerance, "{}: {got} instead of {exact}", dtype.name());
    }
}

#[test]
fn gguf_names_and_version() {
    let bytes = run(&checkpoint(CLASSIFIER), Dtype::Q8).unwrap();
    assert_eq!(&bytes[..8], b"GGUF\x03\0\0\0");
    let file = Gguf::parse(&bytes).unwrap();
    for name in ["cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias", "token_embd_norm.weight", "blk.1.attn_output_norm.bias"]
    {
        assert!(file.has(name), "{name}");
    }
    let metadata = file.describe_metadata();
    let expected = [
        ("general.architecture", "\"bert\""),
        ("bert.block_count", "2"),
        ("bert.pooling_type", "4"),
        ("tabrank.head", "\"classifier\""),
        ("tokenizer.ggml.model", "\"bert\""),
        ("tokenizer.ggml.seperator_token_id", "3"),
    ];
    for (key, value) in expected {
        assert_eq!(metadata[key], value, "{key}");
    }
    assert!(file.string("tokenizer.huggingface.json").unwrap() == checkpoint(CLASSIFIER).files.tokenizer);
}

#[test]
fn widths_that_no_block_divides_are_stored_as_f16() {
    // A model of width 32 + 8: built from the tiny one by naming other shapes would contradict its weights, so the check
    // is on the rule itself, through a file whose rows are 40 long.
    let width = 40;
    let source = with_tensors(CLS_POOLING, |tensors| {
        for (shape, bytes) in tensors.values_mut() {
            let fixed: Vec<usize> = shape.iter().map(|&n| if n == 32 { width } else { n }).collect();
            let len: usize = fixed.iter().product();
            *bytes = (0..len).flat_map(|i| (((i * 37 % 101) as f32 - 50.0) * 0.01).to_le_bytes()).collect();
            *shape = fixed;
        }
    });
    let mut source = source;
    let mut config: Value = serde_json::from_str(&source.files.config).unwrap();
    config["hidden_size"] = width.into();
    source.files.config = config.to_string();
    let bytes = run(&source, Dtype::Q8).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let dtype = |name: &str| file.tensors().find(|(n, _)| *n == name).unwrap().1.dtype;
    assert_eq!(dtype("blk.0.attn_q.weight"), Dtype::F16);
    assert_eq!(dtype("blk.0.ffn_down.weight"), Dtype::Q8, "96 is a multiple of 32");
    let model = BiEncoder::load(&bytes, Cpu::default()).unwrap();
    assert_eq!(embed(&model, &["which index?".into()])[0].len(), width);
}

#[test]
fn what_is_not_handled_is_named() {
    let refused = |change: fn(&mut Value), expected: &str| {
        let message = refusal(&with_config(CLASSIFIER, change));
        assert!(message.contains(expected), "{message}");
    };
    refused(|c| c["model_type"] = "roberta".into(), "model type \"roberta\"");
    refused(|c| c["hidden_act"] = "relu".into(), "activation \"relu\"");
    refused(|c| c["position_embedding_type"] = "relative_key".into(), "relative positions");
    refused(|c| c["architectures"] = serde_json::json!(["BertForTokenClassification"]), "BertForTokenClassification");
    refused(|c| c["num_attention_heads"] = 5.into(), "heads");
    refused(|c| c["hidden_size"] = 128.into(), "has the shape");
    refused(|c| c["num_hidden_layers"] = 0.into(), "without layers");
    refused(|c| c["type_vocab_size"] = 1.into(), "by token type");
    refused(|c| c["max_position_embeddings"] = 3.into(), "3 tokens");
    refused(|c| *c = "x".into(), "config.json");
    let mut folder = checkpoint(CLS_POOLING);
    folder.files.pooling = Some(r#"{"pooling_mode_max_tokens": true}"#.into());
    assert!(refusal(&folder).contains("max_tokens"));
    folder.files.pooling = None;
    assert!(refusal(&folder).contains("1_Pooling/config.json"));
    folder.files.modules = Some(r#"[{"type": "sentence_transformers.models.Dense"}]"#.into());
    assert!(refusal(&folder).contains("module Dense"));
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let lacking = with_tensors(CLASSIFIER, |t| drop(t.remove("bert.pooler.dense.weight")));
    assert!(refusal(&lacking).contains("lacks bert.pooler.dense.weight"));
    let extra = with_tensors(CLASSIFIER, |t| drop(t.insert("bert.adapter.weight".into(), (vec![1], vec![0, 0]))));
    assert!(refusal(&extra).contains("bert.adapter.weight"));
    let three = with_tensors(CLASSIFIER, |t| drop(t.insert("classifier.weight".into(), (vec![3, 64], vec![0; 3 * 64 * 2]))));
    assert!(refusal(&three).contains("3 outputs"));
    let nan = with_tensors(CLASSIFIER, |t| t.get_mut("classifier.weight").unwrap().1[..2].copy_from_slice(&half::f16::NAN.to_le_bytes()));
    assert!(refusal(&nan).contains("not a number"));
    let mut cut = checkpoint(CLASSIFIER);
    cut.weights.truncate(1000);
    assert!(refusal(&cut).contains("model.safetensors"));
    let missing = Files::from_folder(&path("tests/fixtures")).unwrap_err().to_string();
    assert!(missing.contains("config.json"), "{missing}");
}

#[test]
fn a_segment_cosine_head_is_kept() {
    let mut folder = checkpoint(CLS_POOLING);
    folder.files.head = Some(r#"{"head": "segment-cosine", "scale": 20.5, "bias": -8.25}"#.into());
    let bytes = run(&folder, Dtype::F32).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    assert_eq!((file.float("tabrank.head.scale").unwrap(), file.float("tabrank.head.bias").unwrap()), (20.5, -8.25));
    let model = CrossEncoder::load(&bytes, Cpu::default()).unwrap();
    let score = logit(&model, "which index?", "A small index.");
    assert!((-28.75..=12.25).contains(&score), "a cosine lies between -1 and 1: {score}");
    folder.files.head = Some(r#"{"head": "attention", "scale": 1, "bias": 0}"#.into());
    assert!(refusal(&folder).contains("attention"));
}

#[test]
fn a_head_that_does_not_go_with_its_encoder_is_refused() {
    let mut folder = checkpoint(CLS_POOLING);
    folder.files.head = Some(r#"{"head": "gated-late-interaction", "scale": 1, "bias": 0, "terms": [], "gates": []}"#.into());
    assert!(refusal(&folder).contains("late and apart"));
    let mut refused = |terms: &[f32], gates: &str| {
        let head = format!(
            r#"{{"head": "gated-late-interaction", "scale": 1, "late": 1, "bias": 0, "terms": {terms:?}, "apart": 1, "gates": {gates}}}"#
        );
        folder.files.head = Some(head);
        refusal(&folder)
    };
    for gates in ["[[0, 0]]", "[[0, 0], [0]]", "[[0, 0], [0, 0], [0, 0]]", "[[0, 0], [0, 1e5]]"] {
        assert!(refused(&[0.0; 32], gates).contains("a gate"), "{gates}");
    }
    for terms in [&[0.0; 31][..], &[0.0; 33], &[1e5; 32]] {
        assert!(refused(terms, "[[0, 0], [0, 0]]").contains("as many terms"), "{terms:?}");
    }
}

#[test]
fn decoded_blocks_are_near_the_weights() {
    let source = checkpoint(CLS_POOLING);
    let original = SafeTensors::deserialize(&source.weights).unwrap();
    let want = original.tensor("encoder.layer.0.intermediate.dense.weight").unwrap();
    let want: Vec<f32> = want.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let bytes = run(&source, Dtype::Q8).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let (_, tensor) = file.tensors().find(|(name, _)| *name == "blk.0.ffn_up.weight").unwrap();
    let mut got = vec![0.0; want.len()];
    dequantize(tensor.bytes, tensor.dtype, &mut got);
    for (got, want) in got.chunks(32).zip(want.chunks(32)) {
        let largest = want.iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= largest / 64.0));
    }
}
