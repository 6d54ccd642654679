//! Token ids are those of Hugging Face's own tokenizer (contract 4).

mod common;

use common::{json, json_lines, path};
use serde_json::Value;
use tabrank::model::{Sequence, Tokenizer};

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

/// Compares one recorded case; returns what differs.
fn compare(tokenizer: &Tokenizer, case: &Value, max_single: usize, max_pair: usize) -> Option<String> {
    let of = |key: &str| tokenizer.ids(case[key].as_str().unwrap()).unwrap();
    let got: Sequence = match case.get("pair") {
        Some(_) => tokenizer.pair(&of("text"), &of("pair"), max_pair),
        None => tokenizer.single(&of("text"), max_single),
    };
    let types = case.get("types").map(|types| ids(types).into_iter().map(|t| t as u8).collect::<Vec<u8>>());
    let same = got.ids == ids(&case["ids"]) && got.truncated == case["truncated"] && types.is_none_or(|t| t == got.types());
    (!same).then(|| format!("{}\n  got {:?}", serde_json::to_string(case).unwrap(), got.ids))
}

#[test]
fn nasty_texts_and_pairs() {
    let text = std::fs::read_to_string(path("models/origin/all-MiniLM-L6-v2/tokenizer.json")).expect("./build.sh models puts it there");
    let tokenizer = Tokenizer::from_json(&text).unwrap();
    let cases = json_lines("tests/fixtures/tokens.jsonl");
    assert!(cases.len() >= 500, "only {} cases", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(|case| compare(&tokenizer, case, 256, 512)).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(5)].join("\n"));
}

#[test]
fn small_vocabularies_cased_and_uncased() {
    let recorded = json("tests/fixtures/tiny.json");
    for (folder, key) in [("tiny-classifier", "classifier"), ("tiny-cls-pooling", "cls_pooling")] {
        let text = std::fs::read_to_string(path(&format!("tests/fixtures/{folder}/tokenizer.json"))).unwrap();
        let tokenizer = Tokenizer::from_json(&text).unwrap();
        let max = recorded[format!("{key}_max_tokens")].as_u64().unwrap() as usize;
        for case in recorded[key].as_array().unwrap() {
            assert_eq!(compare(&tokenizer, case, max, max), None);
        }
    }
}

#[test]
fn a_tokenizer_of_another_kind_is_refused() {
    let refusal = |json: &str| Tokenizer::from_json(json).err().expect("refused").to_string();
    assert!(refusal("{").contains("tokenizer"));
    let text = std::fs::read_to_string(path("tests/fixtures/tiny-classifier/tokenizer.json")).unwrap();
    let mut other: Value = serde_json::from_str(&text).unwrap();
    other["post_processor"] = Value::Null;
    assert!(refusal(&other.to_string()).contains("[CLS] a [SEP] b [SEP]"));
    for (part, kind) in [("model", "BPE"), ("normalizer", "NFC"), ("pre_tokenizer", "Whitespace")] {
        let mut other: Value = serde_json::from_str(&text).unwrap();
        other[part]["type"] = kind.into();
        assert!(refusal(&other.to_string()).contains(&format!("of the kind {kind:?}")), "{part}");
    }
    let mut other: Value = serde_json::from_str(&text).unwrap();
    other["version"] = "2.0".into();
    assert!(refusal(&other.to_string()).contains("\"2.0\""));
}

/// What a tokenizer.json may leave out.
#[test]
fn normalizer_and_pre_tokenizer_may_be_none() {
    let text = std::fs::read_to_string(path("tests/fixtures/tiny-classifier/tokenizer.json")).unwrap();
    let mut bare: Value = serde_json::from_str(&text).unwrap();
    (bare["normalizer"], bare["pre_tokenizer"]) = (Value::Null, Value::Null);
    let ids = |json: &str, text: &str| Tokenizer::from_json(json).unwrap().ids(text).unwrap();
    let unknown = ids(&text, "\u{6f22}")[0];
    assert_eq!(ids(&bare.to_string(), "which"), ids(&text, "which"));
    assert_eq!(ids(&bare.to_string(), "which index"), [unknown], "one word where nothing splits it");
}
