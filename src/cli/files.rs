//! Files of the command line: reading with errors that name them, and finding models.

use super::{Failure, Place};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use tabrank::backend::Cpu;
use tabrank::corpus::{Document, LabelledQuery, beir, read_documents};
use tabrank::model::manifest::{Entry, Manifest, sha256};
use tabrank::model::{BiEncoder, CrossEncoder, Role};
use tabrank::pipeline::Collection;

/// A file's bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| failure(path, e))
}

/// A text file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    text(path, read(path)?)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|e| failure(path, format!("{e}; it must be UTF-8")))
}

/// A text file of a collection, which may be compressed: then `.gz` comes after its name.
fn read_text_or_gz(path: &Path) -> Result<String, Failure> {
    let mut compressed = path.as_os_str().to_owned();
    compressed.push(".gz");
    let compressed = PathBuf::from(compressed);
    if path.exists() || !compressed.exists() {
        return read_text(path);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(&read(&compressed)?[..]).read_to_end(&mut bytes).map_err(|e| failure(&compressed, e))?;
    text(&compressed, bytes)
}

/// A collection in BEIR's layout: its documents, and the queries that a split judges.
pub fn beir(folder: &Path, split: &str) -> Result<(Vec<Document>, Vec<LabelledQuery>), Failure> {
    let corpus = folder.join("corpus.jsonl");
    let documents = beir::read_documents(&read_text_or_gz(&corpus)?).map_err(|e| failure(&corpus, e))?;
    let (queries, judgements) = (folder.join("queries.jsonl"), folder.join(format!("qrels/{split}.tsv")));
    let judged = beir::read_queries(&read_text_or_gz(&queries)?, &read_text_or_gz(&judgements)?, &documents);
    Ok((documents, judged.map_err(|e| failure(folder, e))?))
}

/// Writes a file in whole or not at all; what is no ordinary file (a pipe, a device) is written to as it is.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path.exists() && !path.is_file() {
        return std::fs::write(path, bytes).map_err(|e| failure(path, e));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, path)).map_err(|e| {
        // Whatever went wrong, half a file is of no use; that it may not be there at all does not matter.
        let _ = std::fs::remove_file(&partial);
        failure(path, e)
    })
}

/// A failure that names a file.
pub fn failure(path: &Path, problem: impl std::fmt::Display) -> Failure {
    Failure::File { path: path.display().to_string(), problem: problem.to_string() }
}

/// The arguments, or the lines of standard input where there are none.
pub fn or_lines(given: Vec<String>) -> Result<Vec<String>, Failure> {
    if !given.is_empty() {
        return Ok(given);
    }
    std::io::stdin().lock().lines().collect::<Result<_, _>>().map_err(|e| failure(Path::new("standard input"), e))
}

/// The manifest beside the models. A hub model's file is converted on this machine; the hash that it does not know of it
/// was noted beside the file then.
pub fn manifest(place: &Place) -> Result<Manifest, Failure> {
    let path = place.models.join("manifest.json");
    let mut manifest = Manifest::parse(&read_text(&path)?).map_err(|e| failure(&path, e))?;
    for entry in manifest.models.iter_mut().filter(|entry| entry.sha256.is_none()) {
        let noted = place.models.join(format!("{}.sha256", entry.file));
        if noted.exists() {
            entry.sha256 = Some(read_text(&noted)?.trim().into());
        }
    }
    Ok(manifest)
}

/// A model's verified bytes and their hash.
struct ModelFile {
    bytes: Vec<u8>,
    sha256: String,
}

/// Finds a model by the manifest's id or as a path, and checks it against the manifest in the first case.
fn model_file(place: &Place, id: &str) -> Result<ModelFile, Failure> {
    if id.ends_with(".gguf") {
        let bytes = read(Path::new(id))?;
        return Ok(ModelFile { sha256: sha256(&bytes), bytes });
    }
    let manifest = manifest(place)?;
    let Some(entry) = manifest.get(id) else {
        let known: Vec<&str> = manifest.models.iter().map(|m| m.id.as_str()).collect();
        let path = place.models.join("manifest.json");
        return Err(failure(&path, format!("no model has the id {id:?}; there are {}", known.join(", "))));
    };
    let path: PathBuf = place.models.join(&entry.file);
    if !path.exists() {
        return Err(failure(&path, format!("the model is not here yet; run ./build.sh models {id}")));
    }
    let bytes = read(&path)?;
    let sha256 = entry.verify(&bytes).map_err(|e| failure(&path, e))?;
    Ok(ModelFile { sha256, bytes })
}

/// The bi-encoder in use, and its file's hash.
pub fn bi_encoder(place: &Place) -> Result<(BiEncoder<Cpu>, String), Failure> {
    let id = place.bi_encoder.clone().map_or_else(|| Ok(manifest(place)?.defaults.bi_encoder), Ok::<_, Failure>)?;
    let file = model_file(place, &id)?;
    Ok((BiEncoder::load(&file.bytes, place.backend()).map_err(|e| failure(Path::new(&id), e))?, file.sha256))
}

/// The cross-encoder in use.
pub fn cross_encoder(place: &Place) -> Result<CrossEncoder<Cpu>, Failure> {
    let id = place.cross_encoder.clone().map_or_else(|| Ok(manifest(place)?.defaults.cross_encoder), Ok::<_, Failure>)?;
    cross_encoder_named(place, &id)
}

/// The cross-encoder of this id in the manifest, or of this file.
pub fn cross_encoder_named(place: &Place, id: &str) -> Result<CrossEncoder<Cpu>, Failure> {
    let file = model_file(place, id)?;
    CrossEncoder::load(&file.bytes, place.backend()).map_err(|e| failure(Path::new(id), e))
}

/// The cross-encoders that can be compared: those of the manifest whose files are here, and the one asked for.
pub fn cross_encoders_here(place: &Place) -> Result<Vec<String>, Failure> {
    let here = |entry: &&Entry| entry.role == Role::CrossEncoder && place.models.join(&entry.file).exists();
    let mut ids: Vec<String> = manifest(place)?.models.iter().filter(here).map(|entry| entry.id.clone()).collect();
    ids.extend(place.cross_encoder.iter().filter(|id| !ids.contains(id)).cloned().collect::<Vec<_>>());
    Ok(ids)
}

/// The documents.
pub fn documents(place: &Place) -> Result<Vec<Document>, Failure> {
    read_documents(&read_text(&place.documents)?).map_err(|e| failure(&place.documents, e))
}

/// Documents and index.
pub fn collection(place: &Place, model: &BiEncoder<Cpu>, model_sha256: &str) -> Result<Collection, Failure> {
    let path = place.index_path();
    if !path.exists() {
        return Err(failure(&path, "there is no index yet; run ./build.sh models, or `tabrank index` for documents of your own"));
    }
    Collection::open(documents(place)?, &read(&path)?, model, model_sha256).map_err(|e| failure(&path, e))
}
