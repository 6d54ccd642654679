//! Documents and labelled queries as plain JSON Lines.

pub mod beir;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// A document to be searched. The shipped corpus has a title and a shelf as well; both are optional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Unique within the corpus.
    pub id: String,
    /// What is embedded and scored.
    pub text: String,
    /// For people; neither embedded nor scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Subject, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
}

/// A query with relevance judgements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledQuery {
    /// Unique among the queries.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// For a trap, which small word decides: negation, exclusion, only, order, number, role.
    #[serde(default)]
    pub trap: Option<String>,
    /// The same query without, or with, its small word.
    #[serde(default)]
    pub twin: Option<String>,
    /// Grade of each judged document: 3 answers fully, 2 answers, 1 near miss. What is not listed is off the subject.
    pub grades: BTreeMap<String, u8>,
}

/// Why documents or queries were refused.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A line is no object of the right form.
    #[error("{what}, line {line}: {problem}. Correct the line or remove it.")]
    Line {
        /// Documents, queries or judgements.
        what: &'static str,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A judgement of a document that the corpus does not have.
    #[error("query {query} judges the document {document}, which the corpus does not have.")]
    UnknownDocument {
        /// The query's id.
        query: String,
        /// The document's id.
        document: String,
    },
}

/// Reads documents, one JSON object a line. Blank lines and a byte order mark are passed over.
///
/// # Errors
/// [`CorpusError::Line`] with the line's number for malformed JSON, missing fields, an empty or repeated id.
pub fn read_documents(json_lines: &str) -> Result<Vec<Document>, CorpusError> {
    read_lines("documents", json_lines, |document: &Document| &document.id)
}

/// Reads labelled queries, one JSON object a line, and checks that the judged documents exist.
///
/// # Errors
/// As [`read_documents`], and [`CorpusError::UnknownDocument`].
pub fn read_queries(json_lines: &str, documents: &[Document]) -> Result<Vec<LabelledQuery>, CorpusError> {
    let queries = read_lines("queries", json_lines, |query: &LabelledQuery| &query.id)?;
    let known: HashSet<&str> = documents.iter().map(|d| d.id.as_str()).collect();
    for query in &queries {
        if let Some(document) = query.grades.keys().find(|id| !known.contains(id.as_str())) {
            return Err(CorpusError::UnknownDocument { query: query.id.clone(), document: document.clone() });
        }
    }
    Ok(queries)
}

fn read_lines<T: for<'a> Deserialize<'a>>(what: &'static str, text: &str, id: impl Fn(&T) -> &String) -> Result<Vec<T>, CorpusError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String| CorpusError::Line { what, line: n + 1, problem };
        let item: T = serde_json::from_str(line).map_err(|e| wrong(format!("{e}; each line must be one JSON object")))?;
        if id(&item).is_empty() {
            return Err(wrong("the id is empty".into()));
        }
        if !seen.insert(id(&item).clone()) {
            return Err(wrong(format!("the id {:?} occurs twice", id(&item))));
        }
        out.push(item);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: Result<T, CorpusError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn reads_documents_and_queries() {
        let documents = read_documents("\u{feff}{\"id\":\"a\",\"text\":\"x\",\"extra\":1}\r\n\n{\"id\":\"b\",\"text\":\"\"}").unwrap();
        assert_eq!(documents.len(), 2);
        let queries = read_queries(r#"{"id":"q","text":"?","grades":{"b":3}}"#, &documents).unwrap();
        assert_eq!(queries[0].grades["b"], 3);
        assert!(read_documents("").unwrap().is_empty());
    }

    #[test]
    fn names_the_line_at_fault() {
        assert!(message(read_documents("{\"id\":\"a\",\"text\":\"x\"}\n\n{\"id\":")).contains("documents, line 3"));
        assert!(message(read_documents(r#"{"id":"a"}"#)).contains("text"));
        assert!(
            message(read_documents("{\"id\":\"a\",\"text\":\"\"}\n{\"id\":\"a\",\"text\":\"\"}"))
                .contains("line 2: the id \"a\" occurs twice")
        );
        assert!(message(read_documents(r#"{"id":"","text":""}"#)).contains("empty"));
        assert!(message(read_queries(r#"{"id":"q","text":"?","grades":{"b":3}}"#, &[])).contains("judges the document b"));
        assert!(message(read_queries(r#"{"id":"q","text":"?","grades":{"b":-3}}"#, &[])).contains("queries, line 1"));
    }
}
