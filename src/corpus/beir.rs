//! Test collections in the layout of BEIR: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and a table
//! of judgements for each split, `qrels/test.tsv` (query, document, score, tab-separated, with a header).
//!
//! Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models" (2021).

use super::{CorpusError, Document, LabelledQuery, read_lines};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// Reads the documents. As BEIR has it, what is searched is title and text, with a space between.
///
/// # Errors
/// As [`super::read_documents`].
pub fn read_documents(json_lines: &str) -> Result<Vec<Document>, CorpusError> {
    let lines = read_lines("documents", json_lines, |line: &Line| &line.id)?;
    let document = |Line { id, title, text }: Line| {
        let title = title.trim();
        let text = if title.is_empty() { text } else { format!("{title} {text}") };
        Document { id, text, title: Some(title.into()).filter(|_| !title.is_empty()), shelf: None }
    };
    Ok(lines.into_iter().map(document).collect())
}

/// Reads the queries and what was judged of them. Queries that nobody has judged are left out, and judgements of documents that the
/// corpus lacks are passed over, as some collections have them. Scores below 0 count as 0, those above 255 as 255.
///
/// # Errors
/// As [`super::read_documents`]; [`CorpusError::Line`] for a judgement without its three columns, or of an unknown query.
pub fn read_queries(json_lines: &str, judgements: &str, documents: &[Document]) -> Result<Vec<LabelledQuery>, CorpusError> {
    let lines = read_lines("queries", json_lines, |line: &Line| &line.id)?;
    let known: HashSet<&str> = documents.iter().map(|d| d.id.as_str()).collect();
    let asked: HashSet<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    let mut grades: HashMap<&str, BTreeMap<String, u8>> = HashMap::new();
    let judgements = judgements.strip_prefix('\u{feff}').unwrap_or(judgements);
    for (n, line) in judgements.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: &str| CorpusError::Line { what: "judgements", line: n + 1, problem: problem.into() };
        let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
        let &[query, document, score] = &columns[..] else {
            return Err(wrong("there must be three columns, with tabs between: query, document, score"));
        };
        let Ok(score) = score.parse::<f64>() else {
            // The header.
            if n == 0 {
                continue;
            }
            return Err(wrong("the score is not a number"));
        };
        if !asked.contains(query) {
            return Err(wrong(&format!("there is no query {query:?}")));
        }
        if known.contains(document) {
            // A cast to a smaller type stops at its ends.
            grades.entry(query).or_default().insert(document.into(), score as u8);
        }
    }
    let query = |line: &Line| {
        let grades = grades.get(line.id.as_str())?.clone();
        Some(LabelledQuery { id: line.id.clone(), text: line.text.clone(), trap: None, twin: None, grades })
    };
    Ok(lines.iter().filter_map(query).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &str =
        "{\"_id\":\"d1\",\"title\":\"A title\",\"text\":\"and text\",\"metadata\":{}}\n{\"_id\":\"d2\",\"text\":\"alone\"}\n";
    const QUERIES: &str = "{\"_id\":\"q1\",\"text\":\"one\"}\n{\"_id\":\"q2\",\"text\":\"two\"}\n";

    #[test]
    fn reads_a_collection() {
        let documents = read_documents(CORPUS).unwrap();
        assert_eq!((documents[0].text.as_str(), documents[1].text.as_str()), ("A title and text", "alone"));
        let qrels = "query-id\tcorpus-id\tscore\nq1\td1\t2\r\nq1\td2\t-1\nq1\tgone\t1\n";
        let queries = read_queries(QUERIES, qrels, &documents).unwrap();
        assert_eq!(queries.len(), 1);
        assert_eq!(queries[0].grades, BTreeMap::from([("d1".to_string(), 2), ("d2".to_string(), 0)]));
    }

    #[test]
    fn names_the_line_at_fault() {
        let documents = read_documents(CORPUS).unwrap();
        let message = |qrels: &str| read_queries(QUERIES, qrels, &documents).unwrap_err().to_string();
        assert!(message("q1\td1\t1\nq1 d1 1").contains("judgements, line 2"));
        assert!(message("q1\td1\t1\nq1\td1\tgood").contains("not a number"));
        assert!(message("header\td\tscore\nq9\td1\t1").contains("no query \"q9\""));
        assert!(read_documents("{\"_id\":\"d1\"}").unwrap_err().to_string().contains("documents, line 1"));
    }
}
