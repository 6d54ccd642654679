//! The command line as a user runs it.

mod common;

use common::{path, read};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn tabrank(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tabrank")).args(arguments).current_dir(path("")).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = tabrank(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = tabrank(arguments);
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("panicked"), "{message}");
    message
}

fn temporary(name: &str, content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let file = file.to_str().unwrap().to_string();
    (folder, file)
}

#[test]
fn search_prints_both_rankings() {
    let reply = json(&["search", "a vector database that does not need a separate server to run", "--pool", "6", "--top-k", "3", "--json"]);
    assert_eq!(reply["query"], "a vector database that does not need a separate server to run");
    let (retrieved, reranked) = (reply["retrieved"].as_array().unwrap(), reply["reranked"].as_array().unwrap());
    assert_eq!((retrieved.len(), reranked.len()), (6, 3));
    let numbers = |list: &[Value], key: &str| list.iter().map(|hit| hit[key].as_f64().unwrap()).collect::<Vec<_>>();
    assert!(numbers(retrieved, "cosine").is_sorted_by(|a, b| a >= b) && numbers(reranked, "logit").is_sorted_by(|a, b| a >= b));
    assert_eq!(numbers(reranked, "rank"), [1.0, 2.0, 3.0]);
    for hit in reranked {
        let previous = hit["previous_rank"].as_u64().unwrap() as usize;
        assert_eq!(retrieved[previous - 1]["id"], hit["id"]);
        assert_eq!(hit["truncated"], false);
    }
    assert!(reply["timings_ms"]["rerank"].as_f64().unwrap() > 0.0);
    assert!(reply["device"].as_str().unwrap().starts_with("cpu"));
    let text = String::from_utf8(tabrank(&["search", "vector database", "--pool", "2"]).stdout).unwrap();
    assert!(text.contains("by cosine") && text.contains("by logit"));
}

#[test]
fn search_and_rerank_agree() {
    let reply = json(&["search", "houseplants that are not toxic to cats", "--pool", "3", "--top-k", "3", "--json"]);
    let text = |id: &Value| {
        let line = common::json_lines("corpus/passages.jsonl").into_iter().find(|line| line["id"] == *id).unwrap();
        line["text"].as_str().unwrap().to_string()
    };
    let hit = &reply["reranked"][0];
    let alone = json(&["rerank", "houseplants that are not toxic to cats", &text(&hit["id"]), "--json"]);
    assert_eq!(alone["results"][0]["logit"], hit["logit"]);
}

#[test]
fn embed_prints_unit_vectors() {
    let vectors = json(&["embed", "one text", "another", "--json"]);
    let vector = common::floats(&vectors[1]["vector"]);
    assert_eq!((vectors.as_array().unwrap().len(), vector.len()), (2, 384));
    assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn eval_prints_both_groups() {
    let report = json(&["eval", "--limit", "5", "--pools", "2,5", "--json"]);
    assert_eq!((&report["all"]["n"], &report["traps"]["n"]), (&5.into(), &4.into()));
    for group in ["all", "traps"] {
        for stage in ["before", "after"] {
            for metric in ["precision@1", "precision@5", "hit_rate@5", "mrr", "ndcg@10"] {
                let value = report[group][stage][metric].as_f64().unwrap();
                assert!((0.0..=1.0).contains(&value), "{group} {stage} {metric}");
            }
        }
    }
    assert_eq!(report["pools"].as_array().unwrap().len(), 2);
    assert_eq!(report["trap_report"]["outcomes"].as_array().unwrap().len(), 4);
}

#[test]
fn an_index_of_ones_own_documents() {
    let documents = b"{\"id\":\"a\",\"text\":\"A cat sleeps.\"}\n{\"id\":\"b\",\"text\":\"Stock markets fell.\"}\n";
    let (folder, file) = temporary("documents.jsonl", documents);
    let index = folder.path().join("index.safetensors");
    let index = index.to_str().unwrap();
    assert!(tabrank(&["index", "--documents", &file, "--out", index]).status.success());
    let reply = json(&["search", "pets", "--documents", &file, "--index", index, "--json"]);
    assert_eq!(reply["retrieved"][0]["id"], "a");
    std::fs::write(&file, b"{\"id\":\"a\",\"text\":\"Changed.\"}\n{\"id\":\"b\",\"text\":\"Stock markets fell.\"}\n").unwrap();
    assert!(refusal(&["search", "pets", "--documents", &file, "--index", index]).contains("other documents"));
}

#[test]
fn convert_and_inspect() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny.gguf");
    let out = out.to_str().unwrap();
    assert!(tabrank(&["convert", "tests/fixtures/tiny-classifier", out, "--dtype", "q4_0", "--id", "tiny"]).status.success());
    let report = json(&["inspect", out, "--json"]);
    assert_eq!(report["config"]["role"], "cross-encoder");
    assert_eq!(report["config"]["head"]["kind"], "classifier");
    assert!(report["tensors"].as_array().unwrap().iter().any(|t| t["dtype"] == "Q4_0"));
    assert!(!json(&["rerank", "which index?", "A small index.", "--cross-encoder", out, "--json"])["results"][0]["logit"].is_null());
    let text = String::from_utf8(tabrank(&["inspect", out]).stdout).unwrap();
    assert!(text.contains("tabrank runs it as a cross-encoder"));
}

#[test]
fn an_index_by_another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.gguf");
    let other = other.to_str().unwrap();
    assert!(tabrank(&["convert", "tests/fixtures/tiny-cls-pooling", other, "--id", "other"]).status.success());
    let message = refusal(&["search", "x", "--bi-encoder", other]);
    assert!(message.contains("made by the model all-MiniLM-L6-v2") && message.contains("tabrank index"), "{message}");
}

#[test]
fn refusals_say_what_to_do() {
    assert!(refusal(&["search", ""]).contains("the query is empty"));
    assert!(refusal(&["search", "x", "--pool", "0"]).contains("--pool"));
    assert!(refusal(&["search", "x", "--models", "nowhere"]).contains("nowhere/manifest.json"));
    assert!(refusal(&["search", "x", "--cross-encoder", "unknown"]).contains("tabrank-minilm-l6"));
    assert!(refusal(&["search", "x", "--cross-encoder", "ms-marco-MiniLM-L12-v2"]).contains("./build.sh models ms-marco-MiniLM-L12-v2"));
    assert!(refusal(&["search", "x", "--cross-encoder", "models/all-MiniLM-L6-v2-Q8_0.gguf"]).contains("holds a bi-encoder"));
    assert!(refusal(&["inspect", "README.md"]).contains("README.md"));
    let (_folder, file) = temporary("documents.jsonl", b"{\"id\":\"a\",\"text\":\"x\"}\nnot json\n");
    assert!(refusal(&["index", "--documents", &file, "--out", "/dev/null"]).contains("documents, line 2"));
    let (_folder, file) = temporary("documents.jsonl", b"{\"id\":\"a\",\"text\":\"half a pair: \\ud800\"}\n");
    assert!(refusal(&["index", "--documents", &file, "--out", "/dev/null"]).contains("documents, line 1"));
    let (_folder, file) = temporary("queries.jsonl", b"{\"id\":\"q7\",\"text\":\" \",\"grades\":{}}\n");
    assert!(refusal(&["eval", "--queries", &file]).contains("q7: the query is empty"));
    let (_folder, file) = temporary("documents.jsonl", b"\xff\xfe");
    assert!(refusal(&["index", "--documents", &file, "--out", "/dev/null"]).contains("UTF-8"));
    let (_folder, file) = temporary("index.safetensors", b"nonsense");
    assert!(refusal(&["search", "x", "--index", &file]).contains("tabrank index"));
}

#[test]
fn an_altered_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(path("models/manifest.json"), folder.path().join("manifest.json")).unwrap();
    let mut bytes = read("models/tabrank-minilm-l6-Q8_0.gguf");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(folder.path().join("tabrank-minilm-l6-Q8_0.gguf"), &bytes).unwrap();
    let place = Path::new(folder.path()).to_str().unwrap();
    let message = refusal(&["rerank", "x", "y", "--models", place]);
    assert!(message.contains("tabrank-minilm-l6-Q8_0.gguf") && message.contains("SHA-256"), "{message}");
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tabrank"))
        .args(["inspect", "models/tabrank-minilm-l6-Q8_0.gguf"])
        .current_dir(path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn search_by_words_and_by_both() {
    let first = |more: &[&str]| {
        let arguments = [&["search", "flutes without any reed", "--pool", "5", "--top-k", "1", "--json"], more].concat();
        json(&arguments)["retrieved"].clone()
    };
    let bm25 = first(&["--retriever", "bm25"]);
    assert!(bm25[0]["cosine"].is_null() && bm25[0]["bm25"] == bm25[0]["score"] && bm25[0]["score"].as_f64().unwrap() > 0.0);
    let hybrid = first(&["--retriever", "hybrid"]);
    let both = &hybrid[0];
    assert!(both["cosine"].as_f64().unwrap() > 0.0 && both["bm25"].is_number() && both["score"].as_f64().unwrap() <= 2.0 / 61.0);
    // All the weight on the cosines: their order.
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|hit| hit["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first(&["--retriever", "hybrid", "--fusion", "sum:1"])), ids(&first(&[])));
    assert!(refusal(&["search", "q", "--retriever", "hybrid", "--fusion", "sum:2"]).contains("from 0 to 1"));
    assert!(refusal(&["search", "q", "--retriever", "hybrid", "--fusion", "learned"]).contains("sum:W"));
}

/// A cascade whose second stage reads as much as the first, with the same model, changes nothing.
#[test]
fn eval_runs_a_cascade() {
    let plain = json(&["eval", "--limit", "4", "--pools", "6", "--json"]);
    let model = "tabrank-minilm-l6";
    let cascade = json(&["eval", "--limit", "4", "--cascade", &format!("{model}:6,{model}:6"), "--json"]);
    assert_eq!(plain["all"], cascade["all"]);
    assert_eq!(plain["all"]["ndcg_10"]["n"], 4);
    assert!(refusal(&["eval", "--cascade", "model"]).contains("MODEL:READ"));
    assert!(refusal(&["eval", "--cascade", "model:0"]).contains("MODEL:READ"));
    assert!(refusal(&["eval", "--cascade", "nothing-of-that-name:5"]).contains("nothing-of-that-name"));
}

/// Each way of ranking gets what it gets when it is measured alone.
#[test]
fn eval_puts_models_side_by_side() {
    let args = |more: &[&str]| json(&[&["eval", "--limit", "6", "--pools", "5", "--json"], more].concat());
    let ways = args(&["--compare"]);
    let names: Vec<&str> = ways.as_array().unwrap().iter().map(|way| way["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["cosine", "BM25"]);
    let ours = names.iter().position(|name| *name == "tabrank-minilm-l6").unwrap();
    let alone = args(&[]);
    assert_eq!(ways[0]["metrics"], alone["all"]["before"]);
    assert_eq!(ways[ours]["metrics"], alone["all"]["after"]);
    assert_eq!(ways[ours]["ndcg_10"], alone["all"]["ndcg_10"]);
    assert_eq!(ways[1]["metrics"], args(&["--retriever", "bm25"])["all"]["before"]);
    assert_eq!((&ways[0]["ndcg_10"]["difference"]["mean"], &ways[0]["ndcg_10"]["better"]), (&0.0.into(), &0.into()));
    let outcomes = alone["trap_report"]["outcomes"].as_array().unwrap();
    let right = |stage: &str| outcomes.iter().filter(|outcome| outcome["right"][stage] == true).count();
    assert_eq!(ways[0]["traps"], serde_json::json!({ "n": outcomes.len(), "right": right("before") }));
    assert_eq!(ways[ours]["traps"], serde_json::json!({ "n": outcomes.len(), "right": right("after") }));
    // vector-stores-q05 is the twin of the first trap.
    assert!(ways[0]["twins"]["n"].as_u64().unwrap() >= 1);
    let text = String::from_utf8(tabrank(&["eval", "--limit", "2", "--pools", "2", "--compare"]).stdout).unwrap();
    assert!(text.contains("tabrank-minilm-l6") && text.contains("2 queries; cross-encoders rerank the first 2"), "{text}");
    assert!(refusal(&["eval", "--compare", "--cascade", "a:2,b:1"]).contains("--cascade"));
}

#[test]
fn eval_reads_a_test_collection() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("qrels")).unwrap();
    let passages = common::json_lines("corpus/passages.jsonl");
    let lines: String = (passages.iter().take(20))
        .map(|p| format!("{}\n", serde_json::json!({ "_id": p["id"], "title": p["title"], "text": p["text"] })))
        .collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, lines.as_bytes()).unwrap();
    std::fs::write(folder.path().join("corpus.jsonl.gz"), gz.finish().unwrap()).unwrap();
    let title = |i: usize| passages[i]["title"].as_str().unwrap();
    let query = |i: usize| format!("{}\n", serde_json::json!({ "_id": format!("q{i}"), "text": title(i) }));
    write("queries.jsonl", &(query(0) + &query(7) + &query(9)));
    let id = |i: usize| passages[i]["id"].as_str().unwrap();
    write("qrels/test.tsv", &format!("query-id\tcorpus-id\tscore\nq0\t{}\t1\nq7\t{}\t1\n", id(0), id(7)));

    let path = folder.path().to_str().unwrap();
    let index = folder.path().join("kept.safetensors");
    let eval = |more: &[&str]| json(&[&["eval", "--beir", path, "--pools", "3", "--json"], more].concat());
    // A passage is found by its own title, whatever looks for it.
    for retriever in
        [&["--retriever", "bm25"][..], &["--retriever", "dense", "--index", index.to_str().unwrap()], &["--retriever", "hybrid"]]
    {
        let report = eval(retriever);
        assert_eq!((&report["all"]["n"], &report["all"]["before"]["precision@1"]), (&2.into(), &1.0.into()), "{retriever:?}");
        assert_eq!(
            report["retriever"],
            if retriever[1] == "bm25" {
                "BM25"
            } else if retriever[1] == "dense" {
                "cosine"
            } else {
                "hybrid"
            }
        );
    }
    assert!(index.exists());
    let learned = eval(&["--retriever", "hybrid", "--fusion", "learned", "--index", index.to_str().unwrap()]);
    assert_eq!(learned["learned"]["weights"].as_array().unwrap().len(), 2);
    write("qrels/test.tsv", "q0\tnothing");
    assert!(refusal(&["eval", "--beir", path]).contains("three columns"));
    assert!(refusal(&["eval", "--beir", path, "--split", "dev"]).contains("dev.tsv"));
}
