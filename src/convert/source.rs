//! What a checkpoint in Hugging Face's layout is, from the small files that lie beside its weights.

use super::{ConvertError, WEIGHTS};
use crate::model::{Cosine, Gates, Head, LateInteraction, Pooling, Tokenizer};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The files of a checkpoint but for its weights. All but the first two are optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Files {
    /// config.json.
    pub config: String,
    /// tokenizer.json.
    pub tokenizer: String,
    /// modules.json of sentence-transformers.
    pub modules: Option<String>,
    /// 1_Pooling/config.json of sentence-transformers.
    pub pooling: Option<String>,
    /// sentence_bert_config.json of sentence-transformers.
    pub sentence_bert: Option<String>,
    /// head.json of a cross-encoder with a cosine for its head.
    pub head: Option<String>,
}

impl Files {
    /// Reads them from a folder.
    ///
    /// # Errors
    /// [`ConvertError::File`] naming a file that is missing or cannot be read.
    pub fn from_folder(folder: &Path) -> Result<Self, ConvertError> {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| in_folder(folder, name, &e));
        let optional = |name: &str| folder.join(name).exists().then(|| text(name)).transpose();
        Ok(Self {
            config: text("config.json")?,
            tokenizer: text("tokenizer.json")?,
            modules: optional("modules.json")?,
            pooling: optional("1_Pooling/config.json")?,
            sentence_bert: optional("sentence_bert_config.json")?,
            head: optional("head.json")?,
        })
    }
}

/// The weights of a checkpoint in a folder.
///
/// # Errors
/// [`ConvertError::File`] if they are missing or cannot be read.
pub fn open_weights(folder: &Path) -> Result<std::fs::File, ConvertError> {
    std::fs::File::open(folder.join(WEIGHTS)).map_err(|e| in_folder(folder, WEIGHTS, &e))
}

fn in_folder(folder: &Path, name: &str, error: &std::io::Error) -> ConvertError {
    ConvertError::File { file: folder.join(name).display().to_string(), problem: error.to_string() }
}

/// What is to be taken from here instead of from the files.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A bi-encoder's pooling.
    pub pooling: Option<Pooling>,
    /// Longest input in tokens.
    pub max_tokens: Option<usize>,
    /// What a bi-encoder wants before a query.
    pub query_prefix: Option<String>,
}

#[derive(Deserialize)]
struct BertConfig {
    model_type: String,
    #[serde(default)]
    architectures: Vec<String>,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f64,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

/// head.json. One structure for all kinds, as reading a tagged enum takes 10 KB more of the page's download.
#[derive(Deserialize)]
struct OwnHead {
    head: HeadKind,
    scale: f32,
    bias: f32,
    late: Option<f32>,
    #[serde(default)]
    terms: Vec<f32>,
    /// So many layers read query and passage apart.
    apart: Option<usize>,
    /// Of the other layers, one row each, a number for each head.
    #[serde(default)]
    gates: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HeadKind {
    SegmentCosine,
    GatedLateInteraction,
}

#[derive(Deserialize)]
struct SentenceBert {
    max_seq_length: Option<usize>,
}

/// What a model is for and what stands on its encoder.
pub(super) enum Use {
    BiEncoder(Pooling),
    CrossEncoder(Head),
}

/// A checkpoint, understood.
pub(super) struct Source {
    pub role: Use,
    pub shape: Shape,
    pub epsilon: f32,
    pub max_tokens: usize,
    pub query_prefix: Option<String>,
    pub tokenizer: Tokenizer,
    pub tokenizer_json: String,
}

/// The sizes of an encoder.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub width: usize,
    pub layers: usize,
    pub inner: usize,
    pub heads: usize,
    pub positions: usize,
    pub words: usize,
    pub segments: usize,
}

fn json<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConvertError> {
    serde_json::from_str(text).map_err(|e| ConvertError::File { file: file.into(), problem: e.to_string() })
}

impl Source {
    pub fn read(files: Files, overrides: &Overrides) -> Result<Self, ConvertError> {
        let config: BertConfig = json("config.json", &files.config)?;
        check(&config)?;
        let role = role(&files, &config, overrides)?;
        let sentence_bert: Option<SentenceBert> =
            files.sentence_bert.as_deref().map(|t| json("sentence_bert_config.json", t)).transpose()?;
        let own = sentence_bert.and_then(|c| c.max_seq_length).unwrap_or(config.max_position_embeddings);
        let max_tokens = overrides.max_tokens.unwrap_or(own).min(config.max_position_embeddings);
        if max_tokens < 4 {
            return Err(ConvertError::Unsupported(format!("a greatest length of {max_tokens} tokens")));
        }
        if matches!(role, Use::CrossEncoder(_)) && config.type_vocab_size < 2 {
            return Err(ConvertError::Unsupported("a cross-encoder that does not tell query from passage by token type".into()));
        }
        let tokenizer = Tokenizer::from_json(&files.tokenizer)
            .map_err(|e| ConvertError::File { file: "tokenizer.json".into(), problem: e.to_string() })?;
        let shape = Shape {
            width: config.hidden_size,
            layers: config.num_hidden_layers,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            positions: config.max_position_embeddings,
            words: config.vocab_size,
            segments: config.type_vocab_size,
        };
        Ok(Self {
            role,
            shape,
            epsilon: config.layer_norm_eps as f32,
            max_tokens,
            query_prefix: overrides.query_prefix.clone(),
            tokenizer,
            tokenizer_json: files.tokenizer,
        })
    }
}

fn check(config: &BertConfig) -> Result<(), ConvertError> {
    let refuse = |what: String| Err(ConvertError::Unsupported(what));
    if config.model_type != "bert" {
        return refuse(format!("model type {:?}", config.model_type));
    }
    if config.hidden_act != "gelu" {
        return refuse(format!("activation {:?} (only the exact \"gelu\" is)", config.hidden_act));
    }
    if config.position_embedding_type.as_deref().unwrap_or("absolute") != "absolute" || config.is_decoder {
        return refuse("a decoder, or relative positions,".into());
    }
    if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        return refuse(format!("a width of {} with {} heads", config.hidden_size, config.num_attention_heads));
    }
    if config.hidden_size == 0 || config.num_hidden_layers == 0 || config.intermediate_size == 0 {
        return refuse("a model without layers or without width".into());
    }
    Ok(())
}

impl OwnHead {
    fn understood(self, config: &BertConfig) -> Result<Head, ConvertError> {
        let Self { head, scale, bias, late, terms, apart, gates: rows } = self;
        let cosine = Cosine { scale, bias };
        if let HeadKind::SegmentCosine = head {
            return Ok(Head::SegmentCosine(cosine));
        }
        let refuse = |problem: &str| Err(ConvertError::File { file: "head.json".into(), problem: problem.into() });
        let (Some(scale), Some(apart)) = (late, apart) else {
            return refuse("there must be the numbers late and apart");
        };
        let late = LateInteraction { scale, terms };
        if !late.fits(config.hidden_size) {
            return refuse("there must be as many terms, numbers between -10000 and 10000, as a hidden state has");
        }
        let gates = Gates { apart, values: rows.concat() };
        if rows.iter().any(|row| row.len() != config.num_attention_heads)
            || !gates.fit(config.num_hidden_layers, config.num_attention_heads)
        {
            return refuse("there must be a gate, a number between -10000 and 10000, for each head of each layer that does not read apart");
        }
        Ok(Head::GatedLateInteraction { cosine, late, gates })
    }
}

fn role(files: &Files, config: &BertConfig, overrides: &Overrides) -> Result<Use, ConvertError> {
    if let Some(text) = &files.head {
        return json::<OwnHead>("head.json", text)?.understood(config).map(Use::CrossEncoder);
    }
    match config.architectures.first().map_or("BertModel", String::as_str) {
        "BertForSequenceClassification" => Ok(Use::CrossEncoder(Head::Classifier)),
        "BertModel" => pooling(files, overrides).map(Use::BiEncoder),
        other => Err(ConvertError::Unsupported(format!("architecture {other}"))),
    }
}

fn pooling(files: &Files, overrides: &Overrides) -> Result<Pooling, ConvertError> {
    if let Some(text) = &files.modules {
        let modules: Vec<serde_json::Value> = json("modules.json", text)?;
        let kinds = modules.iter().filter_map(|m| m["type"].as_str()?.rsplit('.').next());
        if let Some(other) = kinds.into_iter().find(|kind| !["Transformer", "Pooling", "Normalize"].contains(kind)) {
            return Err(ConvertError::Unsupported(format!("the sentence-transformers module {other}")));
        }
    }
    if let Some(pooling) = overrides.pooling {
        return Ok(pooling);
    }
    let Some(text) = &files.pooling else {
        return Err(ConvertError::Unsupported("a BertModel without 1_Pooling/config.json, head.json or a stated pooling".into()));
    };
    let settings: serde_json::Map<String, serde_json::Value> = json("1_Pooling/config.json", text)?;
    // Older files have a switch per mode, newer ones one name.
    let switched = settings.iter().filter(|(key, on)| key.starts_with("pooling_mode_") && **on == true).map(|(key, _)| &key[13..]);
    let modes: Vec<&str> = match settings.get("pooling_mode").and_then(|m| m.as_str()) {
        Some(mode) => vec![mode],
        None => switched.collect(),
    };
    match modes[..] {
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::Cls),
        _ => Err(ConvertError::Unsupported(format!("pooling {modes:?}"))),
    }
}
