//! What becomes of each tensor of a checkpoint, decided from the header of its file, before any weight has arrived.

use super::source::{Shape, Source, Use};
use super::{ConvertError, WEIGHTS};
use crate::kernels::quant::Dtype;
use crate::model::Head;
use crate::model::names::{self, layer};
use safetensors::Dtype as Number;
use safetensors::tensor::Metadata;
use std::collections::{BTreeSet, HashMap};

/// A tensor of the GGUF file. Its bytes are there once the weights have been read.
pub struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub bytes: Vec<u8>,
}

/// A tensor of the checkpoint.
pub struct Piece {
    /// Its name there.
    pub name: String,
    /// Its size there.
    pub bytes: usize,
    pub number: Number,
    /// Which tensor of the GGUF file it becomes; none if nothing reads it.
    pub to: Option<usize>,
}

/// All of them: the checkpoint's in the order of its file, ours in the order of the GGUF file.
pub struct Plan {
    pub pieces: Vec<Piece>,
    pub tensors: Vec<NamedTensor>,
}

/// Finds a place for each tensor of a checkpoint, large matrices being stored as `dtype`.
pub fn plan(source: &Source, metadata: &Metadata, dtype: Dtype) -> Result<Plan, ConvertError> {
    let Shape { width, inner, layers, positions, words, segments, .. } = source.shape;
    let mut planner = Planner::new(metadata, dtype);
    planner.matrix(names::WORDS, "embeddings.word_embeddings.weight", words, width)?;
    planner.plain(names::POSITIONS, "embeddings.position_embeddings.weight", &[positions, width])?;
    planner.plain(names::SEGMENTS, "embeddings.token_type_embeddings.weight", &[segments, width])?;
    planner.norm(names::EMBEDDING_NORM, "embeddings.LayerNorm", width)?;
    for i in 0..layers {
        let ours = |part: &str| format!("blk.{i}.{part}");
        let theirs = |part: &str| format!("encoder.layer.{i}.{part}");
        for (name, part) in [(layer::QUERY, "query"), (layer::KEY, "key"), (layer::VALUE, "value")] {
            planner.linear(&ours(name), &theirs(&format!("attention.self.{part}")), width, width)?;
        }
        planner.linear(&ours(layer::ATTENTION_OUTPUT), &theirs("attention.output.dense"), width, width)?;
        planner.norm(&ours(layer::ATTENTION_NORM), &theirs("attention.output.LayerNorm"), width)?;
        planner.linear(&ours(layer::UP), &theirs("intermediate.dense"), inner, width)?;
        planner.linear(&ours(layer::DOWN), &theirs("output.dense"), width, inner)?;
        planner.norm(&ours(layer::OUTPUT_NORM), &theirs("output.LayerNorm"), width)?;
    }
    match &source.role {
        Use::CrossEncoder(Head::Classifier) => {
            insist_on_one_logit(metadata)?;
            planner.linear(names::POOLER, "pooler.dense", width, width)?;
            planner.plain(&format!("{}.weight", names::CLASSIFIER), "classifier.weight", &[1, width])?;
            planner.plain(&format!("{}.bias", names::CLASSIFIER), "classifier.bias", &[1])?;
        }
        // A pooler beside mean pooling, CLS pooling or a cosine of two texts is a remnant of pretraining that nothing reads.
        Use::BiEncoder(_) | Use::CrossEncoder(Head::SegmentCosine(_) | Head::GatedLateInteraction { .. }) => {
            planner.pass_over(&["pooler.dense.weight", "pooler.dense.bias"])
        }
    }
    // Not weights: the numbers 0, 1, 2, ... that old versions of the library saved.
    planner.pass_over(&["embeddings.position_ids"]);
    planner.finish()
}

fn insist_on_one_logit(metadata: &Metadata) -> Result<(), ConvertError> {
    match metadata.info("classifier.weight").and_then(|info| info.shape.first()) {
        Some(&outputs) if outputs != 1 => Err(ConvertError::Unsupported(format!("a classifier with {outputs} outputs"))),
        _ => Ok(()),
    }
}

/// Takes tensors out of a checkpoint one by one, and knows in the end which were left.
struct Planner<'a> {
    metadata: &'a Metadata,
    left: BTreeSet<String>,
    prefix: &'static str,
    dtype: Dtype,
    places: HashMap<String, usize>,
    tensors: Vec<NamedTensor>,
}

impl<'a> Planner<'a> {
    fn new(metadata: &'a Metadata, dtype: Dtype) -> Self {
        let left: BTreeSet<String> = metadata.offset_keys().into_iter().collect();
        let prefix = if left.iter().any(|name| name.starts_with("bert.")) { "bert." } else { "" };
        Self { metadata, left, prefix, dtype, places: HashMap::new(), tensors: Vec::new() }
    }

    /// The checkpoint's name: the classifier alone stands outside the prefix.
    fn full_name(&self, theirs: &str) -> String {
        if theirs.starts_with("classifier.") { theirs.into() } else { format!("{}{theirs}", self.prefix) }
    }

    fn store(&mut self, ours: &str, theirs: &str, shape: &[usize], dtype: Dtype) -> Result<(), ConvertError> {
        let name = self.full_name(theirs);
        let info = self.metadata.info(&name).ok_or_else(|| ConvertError::MissingTensor(name.clone()))?;
        if info.shape != shape {
            return Err(ConvertError::Shape { found: info.shape.clone(), expected: shape.to_vec(), name });
        }
        if !matches!(info.dtype, Number::F32 | Number::F16 | Number::BF16) {
            return Err(ConvertError::Unsupported(format!("the number type {:?} of {name}", info.dtype)));
        }
        self.left.remove(&name);
        self.places.insert(name, self.tensors.len());
        self.tensors.push(NamedTensor { name: ours.into(), shape: shape.to_vec(), dtype, bytes: Vec::new() });
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

    fn finish(self) -> Result<Plan, ConvertError> {
        if !self.left.is_empty() {
            return Err(ConvertError::UnknownTensors(self.left.into_iter().collect::<Vec<_>>().join(", ")));
        }
        let piece = |name: String| {
            let info = self.metadata.info(&name).ok_or_else(|| ConvertError::MissingTensor(name.clone()))?;
            let (start, end) = info.data_offsets;
            Ok(Piece { bytes: end - start, number: info.dtype, to: self.places.get(&name).copied(), name })
        };
        let pieces = self.metadata.offset_keys().into_iter().map(piece).collect::<Result<_, ConvertError>>()?;
        Ok(Plan { pieces, tensors: self.tensors })
    }
}

/// What is wrong with the file of the weights.
pub fn wrong(problem: impl ToString) -> ConvertError {
    ConvertError::File { file: WEIGHTS.into(), problem: problem.to_string() }
}
