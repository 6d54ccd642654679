//! Commands on model files.

use super::output::say;
use super::{Failure, Place, files};
use std::path::Path;
use tabrank::convert::{self, Files, Overrides, Target};
use tabrank::kernels::quant::Dtype;
use tabrank::model::Config;
use tabrank::model::gguf::Gguf;
use tabrank::model::manifest::sha256;

/// `tabrank convert`.
pub fn convert(
    folder: &Path,
    out: &Path,
    dtype: Dtype,
    id: Option<String>,
    licence: Option<String>,
    overrides: &Overrides,
) -> Result<(), Failure> {
    let named = || folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let target = Target { id: id.unwrap_or_else(named), dtype, licence };
    let read = Files::from_folder(folder).map_err(tabrank::Error::from)?;
    let weights = convert::open_weights(folder).map_err(tabrank::Error::from)?;
    let bytes = convert::convert(read, weights, overrides, target).map_err(|e| files::failure(folder, e))?;
    files::write(out, &bytes)?;
    say!("{}: {} bytes, SHA-256 {}", out.display(), bytes.len(), sha256(&bytes));
    Ok(())
}

/// `tabrank inspect`.
pub fn inspect(path: &Path, json: bool) -> Result<(), Failure> {
    let bytes = files::read(path)?;
    let file = Gguf::parse(&bytes).map_err(|e| files::failure(path, e))?;
    let config = Config::read(&file);
    if json {
        let tensors: Vec<_> =
            file.tensors().map(|(name, t)| serde_json::json!({"name": name, "shape": t.shape, "dtype": t.dtype})).collect();
        let usable = config.as_ref().err().map(ToString::to_string);
        let report = serde_json::json!({
            "file": path, "bytes": bytes.len(), "sha256": sha256(&bytes), "config": config.ok(), "refused": usable,
            "metadata": file.describe_metadata(), "tensors": tensors,
        });
        say!("{report:#}");
        return Ok(());
    }
    say!("{}: {} bytes, SHA-256 {}", path.display(), bytes.len(), sha256(&bytes));
    for (key, value) in file.describe_metadata() {
        say!("  {key} = {value}");
    }
    for (name, tensor) in file.tensors() {
        say!("  {name:<32} {:<6} {:?}", tensor.dtype.name(), tensor.shape);
    }
    match config {
        Ok(config) => say!("tabrank runs it as a {}.", config.role),
        Err(error) => say!("tabrank refuses it: {error}"),
    }
    Ok(())
}

/// `tabrank verify`.
pub fn verify(place: &Place) -> Result<(), Failure> {
    for entry in files::manifest(place)?.models {
        let path = place.models.join(&entry.file);
        if !path.exists() {
            say!("{}: not here", entry.id);
            continue;
        }
        entry.verify(&files::read(&path)?).map_err(|e| files::failure(&path, e))?;
        let known = if entry.sha256.is_some() { "verified" } else { "here; the manifest knows no hash of it" };
        say!("{}: {known}", entry.id);
    }
    Ok(())
}
