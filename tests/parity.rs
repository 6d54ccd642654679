//! Scores are those of the f32 reference (contract 3) and belong to a pair, whatever the batch (contract 1).

mod common;

use common::*;
use pollster::block_on;
use safetensors::SafeTensors;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashMap;
use tabrank::backend::{Backend, Carried, Cpu, Products};
use tabrank::kernels::quant::Dtype;
use tabrank::model::{BiEncoder, CrossEncoder, Encoder, Pair, Pause, Paused, Sequence};

/// The two ways in which builds of the engine multiply.
const BOTH: [Products; 2] = [Products::Words, Products::Planes];

fn greatest_difference<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> f32 {
    a.into_iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Recorded pairs with both texts, and the reference's logit.
struct Recorded {
    pairs: Vec<(String, String)>,
    logits: Vec<f32>,
    /// Number of leading pairs that come in pools of 50.
    pooled: usize,
}

fn recorded() -> Recorded {
    let texts = |file: &str| -> HashMap<String, String> {
        let text = |v: &Value, key: &str| v[key].as_str().unwrap().to_string();
        json_lines(file).iter().map(|line| (text(line, "id"), text(line, "text"))).collect()
    };
    let (passages, queries) = (texts("corpus/passages.jsonl"), texts("corpus/queries.jsonl"));
    let mut out = Recorded { pairs: Vec::new(), logits: Vec::new(), pooled: 0 };
    for line in json_lines("tests/fixtures/logits.jsonl") {
        let text = |key: &str| line[key].as_str().map(String::from);
        if let (Some(query), Some(passage)) = (text("query"), text("passage")) {
            out.pairs.push((queries[&query].clone(), passages[&passage].clone()));
            out.pooled += 1;
        } else {
            out.pairs.push((text("text").unwrap(), text("pair").unwrap()));
        }
        out.logits.push(line["logit"].as_f64().unwrap() as f32);
    }
    assert!(out.pooled >= 500 && out.pooled.is_multiple_of(50));
    out
}

fn kendall_tau(a: &[f32], b: &[f32]) -> f64 {
    let mut agreement = 0f64;
    for i in 0..a.len() {
        for j in 0..i {
            agreement += f64::from((a[i] - a[j]).signum() * (b[i] - b[j]).signum());
        }
    }
    agreement / (a.len() * (a.len() - 1) / 2) as f64
}

#[test]
fn eight_bit_logits() {
    let reference = recorded();
    let [words, planes] = BOTH.map(|products| (products, logits(&cross_encoder(products), &reference.pairs)));
    let apart = greatest_difference(&words.1, &planes.1);
    println!("8-bit logits, one way of multiplying against the other: max {apart:.4}");
    assert!(apart <= 0.05, "{apart}");
    for (products, got) in [words, planes] {
        check_logits(products, &got, &reference);
    }
}

fn check_logits(products: Products, got: &[f32], reference: &Recorded) {
    let differences: Vec<f32> = got.iter().zip(&reference.logits).map(|(g, r)| (g - r).abs()).collect();
    let (max, mean) = (differences.iter().copied().fold(0.0, f32::max), differences.iter().sum::<f32>() / differences.len() as f32);
    let pools = || got[..reference.pooled].chunks(50).zip(reference.logits[..reference.pooled].chunks(50));
    let taus: Vec<f64> = pools().map(|(g, r)| kendall_tau(g, r)).collect();
    let tau = taus.iter().sum::<f64>() / taus.len() as f64;
    let least = taus.iter().copied().fold(1.0, f64::min);
    println!(
        "8-bit logits against f32 ({products:?}), {} pairs: max {max:.4}, mean {mean:.4}; Kendall tau over {} pools of 50: mean {tau:.4}, least {least:.4}",
        got.len(),
        taus.len()
    );
    assert!(max <= 0.15 && mean <= 0.05 && tau >= 0.99, "{products:?}: max {max}, mean {mean}, tau {tau}");
    for (g, r) in pools() {
        let first = |x: &[f32]| (0..x.len()).max_by(|&i, &j| x[i].total_cmp(&x[j])).unwrap();
        assert_eq!(first(g), first(r), "another passage comes first: {:?} instead of {:?}", g[first(g)], r[first(r)]);
    }
}

#[test]
fn f32_logits() {
    let reference = recorded();
    let got = logits(&cross_encoder_f32(), &reference.pairs);
    let max = greatest_difference(&got, &reference.logits);
    println!("f32 logits against the reference, {} pairs: max {max:.2e}", got.len());
    assert!(max <= 1e-3, "{max}");
}

#[test]
fn embeddings() {
    let recorded = json("tests/fixtures/embeddings.json");
    let cases = recorded["cases"].as_array().unwrap();
    let texts: Vec<String> = cases.iter().map(|c| c["text"].as_str().unwrap().into()).collect();
    let reference: Vec<Vec<f32>> = cases.iter().map(|c| floats(&c["embedding"])).collect();
    let max = embed(&bi_encoder_f32(), &texts).iter().zip(&reference).map(|(a, b)| greatest_difference(a, b)).fold(0.0, f32::max);
    println!("f32 embeddings, {} texts: largest difference of a component {max:.2e}", texts.len());
    assert!(max <= 1e-5, "{max}");
    for products in BOTH {
        let got = embed(&bi_encoder(products), &texts);
        let mut worst = 0f32;
        for i in 0..texts.len() {
            for j in 0..texts.len() {
                worst = worst.max((cosine(&got[i], &got[j]) - cosine(&reference[i], &reference[j])).abs());
            }
        }
        println!("8-bit cosines ({products:?}), {} pairs: largest difference {worst:.4}", texts.len() * texts.len());
        assert!(worst <= 0.01, "{products:?}: {worst}");
    }
}

fn check_layers(encoder: &Encoder<Cpu>, sequence: &Sequence, prefix: &str, file: &SafeTensors) {
    let packing = Sequence::pack([sequence]);
    let mut seen = 0;
    let forward = encoder.forward_observed(&packing, Carried::All, &(), |layer, hidden| {
        let tensor = file.tensor(&format!("{prefix}.{layer}")).unwrap();
        let want: Vec<f32> = tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let got = block_on(Cpu::default().read(hidden.clone())).unwrap();
        assert_eq!(got.len(), want.len());
        let max = greatest_difference(&got, &want);
        assert!(max <= 2e-4, "{prefix}, layer {layer}: {max}");
        seen += 1;
    });
    block_on(forward).unwrap();
    assert_eq!(seen, encoder.config().layers + 1);
}

#[test]
fn hidden_states_after_each_layer() {
    let bytes = read("tests/fixtures/layers.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let inputs: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["inputs"]).unwrap();
    let bi_encoder = bi_encoder_f32();
    let text = inputs["bi"]["text"].as_str().unwrap();
    check_layers(bi_encoder.encoder(), &bi_encoder.document(text).unwrap(), "bi", &file);
    let cross_encoder = cross_encoder_f32();
    let query = cross_encoder.query(inputs["cross"]["text"].as_str().unwrap()).unwrap();
    let pair = cross_encoder.pair(&query, inputs["cross"]["pair"].as_str().unwrap()).unwrap();
    check_layers(cross_encoder.encoder(), pair.sequence(), "cross", &file);
}

#[test]
fn classifier_head_and_cls_pooling() {
    let recorded = json("tests/fixtures/tiny.json");
    let bytes = converted(&path("tests/fixtures/tiny-classifier"), Dtype::F32);
    let model = CrossEncoder::load(&bytes, Cpu::default()).unwrap();
    for case in recorded["classifier"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let got = logit(&model, text("text"), text("pair"));
        let want = case["logit"].as_f64().unwrap() as f32;
        assert!((got - want).abs() <= 1e-4, "{case}: {got}");
    }
    let model = BiEncoder::load(converted(&path("tests/fixtures/tiny-cls-pooling"), Dtype::F32), Cpu::default()).unwrap();
    for case in recorded["cls_pooling"].as_array().unwrap() {
        let got = embed(&model, &[case["text"].as_str().unwrap().into()]);
        let max = greatest_difference(&got[0], &floats(&case["embedding"]));
        assert!(max <= 1e-5, "{case}: {max}");
    }
}

/// Texts read apart, that look at each other through gates, as the training defines it.
#[test]
fn gated_head() {
    let recorded = json("tests/fixtures/tiny.json");
    let model = CrossEncoder::load(tiny_gated(), Cpu::default()).unwrap();
    for case in recorded["gated"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        assert_eq!(model.pair(&model.query(text("text")).unwrap(), text("pair")).unwrap().sequence().ids, ids, "{case}");
        let got = logit(&model, text("text"), text("pair"));
        let want = case["logit"].as_f64().unwrap() as f32;
        assert!((got - want).abs() <= 1e-4, "{case}: {got}");
    }
}

/// candle-transformers' BERT over the same weights, decoded from the 8-bit file: an independent forward pass.
#[test]
fn candle_computes_the_same_hidden_states() {
    use candle_core::{DType, Device, Tensor};
    use candle_nn::VarBuilder;
    use candle_transformers::models::bert::{BertModel, Config};
    let bytes = bi_encoder_bytes();
    let file = tabrank::model::gguf::Gguf::parse(&bytes).unwrap();
    let names = |name: &str| {
        let mut name = name.replace("token_embd_norm", "embeddings.LayerNorm");
        for (ours, theirs) in [
            ("token_embd", "embeddings.word_embeddings"),
            ("position_embd", "embeddings.position_embeddings"),
            ("token_types", "embeddings.token_type_embeddings"),
            ("blk.", "encoder.layer."),
            ("attn_output_norm", "attention.output.LayerNorm"),
            ("attn_output", "attention.output.dense"),
            ("attn_q", "attention.self.query"),
            ("attn_k", "attention.self.key"),
            ("attn_v", "attention.self.value"),
            ("ffn_up", "intermediate.dense"),
            ("ffn_down", "output.dense"),
            ("layer_output_norm", "output.LayerNorm"),
        ] {
            name = name.replace(ours, theirs);
        }
        name
    };
    let tensors: HashMap<String, Tensor> = file
        .tensors()
        .map(|(name, tensor)| {
            let mut values = vec![0f32; tensor.shape.iter().product()];
            tabrank::kernels::quant::dequantize(tensor.bytes, tensor.dtype, &mut values);
            (names(name), Tensor::from_vec(values, tensor.shape.clone(), &Device::Cpu).unwrap())
        })
        .collect();
    let config: Config = serde_json::from_slice(&read("models/origin/all-MiniLM-L6-v2/config.json")).unwrap();
    let twin = BertModel::load(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu), &config).unwrap();
    let models = BOTH.map(bi_encoder);
    let sequence = models[0].document("LanceDB is embedded: the application imports it as a library.").unwrap();
    let row = |values: Vec<u32>| Tensor::new(values, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let types = vec![0; sequence.ids.len()];
    let theirs = twin.forward(&row(sequence.ids.clone()), &row(types), None).unwrap();
    let theirs = theirs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let packing = Sequence::pack([&sequence]);
    for encoder in models.iter().map(BiEncoder::encoder) {
        let ours = block_on(async { encoder.backend().read(encoder.forward(&packing, Carried::All, &()).await.unwrap()).await.unwrap() });
        let max = greatest_difference(&ours, &theirs);
        println!("hidden states against candle-transformers ({:?}): max {max:.2e}", encoder.backend().products);
        assert_eq!(ours.len(), theirs.len());
        // Ours are computed in integers.
        assert!(max <= 3e-2, "{max}");
    }
}

#[test]
fn a_score_belongs_to_a_pair() {
    let texts: Vec<(String, String)> = recorded().pairs.into_iter().step_by(37).collect();
    for model in BOTH.map(cross_encoder) {
        let pairs: Vec<_> = texts.iter().map(|(q, p)| model.pair(&model.query(q).unwrap(), p).unwrap()).collect();
        let alone = logits(&model, &texts);
        // What is kept of the texts is another test's: here all is computed each time.
        model.encoder().forget();
        assert_eq!(block_on(model.score(&pairs)).unwrap(), alone, "all in one batch");
        let reversed: Vec<_> = pairs.iter().rev().cloned().collect();
        model.encoder().forget();
        let mut got = block_on(model.score(&reversed)).unwrap();
        got.reverse();
        assert_eq!(got, alone, "in the other order");
        for size in [2, 3, 5] {
            model.encoder().forget();
            let got: Vec<f32> = pairs.chunks(size).flat_map(|batch| block_on(model.score(batch)).unwrap()).collect();
            assert_eq!(got, alone, "in batches of {size}");
        }
    }
}

/// Counts the layers but the last.
#[derive(Default)]
struct Layers(Cell<usize>);

impl Pause for Layers {
    fn pause(&self) -> Paused<'_> {
        self.0.set(self.0.get() + 1);
        ().pause()
    }
}

#[test]
fn what_is_kept_of_a_text_leaves_no_trace_in_a_score() {
    let texts: Vec<(String, String)> = recorded().pairs.into_iter().step_by(53).collect();
    for model in BOTH.map(cross_encoder) {
        let encoder = model.encoder();
        let pair = |query: &str, passage: &str| model.pair(&model.query(query).unwrap(), passage).unwrap();
        let read = |hidden| block_on(encoder.backend().read(hidden)).unwrap();
        // Each query with its own passage, with the next one's, and twice over in one batch.
        let own: Vec<_> = texts.iter().map(|(query, passage)| pair(query, passage)).collect();
        let next: Vec<_> = texts.iter().zip(texts.iter().cycle().skip(1)).map(|((query, _), (_, passage))| pair(query, passage)).collect();
        let twice = [&own[..3], &next[..3], &own[..3]].concat();
        // Six layers, two of which read apart.
        for (batch, layers, when) in
            [(&own, 5, "first"), (&own, 3, "again"), (&next, 3, "other pairs of the same texts"), (&twice, 3, "in one batch")]
        {
            let packing = Sequence::pack(batch.iter().map(Pair::sequence));
            let plain = read(block_on(encoder.forward(&packing, Carried::All, &())).unwrap());
            let counted = Layers::default();
            let kept = read(block_on(encoder.forward_keeping(&packing, &counted)).unwrap());
            assert!(kept == plain, "{when}: hidden states are the same to the bit");
            assert_eq!(counted.0.get(), layers, "{when}");
        }
    }
}

/// The published logits of the field's standard cross-encoder, wherever its file is.
#[test]
fn golden_logits_of_ms_marco() {
    let file = path("models/ms-marco-MiniLM-L6-v2-Q8_0.gguf");
    if !file.exists() {
        return skipped(
            "golden logits of ms-marco-MiniLM-L6-v2",
            "its file is not here; ./build.sh models ms-marco-MiniLM-L6-v2 fetches it from the hub",
        );
    }
    let model = CrossEncoder::load(std::fs::read(file).unwrap(), Cpu::default()).unwrap();
    // From the documentation of sentence-transformers.
    let query = "How many people live in Berlin?";
    for (passage, want) in [
        ("Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.", 8.6075),
        ("Berlin is well known for its museums.", -4.3201),
    ] {
        let got = logit(&model, query, passage);
        assert!((got - want).abs() <= 0.15, "{passage}: {got} instead of {want}");
    }
}
