//! From a Hugging Face folder to one GGUF file.
//!
//! The same input gives the same bytes: tensors and metadata are written in a fixed order and quantized by this
//! crate's own code. Linear weights and word embeddings take the storage type asked for, or F16 where their rows are
//! no multiple of a block; everything else (positions, segments, vectors, the classifier's one row) stays F32.

mod gguf;
mod plan;
mod source;
mod weights;

pub use source::{Files, Overrides, open_weights};

use crate::kernels::quant::Dtype;
use source::Source;
use std::io::Read;
use weights::Weights;

/// What the file is to be called and how its weights are to be stored.
#[derive(Clone, Debug)]
pub struct Target {
    /// The model's id.
    pub id: String,
    /// Storage type of the large matrices.
    pub dtype: Dtype,
    /// Licence of the weights, if known.
    pub licence: Option<String>,
}

/// Why a conversion was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file of the folder cannot be read.
    #[error("{file}: {problem}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The result takes more memory than there is.
    #[error("There is no memory for {0} bytes. Close other pages, or use a smaller model.")]
    OutOfMemory(usize),
    /// A kind of model that this library does not run.
    #[error("{0} is not handled. Handled are BERT encoders with mean or CLS pooling, and BERT cross-encoders with one logit.")]
    Unsupported(String),
    /// Missing weights.
    #[error("model.safetensors lacks {0}.")]
    MissingTensor(String),
    /// Weights that the architecture has no use for.
    #[error(
        "model.safetensors holds weights that this architecture does not use: {0}. Converted without them, the model would be another."
    )]
    UnknownTensors(String),
    /// A tensor's shape contradicts config.json.
    #[error("{name} has the shape {found:?}; config.json asks for {expected:?}.")]
    Shape {
        /// Its name in the checkpoint.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that follows from the configuration.
        expected: Vec<usize>,
    },
}

/// Name of the file with the weights.
const WEIGHTS: &str = "model.safetensors";
/// Bytes read at a time.
const READ: usize = 1 << 18;

/// A conversion, which takes the weights as they arrive and keeps only what becomes of them.
pub struct Converter {
    source: Source,
    target: Target,
    weights: Weights,
}

impl Converter {
    /// Begins with the small files.
    ///
    /// # Errors
    /// See [`ConvertError`].
    pub fn new(files: Files, overrides: &Overrides, target: Target) -> Result<Self, ConvertError> {
        Ok(Self { source: Source::read(files, overrides)?, target, weights: Weights::new() })
    }

    /// Takes the next bytes of model.safetensors. What is wrong with its tensors is known as soon as its header is there.
    ///
    /// # Errors
    /// See [`ConvertError`]; nothing more may be done then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ConvertError> {
        let Self { source, target, weights } = self;
        weights.push(bytes, |metadata| plan::plan(source, metadata, target.dtype))
    }

    /// SHA-256 of the bytes so far, in hexadecimal.
    pub fn sha256(&self) -> String {
        self.weights.sha256()
    }

    /// The GGUF file.
    ///
    /// # Errors
    /// [`ConvertError::File`] if the weights end too early.
    pub fn finish(self) -> Result<Vec<u8>, ConvertError> {
        let weights_sha256 = self.weights.sha256();
        gguf::write(&self.source, &self.target, &weights_sha256, self.weights.finish()?)
    }
}

/// Converts a checkpoint whose weights, the bytes of model.safetensors, come from `weights`.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert(files: Files, mut weights: impl Read, overrides: &Overrides, target: Target) -> Result<Vec<u8>, ConvertError> {
    let mut converter = Converter::new(files, overrides, target)?;
    let mut bytes = vec![0; READ];
    loop {
        match weights.read(&mut bytes).map_err(plan::wrong)? {
            0 => return converter.finish(),
            n => converter.push(&bytes[..n])?,
        }
    }
}
