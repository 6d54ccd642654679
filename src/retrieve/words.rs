//! What BM25 takes for a word.
//!
//! Words are those of Unicode's word boundaries (UAX #29), in small letters, reduced to their stems by the English Snowball
//! stemmer ("Porter 2"). No word is left out: the usual lists of stop words hold "not", "no" and "only", on which a question
//! may turn, and words that are in nearly every document weigh next to nothing by themselves.

use frostem::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// Calls `each` with the stem of each word of a text, in their order.
pub fn stems(text: &str, mut each: impl FnMut(&str)) {
    let stemmer = Stemmer::new(Algorithm::English);
    for word in text.unicode_words() {
        let small = word.to_lowercase();
        // Typographers' apostrophes are the stemmer's own: it knows the possessive by them.
        let plain = if small.contains('\u{2019}') { small.replace('\u{2019}', "'") } else { small };
        let stem = stemmer.stem(&plain);
        if !stem.is_empty() {
            each(&stem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        stems(text, |stem| out.push(stem.to_string()));
        out
    }

    #[test]
    fn of_an_english_sentence() {
        assert_eq!(all("The databases do NOT need a separate server."), ["the", "databas", "do", "not", "need", "a", "separ", "server"]);
        assert_eq!(all("the dog\u{2019}s bowl"), all("the dog's bowl"));
        assert_eq!(all("3.14, C++ & naïve CAFÉS"), ["3.14", "c", "naïv", "café"]);
    }

    #[test]
    fn of_other_scripts() {
        assert_eq!(all("向量数据库").len(), 5);
        assert!(all("\u{1f600} ... \t\n").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,40}|[a-z']{0,12}|(sk|y|ing|ed|ies|'s){0,8}") {
            prop_assert!(all(&text).iter().all(|stem| !stem.is_empty()));
        }
    }
}
