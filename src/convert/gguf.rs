//! Writing the GGUF file.

use super::plan::NamedTensor;
use super::source::{Shape, Source, Use};
use super::{ConvertError, Target};
use crate::kernels::quant::Dtype;
use crate::model::names::key;
use crate::model::{Cosine, Gates, LateInteraction, Pooling, Tokenizer};
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QStorage, QTensor, QuantizedType};
use candle_core::{CpuStorage, bail};
use half::f16;
use std::io::Cursor;

/// What the vocabulary and the names take up beside tokenizer.json, generously.
const ROOM: usize = 4 << 20;

pub(super) fn write(source: &Source, target: &Target, weights_sha256: &str, tensors: Vec<NamedTensor>) -> Result<Vec<u8>, ConvertError> {
    let failed = |e: candle_core::Error| ConvertError::File { file: "the GGUF file".into(), problem: e.to_string() };
    let size = tensors.iter().map(|t| t.bytes.len()).sum::<usize>() + source.tokenizer_json.len() + ROOM;
    let tensors: Vec<(String, QTensor)> = tensors
        .into_iter()
        .map(|t| {
            let encoded = Encoded { dtype: ggml_type(t.dtype), bytes: t.bytes };
            Ok((t.name, QTensor::new(QStorage::Cpu(Box::new(encoded)), t.shape)?))
        })
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata = metadata(source, target, weights_sha256)?;
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let mut out = Vec::new();
    out.try_reserve_exact(size).map_err(|_| ConvertError::OutOfMemory(size))?;
    let mut out = Cursor::new(out);
    gguf_file::write(&mut out, &metadata, &tensors).map_err(failed)?;
    let mut bytes = out.into_inner();
    // candle writes version 2, whose little-endian layout is also that of version 3, the one that tools expect today.
    bytes[4..8].copy_from_slice(&3u32.to_le_bytes());
    Ok(bytes)
}

/// A tensor already encoded, as candle's writer wants it. candle's own types of this kind would bring along, for every
/// block format there is, quantization and matrix products, and the page would have to download them.
struct Encoded {
    dtype: GgmlDType,
    bytes: Vec<u8>,
}

impl QuantizedType for Encoded {
    fn dtype(&self) -> GgmlDType {
        self.dtype
    }

    fn storage_size_in_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn as_ptr(&self) -> *const u8 {
        self.bytes.as_ptr()
    }

    fn block_size(&self) -> usize {
        self.dtype.block_size()
    }

    fn size(&self) -> usize {
        self.bytes.len()
    }

    fn matmul_t(&self, _: (usize, usize, usize), _: &[f32], _: &mut [f32]) -> candle_core::Result<()> {
        bail!("{ONLY_WRITTEN}")
    }

    fn matmul_t_f16(&self, _: (usize, usize, usize), _: &[f16], _: &mut [f16]) -> candle_core::Result<()> {
        bail!("{ONLY_WRITTEN}")
    }

    fn embedding(&self, _: &[u32], _: usize, _: usize) -> candle_core::Result<CpuStorage> {
        bail!("{ONLY_WRITTEN}")
    }

    fn dequantize(&self, _: usize) -> candle_core::Result<CpuStorage> {
        bail!("{ONLY_WRITTEN}")
    }

    fn from_float(&mut self, _: &[f32]) {
        unreachable!("{ONLY_WRITTEN}")
    }

    fn from_float_imatrix(&mut self, _: &[f32], _: &[f32], _: usize) {
        unreachable!("{ONLY_WRITTEN}")
    }
}

const ONLY_WRITTEN: &str = "an encoded tensor is written, not computed with";

fn ggml_type(dtype: Dtype) -> GgmlDType {
    match dtype {
        Dtype::F32 => GgmlDType::F32,
        Dtype::F16 => GgmlDType::F16,
        Dtype::Q8 => GgmlDType::Q8_0,
        Dtype::Q4 => GgmlDType::Q4_0,
    }
}

/// Code of `general.file_type`.
fn file_type(dtype: Dtype) -> u32 {
    match dtype {
        Dtype::F32 => 0,
        Dtype::F16 => 1,
        Dtype::Q4 => 2,
        Dtype::Q8 => 7,
    }
}

fn metadata(source: &Source, target: &Target, weights_sha256: &str) -> Result<Vec<(&'static str, Value)>, ConvertError> {
    let number = |n: usize| Value::U32(n as u32);
    let text = |s: &str| Value::String(s.into());
    let Shape { width, layers, inner, heads, positions, .. } = source.shape;
    let mut out = vec![
        (key::ARCHITECTURE, text("bert")),
        (key::NAME, text(&target.id)),
        (key::FILE_TYPE, Value::U32(file_type(target.dtype))),
        (key::QUANTIZATION_VERSION, Value::U32(2)),
        (key::CONTEXT, number(positions)),
        (key::WIDTH, number(width)),
        (key::LAYERS, number(layers)),
        (key::INNER, number(inner)),
        (key::HEADS, number(heads)),
        (key::EPSILON, Value::F32(source.epsilon)),
        (key::CAUSAL, Value::Bool(false)),
        (key::MAX_TOKENS, number(source.max_tokens)),
        (key::SOURCE_SHA256, text(weights_sha256)),
    ];
    if let Some(licence) = &target.licence {
        out.push((key::LICENCE, text(licence)));
    }
    if let Some(prefix) = &source.query_prefix {
        out.push((key::QUERY_PREFIX, text(prefix)));
    }
    match &source.role {
        Use::BiEncoder(pooling) => {
            out.push((key::ROLE, text("bi-encoder")));
            out.push((key::POOLING, Value::U32(if *pooling == Pooling::Mean { 1 } else { 2 })));
        }
        Use::CrossEncoder(head) => {
            out.push((key::ROLE, text("cross-encoder")));
            out.push((key::POOLING, Value::U32(4)));
            out.push(("bert.classifier.output_labels", Value::Array(vec![text("relevance")])));
            out.push((key::HEAD, text(head.name())));
            if let Some(Cosine { scale, bias }) = head.cosine() {
                out.extend([(key::SCALE, Value::F32(scale)), (key::BIAS, Value::F32(bias))]);
            }
            let floats = |values: &[f32]| Value::Array(values.iter().map(|x| Value::F32(*x)).collect());
            if let Some(LateInteraction { scale, terms }) = head.late() {
                out.extend([(key::LATE, Value::F32(*scale)), (key::TERMS, floats(terms))]);
            }
            if let Some(Gates { apart, values }) = head.gates() {
                out.push((key::APART, number(*apart)));
                out.push((key::GATES, floats(values)));
            }
        }
    }
    out.extend(vocabulary(&source.tokenizer)?);
    out.push((key::TOKENIZER, text(&source.tokenizer_json)));
    Ok(out)
}

/// The vocabulary as other GGUF tools read it: word starts marked with U+2581, continuations without their `##`, special
/// tokens as they are. This library itself reads `tokenizer.huggingface.json`.
fn vocabulary(tokenizer: &Tokenizer) -> Result<Vec<(&'static str, Value)>, ConvertError> {
    const NORMAL: i32 = 1;
    const UNKNOWN: i32 = 2;
    const CONTROL: i32 = 3;
    let wrong = |problem: String| ConvertError::File { file: "tokenizer.json".into(), problem };
    let parsed = tokenizer.inner();
    let special = parsed.get_added_tokens_decoder();
    let (mut tokens, mut types) = (Vec::new(), Vec::new());
    for id in 0..parsed.get_vocab_size(true) as u32 {
        let token = parsed.id_to_token(id).ok_or_else(|| wrong(format!("no token has the id {id}")))?;
        let kind = match special.get(&id) {
            Some(_) if token == "[UNK]" => UNKNOWN,
            Some(_) => CONTROL,
            None => NORMAL,
        };
        let stored = match (kind, token.strip_prefix("##")) {
            (NORMAL, Some(rest)) => rest.into(),
            (NORMAL, None) => format!("\u{2581}{token}"),
            _ => token,
        };
        tokens.push(Value::String(stored));
        types.push(Value::I32(kind));
    }
    let mut out = vec![
        ("tokenizer.ggml.model", Value::String("bert".into())),
        ("tokenizer.ggml.tokens", Value::Array(tokens)),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.token_type_count", Value::U32(2)),
    ];
    for (name, token) in [
        ("tokenizer.ggml.cls_token_id", "[CLS]"),
        ("tokenizer.ggml.bos_token_id", "[CLS]"),
        ("tokenizer.ggml.eos_token_id", "[SEP]"),
        ("tokenizer.ggml.seperator_token_id", "[SEP]"),
        ("tokenizer.ggml.unknown_token_id", "[UNK]"),
        ("tokenizer.ggml.padding_token_id", "[PAD]"),
        ("tokenizer.ggml.mask_token_id", "[MASK]"),
    ] {
        if let Some(id) = parsed.token_to_id(token) {
            out.push((name, Value::U32(id)));
        }
    }
    Ok(out)
}
