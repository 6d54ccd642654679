//! From text to token ids, as the checkpoint's own tokenizer does it.
//!
//! Truncation and padding settings of tokenizer.json are ignored: many files carry a length of 128 that is not the
//! model's. Texts are cut here, as Hugging Face's `longest_first` does; padding is never made.

use super::ModelError;
use crate::backend::Packing;
use serde_json::Value;

/// Token ids ready for the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Length of the first segment (type 0): all tokens of a single text; CLS, query and SEP of a pair.
    pub first_segment: usize,
    /// Whether tokens were cut off.
    pub truncated: bool,
}

impl Sequence {
    /// Segment of each token.
    pub fn types(&self) -> Vec<u8> {
        (0..self.ids.len()).map(|i| u8::from(i >= self.first_segment)).collect()
    }

    /// The packing of several sequences.
    pub fn pack<'a>(sequences: impl IntoIterator<Item = &'a Self>) -> Packing {
        let mut packing = Packing::new();
        for sequence in sequences {
            packing.push(&sequence.ids, &sequence.types());
        }
        packing
    }
}

/// The checkpoint's tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    cls: u32,
    sep: u32,
}

impl Tokenizer {
    /// Reads a tokenizer.json.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] if it cannot be parsed; [`ModelError::Unsupported`] if it does not frame texts as BERT
    /// does: `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]` with the types 0 and 1.
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        let unreadable = |e: serde_json::Error| ModelError::Tokenizer(e.to_string());
        let mut parts: serde_json::Map<String, Value> = serde_json::from_str(json).map_err(unreadable)?;
        let unsupported = || ModelError::Unsupported("a tokenizer that does not frame pairs as [CLS] a [SEP] b [SEP]".into());
        let (cls, sep) = parts.get("post_processor").and_then(frame).ok_or_else(unsupported)?;
        // Texts are framed here and never decoded; and the library panics on some malformed settings of both.
        for unused in ["decoder", "post_processor"] {
            parts.insert(unused.into(), Value::Null);
        }
        let mut inner: tokenizers::Tokenizer = serde_json::from_value(parts.into()).map_err(unreadable)?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|e| ModelError::Tokenizer(e.to_string()))?;
        Ok(Self { inner, cls, sep })
    }

    /// The library's tokenizer.
    pub(crate) fn inner(&self) -> &tokenizers::Tokenizer {
        &self.inner
    }

    /// Rows that a table of word embeddings must have: the greatest token id, added tokens included, and one.
    pub fn rows_needed(&self) -> usize {
        let greatest = self.inner.get_vocab(true).into_values().chain([self.cls, self.sep]).max();
        greatest.map_or(0, |id| (id as usize).saturating_add(1))
    }

    /// Token ids of a text without special tokens, uncut.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self.inner.encode_fast(text, false).map_err(|e| ModelError::Tokenizer(e.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// `[CLS] text [SEP]`, at most `max_tokens` long.
    pub fn single(&self, ids: &[u32], max_tokens: usize) -> Sequence {
        let kept = ids.len().min(max_tokens - 2);
        let ids_out: Vec<u32> = [&[self.cls], &ids[..kept], &[self.sep]].concat();
        Sequence { first_segment: ids_out.len(), ids: ids_out, truncated: kept < ids.len() }
    }

    /// `[CLS] a [SEP] b [SEP]`, at most `max_tokens` long, the longer of the two cut first.
    pub fn pair(&self, a: &[u32], b: &[u32], max_tokens: usize) -> Sequence {
        let (kept_a, kept_b) = longest_first(a.len(), b.len(), max_tokens - 3);
        Sequence {
            ids: [&[self.cls], &a[..kept_a], &[self.sep], &b[..kept_b], &[self.sep]].concat(),
            first_segment: kept_a + 2,
            truncated: kept_a < a.len() || kept_b < b.len(),
        }
    }
}

/// Ids of CLS and SEP by a tokenizer.json's post-processor, if it frames a pair as BERT does, with the types 0 and 1.
fn frame(post_processor: &Value) -> Option<(u32, u32)> {
    let number = |v: &Value| v.as_u64().and_then(|n| u32::try_from(n).ok());
    match post_processor["type"].as_str()? {
        "BertProcessing" => Some((number(&post_processor["cls"][1])?, number(&post_processor["sep"][1])?)),
        "TemplateProcessing" => {
            let special = |part: &Value, segment: u64| {
                let token = &part["SpecialToken"];
                let ids = post_processor["special_tokens"][token["id"].as_str()?]["ids"].as_array()?;
                (ids.len() == 1 && token["type_id"] == segment).then(|| number(&ids[0]))?
            };
            let text = |part: &Value, name: &str, segment: u64| part["Sequence"] == serde_json::json!({ "id": name, "type_id": segment });
            let [first, a, middle, b, last] = post_processor["pair"].as_array()?.as_slice() else { return None };
            let (cls, sep) = (special(first, 0)?, special(middle, 0)?);
            (text(a, "A", 0) && text(b, "B", 1) && special(last, 1)? == sep).then_some((cls, sep))
        }
        _ => None,
    }
}

/// How many tokens of two texts of `a` and `b` tokens remain when both together may have `room`: the longer is cut to
/// what the shorter leaves, and where that is not enough both get half (the odd token goes to the longer, to the second
/// where they are equal). Equals the tokenizers library's `LongestFirst`.
fn longest_first(a: usize, b: usize, room: usize) -> (usize, usize) {
    if a + b <= room {
        return (a, b);
    }
    let (short, half) = (a.min(b), room / 2);
    let (short, long) = if short <= half { (short, room - short) } else { (half, room - half) };
    if a <= b { (short, long) } else { (long, short) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokenizers::Encoding;
    use tokenizers::utils::truncation::{TruncationParams, truncate_encodings};

    fn encoding(n: usize) -> Encoding {
        Encoding::from_tokens((0..n).map(|i| tokenizers::Token::new(i as u32, "x".into(), (i, i + 1))).collect(), 0)
    }

    proptest! {
        #[test]
        fn pairs_are_cut_as_the_library_cuts_them(a in 0usize..700, b in 0usize..700, room in 1usize..600) {
            let params = TruncationParams { max_length: room, ..Default::default() };
            let (x, y) = truncate_encodings(encoding(a), Some(encoding(b)), &params).unwrap();
            prop_assert_eq!(longest_first(a, b, room), (x.len(), y.unwrap().len()));
        }
    }
}
