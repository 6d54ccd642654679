//! One error for everything that a caller of the engine can meet.

use crate::backend::DeviceError;
use crate::convert::ConvertError;
use crate::corpus::CorpusError;
use crate::model::ModelError;
use crate::retrieve::IndexError;
use crate::trial::Distrust;

/// What went wrong. The messages say what to do; [`Error::code`] is for programs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A model file or a model's input.
    #[error(transparent)]
    Model(ModelError),
    /// Documents or queries.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// An index file.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A conversion.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// A device that isn't used, or no longer. The same work can be done on the CPU.
    #[error(transparent)]
    Distrust(Distrust),
    /// A parameter out of range.
    #[error("{0}")]
    BadRequest(String),
    /// So many bytes were more than there is memory for.
    #[error("There is no memory for {0} bytes. Close other pages, or use smaller models or fewer workers.")]
    OutOfMemory(usize),
    /// Something must be loaded first.
    #[error("{0} is not loaded yet.")]
    NotReady(&'static str),
    /// A checkpoint asked to stop.
    #[error("stopped on request")]
    Stopped,
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Stopped => Self::Stopped,
            error => Self::Model(error),
        }
    }
}

impl From<DeviceError> for Error {
    fn from(error: DeviceError) -> Self {
        Self::Distrust(error.into())
    }
}

impl Error {
    /// A stable name of the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(ModelError::EmptyQuery) => "empty-query",
            Self::Model(ModelError::WrongRole { .. }) => "wrong-role",
            Self::Model(ModelError::MissingPooler) => "missing-pooler",
            Self::Model(
                ModelError::Unsupported(_)
                | ModelError::UnsupportedTensor { .. }
                | ModelError::MissingKey(_)
                | ModelError::UnusedTensors(_)
                | ModelError::Tokenizer(_),
            ) => "unsupported-model",
            Self::Model(ModelError::Manifest(_)) => "manifest",
            Self::Model(ModelError::Integrity { .. }) => "integrity",
            Self::Model(ModelError::Device(_)) | Self::Distrust(_) => "gpu-failed",
            Self::Model(_) => "model-damaged",
            Self::Corpus(_) => "bad-documents",
            Self::Index(_) => "index-mismatch",
            Self::Convert(ConvertError::OutOfMemory(_)) | Self::OutOfMemory(_) => "out-of-memory",
            Self::Convert(_) => "unsupported-model",
            Self::BadRequest(_) => "bad-request",
            Self::NotReady(_) => "not-ready",
            Self::Stopped => "stopped",
        }
    }
}
