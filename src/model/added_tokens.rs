//! Added tokens of a tokenizer.json (`[SEP]` and the like) found in a text and cut out of it.
//!
//! The tokenizers library does this too, but with four regular expressions, `^\w`, `\w$`, `^\s*` and `\s*$`, and the
//! engine behind them is a fifth of a WebAssembly module that has no other use for it. Ids and normalized forms still
//! are the library's; a property test compares the result with the library's own.

use tokenizers::{AddedToken, NormalizedString, Result, Token, normalizer::Range};

/// A stretch of text, with its token if it is an added one.
type Piece = (NormalizedString, Option<Vec<Token>>);

/// Added tokens that are looked for in the same form of a text.
#[derive(Default)]
pub(super) struct AddedTokens {
    /// For each first byte the tokens that begin with it, the longest first, of equals the one of the smallest id. (Which
    /// of equals the library takes, when tokens differ before normalization only, is chance.)
    by_first_byte: Vec<Vec<Pattern>>,
}

struct Pattern {
    text: String,
    id: u32,
    token: AddedToken,
}

impl AddedTokens {
    /// Of texts to look for, the ids they stand for, and how their surroundings are to be treated.
    pub fn new(patterns: impl IntoIterator<Item = (String, u32, AddedToken)>) -> Self {
        let mut out = Self::default();
        for (text, id, token) in patterns {
            let Some(&first) = text.as_bytes().first() else { continue };
            out.by_first_byte.resize_with(256, Vec::new);
            out.by_first_byte[usize::from(first)].push(Pattern { text, id, token });
        }
        out.by_first_byte.iter_mut().for_each(|some| some.sort_by_key(|p| (std::cmp::Reverse(p.text.len()), p.id)));
        out
    }

    /// Cuts `text` into added tokens and what lies between them.
    pub fn split(&self, text: NormalizedString) -> Result<Vec<Piece>> {
        let cuts = self.cuts(text.get());
        if cuts.iter().all(|(_, id)| id.is_none()) {
            return Ok(vec![(text, None)]);
        }
        let piece = |(range, id): (std::ops::Range<usize>, Option<u32>)| {
            let value = text.get().get(range.clone()).unwrap_or_default().to_owned();
            let len = value.len();
            let slice = text.slice(Range::Normalized(range)).ok_or("an added token was cut out wrongly")?;
            Ok((slice, id.map(|id| vec![Token::new(id, value, (0, len))])))
        };
        cuts.into_iter().map(piece).collect()
    }

    /// The longest token at the leftmost place, then again after it.
    fn matches<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a Pattern)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let bytes = text.as_bytes();
            while at < bytes.len() {
                let here = self.by_first_byte.get(usize::from(bytes[at]))?;
                match here.iter().find(|p| bytes[at..].starts_with(p.text.as_bytes())) {
                    Some(pattern) => {
                        let start = at;
                        at += pattern.text.len();
                        return Some((start, pattern));
                    }
                    None => at += 1,
                }
            }
            None
        })
    }

    /// Stretches of `text` in order, covering all of it.
    fn cuts(&self, text: &str) -> Vec<(std::ops::Range<usize>, Option<u32>)> {
        let (mut cuts, mut done) = (Vec::new(), 0);
        for (mut start, pattern) in self.matches(text) {
            let mut end = start + pattern.text.len();
            let inside_a_word = || text[..start].ends_with(is_word) || text[end..].starts_with(is_word);
            if pattern.token.single_word && inside_a_word() {
                continue;
            }
            if pattern.token.lstrip {
                start = text[..start].trim_end().len().max(done);
            }
            if pattern.token.rstrip {
                end = text.len() - text[end..].trim_start().len();
            }
            if done < start {
                cuts.push((done..start, None));
            }
            cuts.push((start..end, Some(pattern.id)));
            done = end;
        }
        if done < text.len() {
            cuts.push((done..text.len(), None));
        }
        cuts
    }
}

/// What `\w` matches.
fn is_word(c: char) -> bool {
    regex_syntax::is_word_character(c)
}

#[cfg(test)]
mod tests {
    use super::super::Tokenizer;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;
    use std::str::FromStr;

    /// A tokenizer.json of the tiny uncased fixture with these added tokens.
    fn tokenizer_json(added: &[Value]) -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-classifier/tokenizer.json");
        let mut json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        json["added_tokens"].as_array_mut().unwrap().extend_from_slice(added);
        json.to_string()
    }

    /// None begins with white space: the library panics where a token before has swallowed it.
    fn token() -> impl Strategy<Value = Value> {
        let content = prop_oneof!["[a-c]{1,3}", "\\[[A-Z]{1,2}\\]", "[aA\u{e9}_.][ aA\u{e9}\u{2003}_.]{0,2}"];
        (content, prop::array::uniform5(any::<bool>())).prop_map(|(content, [single_word, lstrip, rstrip, normalized, special])| {
            json!({
                "id": 900, "content": content, "single_word": single_word, "lstrip": lstrip, "rstrip": rstrip,
                "normalized": normalized, "special": special
            })
        })
    }

    /// Texts in which such tokens occur, next to each other, to words and to white space of many kinds.
    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-cA-C]{1,3}",
            "\\[[A-Z]{1,2}\\]",
            "[ \t\n\u{a0}\u{2003}\u{85}]{1,2}",
            "[\u{e9}\u{e8}_.\u{301}\u{200d}\u{6f22}\u{661}]",
            "\\PC",
            "\\[SEP\\]|\\[MASK\\]"
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn ids_are_the_librarys(added in prop::collection::vec(token(), 0..5), texts in prop::collection::vec(text(), 1..6)) {
            let json = tokenizer_json(&added);
            match (Tokenizer::from_json(&json), tokenizers::Tokenizer::from_str(&json)) {
                (Ok(ours), Ok(mut theirs)) => {
                    let tokens = theirs.get_added_tokens_decoder();
                    let forms: BTreeSet<_> = tokens.iter().map(|(&id, t)| (t.normalized, theirs.id_to_token(id))).collect();
                    prop_assume!(forms.len() == tokens.len());
                    theirs.with_padding(None).with_truncation(None).unwrap();
                    for text in texts {
                        let want = theirs.encode_fast(text.as_str(), false).unwrap();
                        prop_assert_eq!(ours.ids(&text).unwrap(), want.get_ids(), "{:?} with {}", text, json!(added));
                    }
                }
                (ours, theirs) => prop_assert_eq!(ours.is_err(), theirs.is_err(), "{}", json!(added)),
            }
        }
    }

    #[test]
    fn a_token_swallowed_by_the_one_before_is_an_error() {
        let token = |content: &str, lstrip: bool, rstrip: bool| {
            json!({
                "id": 900, "content": content, "single_word": false, "lstrip": lstrip, "rstrip": rstrip, "normalized": true,
                "special": false
            })
        };
        let tokenizer = Tokenizer::from_json(&tokenizer_json(&[token("c", false, true), token(" ", true, false)])).unwrap();
        assert!(tokenizer.ids("c\t\t").is_err());
        assert!(tokenizer.ids("c").is_ok());
    }
}
