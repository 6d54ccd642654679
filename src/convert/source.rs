//! Reading a checkpoint in Hugging Face's layout: what it is, and its tensors under our names.

use super::ConvertError;
use crate::kernels::quant::{Dtype, quantize};
use crate::model::names::{self, layer};
use crate::model::{Head, Pooling, Tokenizer};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// The files of a checkpoint. All but the first three are optional.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// config.json.
    pub config: String,
    /// tokenizer.json.
    pub tokenizer: String,
    /// model.safetensors.
    pub weights: Vec<u8>,
    /// modules.json of sentence-transformers.
    pub modules: Option<String>,
    /// 1_Pooling/config.json of sentence-transformers.
    pub pooling: Option<String>,
    /// sentence_bert_config.json of sentence-transformers.
    pub sentence_bert: Option<String>,
    /// head.json of a `segment-cosine` cross-encoder.
    pub head: Option<String>,
}

impl Files {
    /// Reads them from a folder.
    ///
    /// # Errors
    /// [`ConvertError::File`] naming a file that is missing or cannot be read.
    pub fn from_folder(folder: &std::path::Path) -> Result<Self, ConvertError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|e| ConvertError::File { file: path.display().to_string(), problem: e.to_string() })
        };
        let text =
            |name: &str| String::from_utf8(read(name)?).map_err(|e| ConvertError::File { file: name.into(), problem: e.to_string() });
        let optional = |name: &str| folder.join(name).exists().then(|| text(name)).transpose();
        Ok(Self {
            config: text("config.json")?,
            tokenizer: text("tokenizer.json")?,
            weights: read("model.safetensors")?,
            modules: optional("modules.json")?,
            pooling: optional("1_Pooling/config.json")?,
            sentence_bert: optional("sentence_bert_config.json")?,
            head: optional("head.json")?,
        })
    }
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

#[derive(Deserialize)]
struct SegmentCosineHead {
    head: String,
    scale: f32,
    bias: f32,
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
pub(super) struct Source<'a> {
    config: BertConfig,
    pub role: Use,
    pub max_tokens: usize,
    pub query_prefix: Option<String>,
    pub tokenizer: Tokenizer,
    pub tokenizer_json: &'a str,
    weights: SafeTensors<'a>,
    pub weights_sha256: String,
}

/// A tensor ready to be written.
pub(super) struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub bytes: Vec<u8>,
}

fn json<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConvertError> {
    serde_json::from_str(text).map_err(|e| ConvertError::File { file: file.into(), problem: e.to_string() })
}

impl<'a> Source<'a> {
    pub fn read(files: &'a Files, overrides: &Overrides) -> Result<Self, ConvertError> {
        let config: BertConfig = json("config.json", &files.config)?;
        check(&config)?;
        let role = role(files, &config, overrides)?;
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
        let weights = SafeTensors::deserialize(&files.weights)
            .map_err(|e| ConvertError::File { file: "model.safetensors".into(), problem: e.to_string() })?;
        let tokenizer = Tokenizer::from_json(&files.tokenizer)
            .map_err(|e| ConvertError::File { file: "tokenizer.json".into(), problem: e.to_string() })?;
        Ok(Self {
            config,
            role,
            max_tokens,
            query_prefix: overrides.query_prefix.clone(),
            tokenizer,
            tokenizer_json: &files.tokenizer,
            weights,
            weights_sha256: crate::model::manifest::sha256(&files.weights),
        })
    }

    /// Width, layers, inner width, heads, positions.
    pub fn shape(&self) -> [usize; 5] {
        let c = &self.config;
        [c.hidden_size, c.num_hidden_layers, c.intermediate_size, c.num_attention_heads, c.max_position_embeddings]
    }

    pub fn epsilon(&self) -> f32 {
        self.config.layer_norm_eps as f32
    }

    /// All tensors in the order of the file, large matrices stored as `dtype`.
    pub fn tensors(&self, dtype: Dtype) -> Result<Vec<NamedTensor>, ConvertError> {
        let BertConfig { hidden_size: width, intermediate_size: inner, .. } = self.config;
        let mut taker = Taker::new(&self.weights, dtype);
        taker.matrix(names::WORDS, "embeddings.word_embeddings.weight", self.config.vocab_size, width)?;
        taker.plain(names::POSITIONS, "embeddings.position_embeddings.weight", &[self.config.max_position_embeddings, width])?;
        taker.plain(names::SEGMENTS, "embeddings.token_type_embeddings.weight", &[self.config.type_vocab_size, width])?;
        taker.norm(names::EMBEDDING_NORM, "embeddings.LayerNorm", width)?;
        for i in 0..self.config.num_hidden_layers {
            let ours = |part: &str| format!("blk.{i}.{part}");
            let theirs = |part: &str| format!("encoder.layer.{i}.{part}");
            for (name, part) in [(layer::QUERY, "query"), (layer::KEY, "key"), (layer::VALUE, "value")] {
                taker.linear(&ours(name), &theirs(&format!("attention.self.{part}")), width, width)?;
            }
            taker.linear(&ours(layer::ATTENTION_OUTPUT), &theirs("attention.output.dense"), width, width)?;
            taker.norm(&ours(layer::ATTENTION_NORM), &theirs("attention.output.LayerNorm"), width)?;
            taker.linear(&ours(layer::UP), &theirs("intermediate.dense"), inner, width)?;
            taker.linear(&ours(layer::DOWN), &theirs("output.dense"), width, inner)?;
            taker.norm(&ours(layer::OUTPUT_NORM), &theirs("output.LayerNorm"), width)?;
        }
        match self.role {
            Use::CrossEncoder(Head::Classifier) => {
                self.insist_on_one_logit()?;
                taker.linear(names::POOLER, "pooler.dense", width, width)?;
                taker.plain(&format!("{}.weight", names::CLASSIFIER), "classifier.weight", &[1, width])?;
                taker.plain(&format!("{}.bias", names::CLASSIFIER), "classifier.bias", &[1])?;
            }
            // A pooler beside mean pooling, CLS pooling or segment-cosine is a remnant of pretraining that nothing reads.
            Use::BiEncoder(_) | Use::CrossEncoder(Head::SegmentCosine { .. }) => {
                taker.pass_over(&["pooler.dense.weight", "pooler.dense.bias"])
            }
        }
        // Not weights: the numbers 0, 1, 2, ... that old versions of the library saved.
        taker.pass_over(&["embeddings.position_ids"]);
        taker.finish()
    }

    fn insist_on_one_logit(&self) -> Result<(), ConvertError> {
        match self.weights.tensor("classifier.weight") {
            Ok(tensor) if tensor.shape().first().is_some_and(|&outputs| outputs != 1) => {
                Err(ConvertError::Unsupported(format!("a classifier with {} outputs", tensor.shape()[0])))
            }
            _ => Ok(()),
        }
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

fn role(files: &Files, config: &BertConfig, overrides: &Overrides) -> Result<Use, ConvertError> {
    if let Some(text) = &files.head {
        let head: SegmentCosineHead = json("head.json", text)?;
        if head.head != "segment-cosine" {
            return Err(ConvertError::Unsupported(format!("head {:?} in head.json", head.head)));
        }
        return Ok(Use::CrossEncoder(Head::SegmentCosine { scale: head.scale, bias: head.bias }));
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

/// Takes tensors out of a checkpoint one by one, and knows in the end which were left.
struct Taker<'a> {
    weights: &'a SafeTensors<'a>,
    left: BTreeSet<String>,
    prefix: &'static str,
    dtype: Dtype,
    taken: Vec<NamedTensor>,
}

impl<'a> Taker<'a> {
    fn new(weights: &'a SafeTensors<'a>, dtype: Dtype) -> Self {
        let left: BTreeSet<String> = weights.names().into_iter().map(String::from).collect();
        let prefix = if left.iter().any(|name| name.starts_with("bert.")) { "bert." } else { "" };
        Self { weights, left, prefix, dtype, taken: Vec::new() }
    }

    /// The checkpoint's name: the classifier alone stands outside the prefix.
    fn full_name(&self, theirs: &str) -> String {
        if theirs.starts_with("classifier.") { theirs.into() } else { format!("{}{theirs}", self.prefix) }
    }

    fn values(&mut self, theirs: &str, shape: &[usize]) -> Result<Vec<f32>, ConvertError> {
        let name = self.full_name(theirs);
        let tensor = self.weights.tensor(&name).map_err(|_| ConvertError::MissingTensor(name.clone()))?;
        if tensor.shape() != shape {
            return Err(ConvertError::Shape { found: tensor.shape().to_vec(), expected: shape.to_vec(), name });
        }
        let bytes = tensor.data();
        let values: Vec<f32> = match tensor.dtype() {
            safetensors::Dtype::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            safetensors::Dtype::F16 => bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
            safetensors::Dtype::BF16 => bytes.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
            other => return Err(ConvertError::Unsupported(format!("the number type {other:?} of {name}"))),
        };
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            return Err(ConvertError::File { file: "model.safetensors".into(), problem: format!("{name}: value {at} is not a number") });
        }
        self.left.remove(&name);
        Ok(values)
    }

    fn store(&mut self, ours: &str, theirs: &str, shape: &[usize], dtype: Dtype) -> Result<(), ConvertError> {
        let values = self.values(theirs, shape)?;
        self.taken.push(NamedTensor { name: ours.into(), shape: shape.to_vec(), dtype, bytes: quantize(&values, dtype) });
        Ok(())
    }

    fn plain(&mut self, ours: &str, theirs: &str, shape: &[usize]) -> Result<(), ConvertError> {
        self.store(ours, theirs, shape, Dtype::F32)
    }

    fn matrix(&mut self, ours: &str, theirs: &str, rows: usize, cols: usize) -> Result<(), ConvertError> {
        let fits = cols.is_multiple_of(self.dtype.block_len());
        self.store(ours, theirs, &[rows, cols], if fits { self.dtype } else { Dtype::F16 })
    }

    fn linear(&mut self, ours: &str, theirs: &str, rows: usize, cols: usize) -> Result<(), ConvertError> {
        self.matrix(&format!("{ours}.weight"), &format!("{theirs}.weight"), rows, cols)?;
        self.plain(&format!("{ours}.bias"), &format!("{theirs}.bias"), &[rows])
    }

    fn norm(&mut self, ours: &str, theirs: &str, width: usize) -> Result<(), ConvertError> {
        self.plain(&format!("{ours}.weight"), &format!("{theirs}.weight"), &[width])?;
        self.plain(&format!("{ours}.bias"), &format!("{theirs}.bias"), &[width])
    }

    fn pass_over(&mut self, theirs: &[&str]) {
        for name in theirs {
            self.left.remove(&self.full_name(name));
        }
    }

    fn finish(self) -> Result<Vec<NamedTensor>, ConvertError> {
        if self.left.is_empty() {
            Ok(self.taken)
        } else {
            Err(ConvertError::UnknownTensors(self.left.into_iter().collect::<Vec<_>>().join(", ")))
        }
    }
}
