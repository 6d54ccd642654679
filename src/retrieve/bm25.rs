//! The lexical first stage: Okapi BM25 over an inverted index.
//!
//! Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the inverse document frequency
//! of Lucene, ln(1 + (N - n + 1/2) / (n + 1/2)), which is never negative.

use super::Hit;
use super::best::Best;
use super::words::stems;
use std::collections::HashMap;

/// How quickly further occurrences of a word cease to count, and how much long documents are held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Saturation of a word's count: 0 means that only its presence counts.
    pub k1: f32,
    /// Share of the length that is made up for, 0 to 1.
    pub b: f32,
}

/// Those of Lucene.
impl Default for Parameters {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

/// A document in which a word occurs, and what one occurrence of the word in a query adds to its score.
#[derive(Clone, Copy, Debug)]
struct Posting {
    document: u32,
    weight: f32,
}

/// An inverted index of the words of documents.
#[derive(Clone, Debug)]
pub struct Bm25Index {
    documents: usize,
    /// Number of each stem.
    stems: HashMap<Box<str>, u32>,
    /// For each stem the documents that have it, ascending.
    postings: Vec<Vec<Posting>>,
}

impl Bm25Index {
    /// Indexes texts. Each is a document, by its position.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>, Parameters { k1, b }: Parameters) -> Self {
        let mut numbers: HashMap<Box<str>, u32> = HashMap::new();
        let mut postings: Vec<Vec<Posting>> = Vec::new();
        let mut lengths: Vec<u32> = Vec::new();
        for (document, text) in (0..).zip(texts) {
            let mut length = 0;
            stems(text, |stem| {
                length += 1;
                let number = match numbers.get(stem) {
                    Some(&number) => number,
                    None => {
                        let number = postings.len() as u32;
                        numbers.insert(stem.into(), number);
                        postings.push(Vec::new());
                        number
                    }
                };
                let list = &mut postings[number as usize];
                // Weights are counts until the mean length is known.
                match list.last_mut() {
                    Some(last) if last.document == document => last.weight += 1.0,
                    _ => list.push(Posting { document, weight: 1.0 }),
                }
            });
            lengths.push(length);
        }
        let mean = lengths.iter().map(|&l| f64::from(l)).sum::<f64>() / lengths.len().max(1) as f64;
        let n = lengths.len() as f64;
        for list in &mut postings {
            let with = list.len() as f64;
            let idf = (1.0 + (n - with + 0.5) / (with + 0.5)).ln() as f32;
            for Posting { document, weight } in list {
                let length = f64::from(lengths[*document as usize]) / mean;
                let norm = k1 * (1.0 - b + b * length as f32);
                *weight = idf * (*weight * (k1 + 1.0)) / (*weight + norm);
            }
        }
        Self { documents: lengths.len(), stems: numbers, postings }
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.documents
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.documents == 0
    }

    /// The score of every document. A word counts as often as it stands in the query.
    pub fn scores(&self, query: &str) -> Bm25Scores {
        let mut scores = vec![0f32; self.documents];
        stems(query, |stem| {
            let Some(&number) = self.stems.get(stem) else { return };
            for Posting { document, weight } in &self.postings[number as usize] {
                scores[*document as usize] += weight;
            }
        });
        Bm25Scores(scores)
    }
}

/// What a query's words say of each document.
#[derive(Clone, Debug, PartialEq)]
pub struct Bm25Scores(Vec<f32>);

impl Bm25Scores {
    /// The score of the document at this position: 0 if it shares no word with the query.
    pub fn of(&self, document: usize) -> f32 {
        self.0[document]
    }

    /// The `k` documents of greatest score that share a word with the query, best first; ties in the documents' order.
    pub fn best(&self, k: usize) -> Vec<Hit> {
        let mut best = Best::new(k);
        for (document, &score) in self.0.iter().enumerate().filter(|(_, score)| **score > 0.0) {
            best.offer(Hit { document, score });
        }
        best.into_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The formula, read off the paper, over plain lists of stems.
    fn by_definition(texts: &[String], query: &str, Parameters { k1, b }: Parameters) -> Vec<f64> {
        let words = |text: &str| {
            let mut out = Vec::new();
            stems(text, |stem| out.push(stem.to_string()));
            out
        };
        let documents: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
        let n = documents.len() as f64;
        let mean = documents.iter().map(Vec::len).sum::<usize>() as f64 / n;
        let score = |document: &Vec<String>| {
            let one = |word: &String| {
                let tf = document.iter().filter(|w| *w == word).count() as f64;
                let with = documents.iter().filter(|d| d.contains(word)).count() as f64;
                let idf = (1.0 + (n - with + 0.5) / (with + 0.5)).ln();
                let (k1, b) = (f64::from(k1), f64::from(b));
                idf * tf * (k1 + 1.0) / (tf + k1 * (1.0 - b + b * document.len() as f64 / mean))
            };
            words(query).iter().map(one).sum()
        };
        documents.iter().map(score).collect()
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["reed", "reeds", "flute", "not", "a", "Köln", "7"]), 0..12)
            .prop_map(|w| w.join(" "))
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_definition(
            texts in prop::collection::vec(text(), 1..12),
            query in text(),
            (k1, b) in (0f32..3.0, 0f32..1.0),
            k in 0usize..14,
        ) {
            let parameters = Parameters { k1, b };
            let want = by_definition(&texts, &query, parameters);
            let index = Bm25Index::new(texts.iter().map(String::as_str), parameters);
            let found = index.scores(&query).best(k);
            prop_assert_eq!(found.len(), k.min(want.iter().filter(|x| **x > 0.0).count()));
            prop_assert!(found.is_sorted_by(|a, b| a.score > b.score || (a.score == b.score && a.document < b.document)));
            for hit in found {
                prop_assert!((f64::from(hit.score) - want[hit.document]).abs() < 1e-4, "{} instead of {}", hit.score, want[hit.document]);
            }
        }
    }

    #[test]
    fn the_rarer_word_decides() {
        let texts = ["a flute has no reed", "an oboe has a reed", "a clarinet has a reed"];
        let index = Bm25Index::new(texts, Parameters::default());
        assert_eq!(index.scores("flute or reed").best(3)[0].document, 0);
        assert!(index.scores("trombone").best(3).is_empty());
        assert!(index.scores("").best(3).is_empty());
    }

    #[test]
    fn nothing_to_search() {
        assert!(Bm25Index::new([], Parameters::default()).scores("flute").best(3).is_empty());
        let empty = Bm25Index::new(["", "..."], Parameters::default());
        assert_eq!((empty.len(), empty.scores("flute").best(3)), (2, vec![]));
    }
}
