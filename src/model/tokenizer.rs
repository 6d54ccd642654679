//! From text to token ids, as the checkpoint's own tokenizer does it.
//!
//! Truncation and padding settings of tokenizer.json are ignored: many files carry a length of 128 that is not the
//! model's. Texts are cut here, as Hugging Face's `longest_first` does; padding is never made.

use super::ModelError;
use super::added_tokens::AddedTokens;
use crate::backend::Packing;
use ahash::AHashMap;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};
use tokenizers::decoders::wordpiece::WordPiece as Decoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{AddedToken, Model, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, TokenizerImpl};

/// Token ids ready for the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Length of the first segment: all tokens of a single text; CLS, query and SEP of a pair.
    pub first_segment: usize,
    /// Whether the second segment is a text by itself, with positions of its own and type 0, rather than type 1.
    pub apart: bool,
    /// Whether tokens were cut off.
    pub truncated: bool,
}

impl Sequence {
    /// Type of each token.
    pub fn types(&self) -> Vec<u8> {
        (0..self.ids.len()).map(|i| u8::from(i >= self.first_segment && !self.apart)).collect()
    }

    /// The packing of several sequences. Texts that are apart become two.
    pub fn pack<'a>(sequences: impl IntoIterator<Item = &'a Self>) -> Packing {
        let mut packing = Packing::new();
        for sequence in sequences {
            let (ids, types) = (&sequence.ids, sequence.types());
            let first = if sequence.apart { sequence.first_segment } else { ids.len() };
            packing.push(&ids[..first], &types[..first]);
            if sequence.apart {
                packing.push(&ids[first..], &types[first..]);
            }
        }
        packing
    }
}

/// The library's pipeline with the parts that BERT checkpoints have. Reading a tokenizer.json of any kind would link
/// every kind of tokenizer, and the pages download what is linked.
pub(crate) type Pipeline = TokenizerImpl<WordPiece, BertNormalizer, BertPreTokenizer, BertProcessing, Decoder>;

/// The checkpoint's tokenizer.
pub struct Tokenizer {
    inner: Pipeline,
    /// Added tokens looked for in the text as it is.
    raw: AddedTokens,
    /// Added tokens looked for in the normalized text.
    normalized: AddedTokens,
    cls: u32,
    sep: u32,
    /// The greatest id in the vocabulary.
    greatest: u32,
    /// What it was read from.
    json: Box<str>,
}

thread_local! {
    /// The one that was read last, as long as a model has it.
    static LAST: RefCell<Weak<Tokenizer>> = RefCell::default();
}

/// Those parts of a tokenizer.json that make ids of a text. What may be of another kind is taken as it comes at first.
#[derive(Deserialize)]
struct Parts {
    version: Option<String>,
    model: WordPieces,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    added_tokens: Vec<Value>,
}

/// A model, which is more often than not WordPiece.
#[derive(Deserialize)]
struct WordPieces {
    r#type: Option<String>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    vocab: Option<Vocabulary>,
}

/// Tokens and their ids, in the file's order.
struct Vocabulary(Vec<(String, u32)>);

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vocabulary;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a vocabulary")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Vocabulary(entries))
            }
            // So other kinds of tokenizers have theirs; what is wrong with them is said elsewhere.
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vocabulary, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Vocabulary(Vec::new()))
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

impl Tokenizer {
    /// [`Self::from_json`], or the tokenizer that was read last where it came from the same text: the two models of a page
    /// usually have the same, and it takes longer to read than all the rest of their files.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn shared(json: &str) -> Result<Arc<Self>, ModelError> {
        LAST.with_borrow_mut(|last| {
            if let Some(same) = last.upgrade().filter(|tokenizer| *tokenizer.json == *json) {
                return Ok(same);
            }
            let new = Arc::new(Self::from_json(json)?);
            *last = Arc::downgrade(&new);
            Ok(new)
        })
    }

    /// Reads a tokenizer.json.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] if it cannot be parsed; [`ModelError::Unsupported`] if it is of another kind than BERT's
    /// (WordPiece, after BERT's normalizer and pre-tokenizer or none) or does not frame texts as BERT does:
    /// `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]` with the types 0 and 1.
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        let parts: Parts = serde_json::from_str(json).map_err(unreadable)?;
        let (cls, sep) = parts.frame()?;
        let (model, greatest) = parts.model.build()?;
        let failed = |e: tokenizers::Error| ModelError::Tokenizer(e.to_string());
        let mut inner = Pipeline::new(model);
        let normalizer: Option<BertNormalizer> = parts.normalizer.map(part).transpose()?;
        let pre_tokenizer: Option<BertPreTokenizer> = parts.pre_tokenizer.map(part).transpose()?;
        inner.with_normalizer(normalizer).map_err(failed)?.with_pre_tokenizer(pre_tokenizer);
        let added: Vec<AddedToken> = parts.added_tokens.into_iter().map(part).collect::<Result<_, _>>()?;
        inner.add_tokens(added).map_err(failed)?;
        let (normalized, raw): (Vec<_>, Vec<_>) = inner.get_added_tokens_decoder().into_iter().partition(|(_, token)| token.normalized);
        let normalized_form = |id| inner.get_added_vocabulary().simple_id_to_token(id).unwrap_or_default();
        Ok(Self {
            raw: AddedTokens::new(raw.into_iter().map(|(id, token)| (token.content.clone(), id, token))),
            normalized: AddedTokens::new(normalized.into_iter().map(|(id, token)| (normalized_form(id), id, token))),
            inner,
            cls,
            sep,
            greatest,
            json: json.into(),
        })
    }

    /// The library's tokenizer.
    pub(crate) fn inner(&self) -> &Pipeline {
        &self.inner
    }

    /// Rows that a table of word embeddings must have: the greatest token id, added tokens included, and one.
    pub fn rows_needed(&self) -> usize {
        let added = self.inner.get_added_tokens_decoder().into_keys().max().unwrap_or_default();
        let greatest = self.greatest.max(added).max(self.cls).max(self.sep);
        usize::try_from(greatest).map_or(usize::MAX, |id| id.saturating_add(1))
    }

    /// Token ids of a text without special tokens, uncut.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.encode(text).map_err(|e| ModelError::Tokenizer(e.to_string()))
    }

    /// What the library's `encode_fast` does, with [`AddedTokens`] in the place of its own.
    fn encode(&self, text: &str) -> tokenizers::Result<Vec<u32>> {
        let mut pieces = PreTokenizedString::from(text);
        pieces.split(|_, piece| self.raw.split(piece))?;
        pieces.split(|_, mut piece| {
            self.inner.get_normalizer().map_or(Ok(()), |normalizer| normalizer.normalize(&mut piece))?;
            self.normalized.split(piece)
        })?;
        self.inner.get_pre_tokenizer().map_or(Ok(()), |pre_tokenizer| pre_tokenizer.pre_tokenize(&mut pieces))?;
        pieces.tokenize(|piece| self.inner.get_model().tokenize(piece.get()))?;
        let pieces = pieces.get_splits(OffsetReferential::Normalized, OffsetType::None);
        Ok(pieces.into_iter().filter_map(|(_, _, tokens)| tokens.as_ref()).flatten().map(|token| token.id).collect())
    }

    /// `[CLS] text [SEP]`, at most `max_tokens` long.
    pub fn single(&self, ids: &[u32], max_tokens: usize) -> Sequence {
        let kept = ids.len().min(max_tokens - 2);
        let ids_out: Vec<u32> = [&[self.cls], &ids[..kept], &[self.sep]].concat();
        Sequence { first_segment: ids_out.len(), ids: ids_out, apart: false, truncated: kept < ids.len() }
    }

    /// `[CLS] a [SEP] b [SEP]`, at most `max_tokens` long, the longer of the two cut first.
    pub fn pair(&self, a: &[u32], b: &[u32], max_tokens: usize) -> Sequence {
        let (kept_a, kept_b) = longest_first(a.len(), b.len(), max_tokens - 3);
        Sequence {
            ids: [&[self.cls], &a[..kept_a], &[self.sep], &b[..kept_b], &[self.sep]].concat(),
            first_segment: kept_a + 2,
            apart: false,
            truncated: kept_a < a.len() || kept_b < b.len(),
        }
    }

    /// `[CLS] a [SEP] [CLS] b [SEP]`, two texts of at most `max_tokens` together, the longer one cut first.
    pub fn pair_apart(&self, a: &[u32], b: &[u32], max_tokens: usize) -> Sequence {
        let Sequence { mut ids, first_segment, truncated, .. } = self.pair(a, b, max_tokens - 1);
        ids.insert(first_segment, self.cls);
        Sequence { ids, first_segment, apart: true, truncated }
    }
}

fn unreadable(e: serde_json::Error) -> ModelError {
    ModelError::Tokenizer(e.to_string())
}

/// A part that has been found to be of the right kind.
fn part<T: DeserializeOwned>(value: Value) -> Result<T, ModelError> {
    serde_json::from_value(value).map_err(unreadable)
}

impl WordPieces {
    /// The library's model, and the greatest id.
    fn build(self) -> Result<(WordPiece, u32), ModelError> {
        let lacks = |what: &str| ModelError::Tokenizer(format!("its model lacks {what}"));
        let Vocabulary(entries) = self.vocab.ok_or_else(|| lacks("vocab"))?;
        let greatest = entries.iter().map(|(_, id)| *id).max().unwrap_or_default();
        let model = WordPiece::builder()
            // The number of entries is known by now, so that the table needn't grow.
            .vocab(entries.into_iter().collect::<AHashMap<_, _>>())
            .unk_token(self.unk_token.ok_or_else(|| lacks("unk_token"))?)
            .continuing_subword_prefix(self.continuing_subword_prefix.ok_or_else(|| lacks("continuing_subword_prefix"))?)
            .max_input_chars_per_word(self.max_input_chars_per_word.ok_or_else(|| lacks("max_input_chars_per_word"))?)
            .build();
        Ok((model.map_err(|e| ModelError::Tokenizer(e.to_string()))?, greatest))
    }
}

impl Parts {
    /// Ids of CLS and SEP, if all parts are of the kinds that are handled.
    fn frame<'a>(&'a self) -> Result<(u32, u32), ModelError> {
        let unsupported = |what: String| Err(ModelError::Unsupported(what));
        if let Some(version) = self.version.as_deref().filter(|&version| version != "1.0") {
            return Err(ModelError::Tokenizer(format!("version {version:?} of tokenizer.json is unknown")));
        }
        let kind = |part: &'a Option<Value>| part.as_ref().and_then(|part| part["type"].as_str());
        let parts = [
            ("a tokenizer", self.model.r#type.as_deref(), "WordPiece"),
            ("a normalizer", kind(&self.normalizer), "BertNormalizer"),
            ("a pre-tokenizer", kind(&self.pre_tokenizer), "BertPreTokenizer"),
        ];
        for (what, part, handled) in parts {
            if let Some(kind) = part.filter(|&kind| kind != handled) {
                return unsupported(format!("{what} of the kind {kind:?} (only {handled:?} is)"));
            }
        }
        frame(&self.post_processor).map_or_else(|| unsupported("a tokenizer that does not frame pairs as [CLS] a [SEP] b [SEP]".into()), Ok)
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
    use std::str::FromStr;
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

    fn tiny() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-classifier/tokenizer.json")).unwrap()
    }

    #[test]
    fn models_with_the_same_tokenizer_share_it() {
        let (json, other) = (tiny(), tiny().replace("\"##rd\"", "\"##dr\""));
        assert_ne!(json, other);
        let first = Tokenizer::shared(&json).unwrap();
        assert!(Arc::ptr_eq(&first, &Tokenizer::shared(&json).unwrap()));
        assert!(Tokenizer::shared("{}").is_err());
        assert!(!Arc::ptr_eq(&first, &Tokenizer::shared(&other).unwrap()));
        let weak = Arc::downgrade(&first);
        drop(first);
        assert!(weak.upgrade().is_none(), "nothing is kept that no model has");
    }

    /// The library insists on the same fields.
    #[test]
    fn a_model_without_one_of_its_fields_is_refused() {
        let all: Value = serde_json::from_str(&tiny()).unwrap();
        for field in ["vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"] {
            let mut lacking = all.clone();
            lacking["model"].as_object_mut().unwrap().remove(field).unwrap();
            assert!(matches!(Tokenizer::from_json(&lacking.to_string()), Err(ModelError::Tokenizer(what)) if what.contains(field)));
            assert!(tokenizers::Tokenizer::from_str(&lacking.to_string()).is_err());
        }
    }
}
