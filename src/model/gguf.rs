//! Reading GGUF files: metadata and tensors by name, every tensor taken exactly once.
//!
//! candle parses the header; tensors are views of the file's own bytes, so nothing is copied here.

use super::ModelError;
use crate::backend::Weight;
use crate::kernels::quant::Dtype;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;

/// A parsed GGUF file over its bytes.
pub struct Gguf<'a> {
    metadata: std::collections::HashMap<String, Value>,
    tensors: BTreeMap<String, Tensor<'a>>,
    taken: RefCell<std::collections::BTreeSet<String>>,
}

/// A tensor of the file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Extents, slowest first.
    pub shape: Vec<usize>,
    /// How the values are stored.
    pub dtype: Dtype,
    /// The encoded values.
    pub bytes: &'a [u8],
    /// Where in the file they begin.
    pub start: usize,
}

impl<'a> Gguf<'a> {
    /// Parses the header and bounds every tensor.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] if this is no GGUF file, is cut off or contradicts itself;
    /// [`ModelError::UnsupportedTensor`] for a storage type other than F32, F16, Q8_0 and Q4_0.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ModelError> {
        if bytes.len() < 4 || &bytes[..4] != b"GGUF" {
            return Err(ModelError::Malformed("it does not begin with the letters GGUF".into()));
        }
        let content = header(bytes)?;
        let mut tensors = BTreeMap::new();
        for (name, info) in content.tensor_infos {
            let dtype = match info.ggml_dtype {
                GgmlDType::F32 => Dtype::F32,
                GgmlDType::F16 => Dtype::F16,
                GgmlDType::Q8_0 => Dtype::Q8,
                GgmlDType::Q4_0 => Dtype::Q4,
                other => return Err(ModelError::UnsupportedTensor { name, dtype: format!("{other:?}") }),
            };
            let shape = info.shape.dims().to_vec();
            let whole_rows = shape.last().is_some_and(|n| n.is_multiple_of(dtype.block_len()));
            let place = || {
                let len = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
                let start = usize::try_from(content.tensor_data_offset.checked_add(info.offset)?).ok()?;
                Some((bytes.get(start..start.checked_add(dtype.bytes_for(len)?)?)?, start))
            };
            let (bytes, start) = place().filter(|_| whole_rows).ok_or_else(|| {
                ModelError::Malformed(format!("tensor {name} {shape:?} does not fit into the file; it is cut off or altered"))
            })?;
            tensors.insert(name, Tensor { shape, dtype, bytes, start });
        }
        Ok(Self { metadata: content.metadata, tensors, taken: RefCell::default() })
    }

    /// Names and tensors, in the order of the names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor<'a>)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Metadata keys and values in the order of the keys; long strings and arrays are abridged.
    pub fn describe_metadata(&self) -> BTreeMap<&str, String> {
        self.metadata.iter().map(|(key, value)| (key.as_str(), abridge(value))).collect()
    }

    /// Whether the file has a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor<'a>> {
        self.tensors.get(name)
    }

    /// A matrix `[rows, cols]`, marked as taken.
    pub fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Weight<'a>, ModelError> {
        let tensor = self.take(name, &[rows, cols])?;
        Ok(Weight { dtype: tensor.dtype, rows, cols, bytes: tensor.bytes })
    }

    /// A vector of `len` values, decoded and marked as taken.
    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.take(name, &[len])?;
        Ok(Weight { dtype: tensor.dtype, rows: 1, cols: len, bytes: tensor.bytes }.to_vec())
    }

    fn take(&self, name: &str, shape: &[usize]) -> Result<&Tensor<'a>, ModelError> {
        let tensor = self.tensors.get(name).ok_or_else(|| ModelError::MissingTensor(name.into()))?;
        if tensor.shape != shape {
            let (found, expected) = (tensor.shape.clone(), shape.to_vec());
            return Err(ModelError::TensorShape { name: name.into(), found, expected });
        }
        self.taken.borrow_mut().insert(name.into());
        Ok(tensor)
    }

    /// Checks that every tensor of the file has been taken: a model that leaves weights unused computes something
    /// else than its checkpoint.
    pub fn insist_all_taken(&self) -> Result<(), ModelError> {
        let taken = self.taken.borrow();
        let unused: Vec<String> = self.tensors.keys().filter(|name| !taken.contains(*name)).cloned().collect();
        if unused.is_empty() { Ok(()) } else { Err(ModelError::UnusedTensors(unused.join(", "))) }
    }

    /// A string.
    pub fn string(&self, key: &str) -> Result<&str, ModelError> {
        self.value(key, |v| v.to_string().ok().map(String::as_str))
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Result<usize, ModelError> {
        self.value(key, |v| match v {
            Value::I32(n) => usize::try_from(*n).ok(),
            v => v.to_u64().ok().and_then(|n| usize::try_from(n).ok()),
        })
    }

    /// A floating-point number, finite.
    pub fn float(&self, key: &str) -> Result<f32, ModelError> {
        self.value(key, |v| v.to_f32().ok().filter(|x| x.is_finite()))
    }

    /// Floating-point numbers, all finite.
    pub fn floats(&self, key: &str) -> Result<Vec<f32>, ModelError> {
        self.value(key, |v| {
            let values = v.to_vec().ok()?;
            values.iter().map(|v| v.to_f32().ok().filter(|x| x.is_finite())).collect()
        })
    }

    /// `read(key)`, or `None` where the file lacks the key.
    pub fn optional<'s, T>(
        &'s self,
        key: &'s str,
        read: impl FnOnce(&'s Self, &'s str) -> Result<T, ModelError>,
    ) -> Result<Option<T>, ModelError> {
        self.metadata.contains_key(key).then(|| read(self, key)).transpose()
    }

    fn value<'b, T>(&'b self, key: &str, convert: impl FnOnce(&'b Value) -> Option<T>) -> Result<T, ModelError> {
        let value = self.metadata.get(key).ok_or_else(|| ModelError::MissingKey(key.into()))?;
        convert(value).ok_or_else(|| ModelError::Malformed(format!("{key} is {}, which makes no sense there", abridge(value))))
    }
}

/// What stands before the values of the tensors. Its length stands nowhere, and to look through all of a file takes its
/// time, so longer and longer beginnings are tried: the first holds the header of any usual file.
fn header(bytes: &[u8]) -> Result<Content, ModelError> {
    let mut len = 1 << 20;
    loop {
        let beginning = &bytes[..len.min(bytes.len())];
        refuse_zero_alignment(beginning)?;
        match Content::read(&mut Cursor::new(beginning)) {
            Ok(content) => return Ok(content),
            Err(e) if beginning.len() == bytes.len() => return Err(ModelError::Malformed(e.to_string())),
            Err(_) => len *= 8,
        }
    }
}

/// candle divides by the alignment that the file states. Zero would end the program, so it is looked for beforehand.
fn refuse_zero_alignment(bytes: &[u8]) -> Result<(), ModelError> {
    const KEY: &[u8] = b"general.alignment";
    let zero = memchr::memmem::find_iter(bytes, KEY).any(|at| {
        // A key is followed by the type of its value, four bytes, and the value. Types 0 to 5 are whole numbers of one,
        // two and four bytes, signed or not; candle passes over any other.
        let rest = &bytes[at + KEY.len()..];
        let width = match rest {
            [0 | 1, 0, 0, 0, ..] => 1,
            [2 | 3, 0, 0, 0, ..] => 2,
            [4 | 5, 0, 0, 0, ..] => 4,
            _ => return false,
        };
        rest[4..].iter().take(width).all(|&b| b == 0)
    });
    if zero { Err(ModelError::Malformed("general.alignment is 0".into())) } else { Ok(()) }
}

fn abridge(value: &Value) -> String {
    match value {
        Value::U8(v) => v.to_string(),
        Value::I8(v) => v.to_string(),
        Value::U16(v) => v.to_string(),
        Value::I16(v) => v.to_string(),
        Value::U32(v) => v.to_string(),
        Value::I32(v) => v.to_string(),
        Value::U64(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::F32(v) => v.to_string(),
        Value::F64(v) => v.to_string(),
        Value::Bool(v) => v.to_string(),
        Value::String(v) if v.len() > 100 => format!("\"{}...\" ({} bytes)", v.chars().take(60).collect::<String>(), v.len()),
        Value::String(v) => format!("{v:?}"),
        Value::Array(v) => format!("array of {}", v.len()),
    }
}
