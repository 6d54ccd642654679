//! Models: reading GGUF files, tokenization, the encoder's forward pass, and what stands on top of it
//! (pooling for bi-encoders, heads for cross-encoders).

mod added_tokens;
mod batch;
mod bi_encoder;
mod config;
mod cross_encoder;
mod encoder;
pub mod gguf;
mod kept;
pub mod manifest;
pub mod names;
mod pause;
mod tokenizer;

pub use batch::batches;
pub use bi_encoder::{BiEncoder, Embedding};
pub use config::{Config, Cosine, Gates, Head, LateInteraction, Pooling, Role};
pub use cross_encoder::{CrossEncoder, Pair, Query};
pub use encoder::Encoder;
pub use pause::{Pause, Paused};
pub use tokenizer::{Sequence, Tokenizer};

/// Why a model file was refused, or could not be applied to an input.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a GGUF file, cut off, or in contradiction to itself.
    #[error("the model file is damaged: {0}. Download it again.")]
    Malformed(String),
    /// The manifest cannot be read.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// Size or hash differ from the manifest's.
    #[error(
        "{file} is not the file that the manifest describes: expected {expected}, found {found}. Delete it and obtain it again: with ./build.sh models ID, or with git if it is part of the repository."
    )]
    Integrity {
        /// The file.
        file: String,
        /// What the manifest says.
        expected: String,
        /// What the file is.
        found: String,
    },
    /// Storage type that this library does not read.
    #[error(
        "tensor {name} is stored as {dtype}; F32, F16, Q8_0 and Q4_0 are supported. Convert the original weights with `tabrank convert`."
    )]
    UnsupportedTensor {
        /// The tensor.
        name: String,
        /// Its storage type.
        dtype: String,
    },
    /// A tensor that the architecture needs is not there.
    #[error("the model file lacks the tensor {0}. Convert the original weights with `tabrank convert`.")]
    MissingTensor(String),
    /// A tensor of another shape than the metadata says.
    #[error("tensor {name} has the shape {found:?} where {expected:?} is needed; the file contradicts its own metadata.")]
    TensorShape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that follows from the metadata.
        expected: Vec<usize>,
    },
    /// Tensors that the forward pass has no use for.
    #[error("the model file holds tensors that this architecture does not use ({0}); scores would be those of another model.")]
    UnusedTensors(String),
    /// A metadata key is not there.
    #[error("the model file lacks {0}; it was not made by `tabrank convert`. Convert the original weights with it.")]
    MissingKey(String),
    /// A bi-encoder where a cross-encoder belongs, or the other way round.
    #[error("this file holds a {found}, where a {expected} is needed.")]
    WrongRole {
        /// What is needed.
        expected: Role,
        /// What the file holds.
        found: Role,
    },
    /// A cross-encoder with a classifier but without the dense layer before it.
    #[error(
        "this cross-encoder lacks its pooler (cls.weight): without that layer it ranks wrongly and no error would show. \
         Public GGUF conversions drop it; convert the original safetensors with `tabrank convert`."
    )]
    MissingPooler,
    /// A model of another kind than BERT, or with a part that is not supported.
    #[error("{0} is not supported.")]
    Unsupported(String),
    /// The tokenizer could not be read or applied.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// Nothing but white space or control characters to look for.
    #[error("the query is empty. Type something to search for.")]
    EmptyQuery,
    /// The device failed that the model was to run on.
    #[error(transparent)]
    Device(#[from] crate::backend::DeviceError),
    /// Not a number came out.
    #[error("the model gave a result that is not a number; the file's weights are damaged.")]
    NotFinite,
    /// A [`Pause`] asked to stop.
    #[error("stopped on request")]
    Stopped,
}
