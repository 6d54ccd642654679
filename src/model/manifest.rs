//! `models/manifest.json`: which models there are, what their files must be, and where their weights come from.

use super::{ModelError, Role};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Ids of the models used where none is named.
    pub defaults: Defaults,
    /// All models.
    pub models: Vec<Entry>,
}

/// Ids of the models used where none is named.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Defaults {
    /// First stage.
    pub bi_encoder: String,
    /// Second stage.
    pub cross_encoder: String,
}

/// A model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub role: Role,
    /// Name of the GGUF file, beside the manifest.
    pub file: String,
    /// The file's size; unknown for a model that was never converted on the machines that made this manifest.
    pub bytes: Option<u64>,
    /// The file's SHA-256 in hexadecimal; unknown as above.
    pub sha256: Option<String>,
    /// Everything else that the manifest says of it, for the tools that fetch and show models.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl Manifest {
    /// Parses a manifest.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        serde_json::from_str(json).map_err(|e| ModelError::Manifest(e.to_string()))
    }

    /// The model of this id.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.id == id)
    }
}

impl Entry {
    /// Checks size and hash of the model's file, and returns its SHA-256.
    ///
    /// # Errors
    /// [`ModelError::Integrity`], naming the file, if either differs. Where the manifest knows none, nothing is checked.
    pub fn verify(&self, bytes: &[u8]) -> Result<String, ModelError> {
        let differ = |expected: String, found: String| Err(ModelError::Integrity { file: self.file.clone(), expected, found });
        if let Some(size) = self.bytes.filter(|&size| size != bytes.len() as u64) {
            return differ(format!("{size} bytes"), format!("{} bytes", bytes.len()));
        }
        let found = sha256(bytes);
        match &self.sha256 {
            Some(expected) if *expected != found => differ(format!("SHA-256 {expected}"), found),
            _ => Ok(found),
        }
    }
}

/// SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

/// A finished hash in hexadecimal.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
