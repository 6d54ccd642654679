//! From a Hugging Face folder to one GGUF file.
//!
//! The same input gives the same bytes: tensors and metadata are written in a fixed order and quantized by this
//! crate's own code. Linear weights and word embeddings take the storage type asked for, or F16 where their rows are
//! no multiple of a block; everything else (positions, segments, vectors, the classifier's one row) stays F32.

mod gguf;
mod source;

pub use source::{Files, Overrides};

use crate::kernels::quant::Dtype;
use source::Source;

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

/// Converts a checkpoint.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert(files: &Files, overrides: &Overrides, target: &Target) -> Result<Vec<u8>, ConvertError> {
    let source = Source::read(files, overrides)?;
    let tensors = source.tensors(target.dtype)?;
    gguf::write(&source, target, tensors)
}
