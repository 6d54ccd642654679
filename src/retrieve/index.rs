//! A dense index: one unit vector per document, kept as bytes, searched exhaustively.
//!
//! The file is a safetensors file with the tensors `vectors` (I8, `[documents, width]`) and `scales` (F32,
//! `[documents]`), x = scale q, and one metadata entry `tabrank` that names the model and the documents it was made of
//! and carries a hash of the tensors, so that an altered file is noticed wherever it comes from.

use super::Hit;
use super::best::Best;
use crate::corpus::Document;
use crate::kernels::dot_i8::{Quantized, dots};
use crate::model::manifest::hex;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const METADATA_KEY: &str = "tabrank";
const VERSION: u32 = 1;
/// Rows whose dot products are computed before the best of them are looked for.
const ROWS_AT_A_TIME: usize = 256;

/// Vectors of the documents of a corpus, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseIndex {
    width: usize,
    vectors: Vec<i8>,
    scales: Vec<f32>,
    about: About,
}

/// What an index was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    version: u32,
    model: String,
    model_sha256: String,
    documents_sha256: String,
    tensors_sha256: String,
}

/// Why an index file was refused.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Not an index file, or cut off.
    #[error("the index file is damaged: {0}. Make it again with `tabrank index`.")]
    Malformed(String),
    /// The vectors come from another model: comparing them with this one's would give meaningless cosines.
    #[error(
        "the index was made by the model {theirs} (SHA-256 {their_hash}), not by {ours} ({our_hash}). Load that model, or make the index again with `tabrank index`."
    )]
    OtherModel {
        /// Model that made the index.
        theirs: String,
        /// Its file's hash.
        their_hash: String,
        /// Model in use.
        ours: String,
        /// Its file's hash.
        our_hash: String,
    },
    /// The documents have changed since.
    #[error("the index was made of other documents than these. Make it again with `tabrank index`.")]
    OtherDocuments,
}

/// SHA-256 over ids and texts in order, each preceded by its length so that no two corpora share one input.
fn documents_sha256(documents: &[Document]) -> String {
    let mut hash = Sha256::new();
    for part in documents.iter().flat_map(|d| [&d.id, &d.text]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(hash)
}

fn tensors_sha256(vectors: &[u8], scales: &[u8]) -> String {
    hex(Sha256::new().chain_update(vectors).chain_update(scales))
}

impl DenseIndex {
    /// Makes an index of unit vectors, one per document, each `width` long.
    ///
    /// # Panics
    /// If there are not as many vectors as documents, or one has another length.
    pub fn new<'v>(
        width: usize,
        documents: &[Document],
        vectors: impl IntoIterator<Item = &'v [f32]>,
        model: &str,
        model_sha256: &str,
    ) -> Self {
        let about = About {
            version: VERSION,
            model: model.into(),
            model_sha256: model_sha256.into(),
            documents_sha256: documents_sha256(documents),
            tensors_sha256: String::new(),
        };
        let mut index = Self { width, vectors: Vec::new(), scales: Vec::new(), about };
        for vector in vectors {
            assert_eq!(vector.len(), width);
            let scale = vector.iter().fold(0f32, |m, x| m.max(x.abs())) / 127.0;
            let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
            index.scales.push(scale);
            index.vectors.extend(vector.iter().map(|x| (x * inverse).round() as i8));
        }
        assert_eq!(index.scales.len(), documents.len());
        let (vectors, scales) = index.encoded();
        index.about.tensors_sha256 = tensors_sha256(&vectors, &scales);
        index
    }

    /// Vectors and scales as they are stored.
    fn encoded(&self) -> (Vec<u8>, Vec<u8>) {
        let scales = self.scales.iter().flat_map(|x| x.to_le_bytes()).collect();
        (self.vectors.iter().map(|&x| x as u8).collect(), scales)
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The index as a file. The same index gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (vectors, scales) = self.encoded();
        let view = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).expect("shape and length agree");
        let tensors =
            [("vectors", view(Dtype::I8, vec![self.len(), self.width], &vectors)), ("scales", view(Dtype::F32, vec![self.len()], &scales))];
        let about = serde_json::to_string(&self.about).expect("plain strings serialize");
        // One metadata entry only: the library writes several in an arbitrary order.
        serialize(tensors, Some(HashMap::from([(METADATA_KEY.to_string(), about)]))).expect("valid tensors serialize")
    }

    /// Reads an index file and checks that this model, whose vectors are `width` long, made it of these documents.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn from_bytes(bytes: &[u8], documents: &[Document], width: usize, model: &str, model_sha256: &str) -> Result<Self, IndexError> {
        let malformed = |e: &dyn std::fmt::Display| IndexError::Malformed(e.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| malformed(&e))?;
        let about = header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY)).ok_or_else(|| malformed(&"it was not made by tabrank"))?;
        let about: About = serde_json::from_str(about).map_err(|e| malformed(&e))?;
        if about.version != VERSION {
            return Err(malformed(&format!("version {} of the format is unknown", about.version)));
        }
        if about.model_sha256 != model_sha256 {
            return Err(IndexError::OtherModel {
                theirs: about.model,
                their_hash: about.model_sha256,
                ours: model.into(),
                our_hash: model_sha256.into(),
            });
        }
        if about.documents_sha256 != documents_sha256(documents) {
            return Err(IndexError::OtherDocuments);
        }
        let file = SafeTensors::deserialize(bytes).map_err(|e| malformed(&e))?;
        let vectors = file.tensor("vectors").map_err(|e| malformed(&e))?;
        let scales = file.tensor("scales").map_err(|e| malformed(&e))?;
        let (&[n, stored_width], &[m]) = (vectors.shape(), scales.shape()) else {
            return Err(malformed(&"a tensor has a wrong number of dimensions"));
        };
        if vectors.dtype() != Dtype::I8 || scales.dtype() != Dtype::F32 || n != m || n != documents.len() || stored_width != width {
            return Err(malformed(&"its tensors do not fit each other"));
        }
        if tensors_sha256(vectors.data(), scales.data()) != about.tensors_sha256 {
            return Err(malformed(&"its vectors are not those that were written"));
        }
        let scales: Vec<f32> = scales.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        if scales.iter().any(|x| !x.is_finite()) {
            return Err(malformed(&"a scale is not a number"));
        }
        let vectors = vectors.data().iter().map(|&x| x as i8).collect();
        Ok(Self { width, vectors, scales, about })
    }

    /// The `k` documents of greatest cosine with the unit vector `query`, best first; ties in the corpus's order. Sums are
    /// of integers, so the cosines are the same on every target.
    ///
    /// # Panics
    /// If `query` has another length than the vectors.
    pub fn search(&self, query: &[f32], k: usize) -> Vec<Hit> {
        if self.is_empty() {
            return Vec::new();
        }
        assert_eq!(query.len(), self.width, "the query's vector comes from another model");
        let query = Quantized::new(query);
        let mut best = Best::new(k);
        let mut sums = [0; ROWS_AT_A_TIME];
        let blocks = self.vectors.chunks(ROWS_AT_A_TIME * self.width).zip(self.scales.chunks(ROWS_AT_A_TIME));
        for ((rows, scales), first) in blocks.zip((0..).step_by(ROWS_AT_A_TIME)) {
            let sums = &mut sums[..scales.len()];
            dots(&query, rows, sums);
            for ((sum, scale), document) in sums.iter().zip(scales).zip(first..) {
                best.offer(Hit { document, score: *sum as f32 * query.scale() * scale });
            }
        }
        best.into_sorted()
    }

    /// The cosines of some documents' vectors with the unit vector `query`: those that [`DenseIndex::search`] gives.
    ///
    /// # Panics
    /// If `query` has another length than the vectors, or there is no such document.
    pub fn cosines(&self, query: &[f32], documents: impl IntoIterator<Item = usize>) -> Vec<f32> {
        assert_eq!(query.len(), self.width, "the query's vector comes from another model");
        let query = Quantized::new(query);
        let cosine = |document: usize| {
            let mut sum = [0];
            dots(&query, &self.vectors[document * self.width..][..self.width], &mut sum);
            sum[0] as f32 * query.scale() * self.scales[document]
        };
        documents.into_iter().map(cosine).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn documents(n: usize) -> Vec<Document> {
        (0..n).map(|i| Document { id: format!("d{i}"), text: format!("text {i}"), title: None, shelf: None }).collect()
    }

    fn unit(mut v: Vec<f32>) -> Vec<f32> {
        v[0] += 1e-3;
        let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        v.iter_mut().for_each(|x| *x /= norm);
        v
    }

    fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
        prop::collection::vec(prop::collection::vec(-1f32..1.0, 48).prop_map(unit), 1..30)
    }

    proptest! {
        #[test]
        fn cosines_are_near_and_ordered(vectors in vectors(), k in 1usize..40) {
            let index = DenseIndex::new(48, &documents(vectors.len()), vectors.iter().map(Vec::as_slice), "m", "h");
            let hits = index.search(&vectors[0], k);
            prop_assert_eq!(hits.len(), k.min(vectors.len()));
            prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
            for hit in &hits {
                let exact: f32 = vectors[0].iter().zip(&vectors[hit.document]).map(|(a, b)| a * b).sum();
                prop_assert!((hit.score - exact).abs() < 0.01);
            }
        }

        #[test]
        fn cosines_are_those_of_floats(
            (width, vectors) in prop::sample::select(vec![1usize, 48, 384, 768, 1024]).prop_flat_map(|width| {
                (Just(width), prop::collection::vec(prop::collection::vec(-1f32..1.0, width).prop_map(unit), 2..8))
            }),
        ) {
            let (query, vectors) = vectors.split_first().unwrap();
            let index = DenseIndex::new(width, &documents(vectors.len()), vectors.iter().map(Vec::as_slice), "m", "h");
            for hit in index.search(query, usize::MAX) {
                let row = &index.vectors[hit.document * width..][..width];
                let cosine = query.iter().zip(row).map(|(x, &q)| x * f32::from(q)).sum::<f32>() * index.scales[hit.document];
                prop_assert!((hit.score - cosine).abs() < 2e-4, "{} instead of {cosine}", hit.score);
            }
        }

        #[test]
        fn a_file_holds_the_index(vectors in vectors()) {
            let documents = documents(vectors.len());
            let index = DenseIndex::new(48, &documents, vectors.iter().map(Vec::as_slice), "m", "h");
            let bytes = index.to_bytes();
            prop_assert_eq!(&index.to_bytes(), &bytes);
            prop_assert_eq!(DenseIndex::from_bytes(&bytes, &documents, 48, "m", "h").unwrap(), index);
        }

        #[test]
        fn a_damaged_file_never_panics(cut in 0usize..400, at in 0usize..400, byte: u8) {
            let documents = documents(2);
            let mut bytes = DenseIndex::new(2, &documents, [&[1.0, 0.0][..], &[0.0, 1.0][..]], "m", "h").to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = DenseIndex::from_bytes(&bytes, &documents, 2, "m", "h");
            bytes.truncate(cut);
            let _ = DenseIndex::from_bytes(&bytes, &documents, 2, "m", "h");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let docs = documents(2);
        let bytes = DenseIndex::new(2, &docs, [&[1.0, 0.0][..], &[0.0, 1.0][..]], "m", "h").to_bytes();
        let message = |result: Result<DenseIndex, IndexError>| result.unwrap_err().to_string();
        assert!(message(DenseIndex::from_bytes(&bytes, &docs, 2, "other", "h2")).contains("made by the model m"));
        assert!(message(DenseIndex::from_bytes(&bytes, &documents(3), 2, "m", "h")).contains("other documents"));
        assert!(message(DenseIndex::from_bytes(&bytes[..bytes.len() - 1], &docs, 2, "m", "h")).contains("tabrank index"));
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(message(DenseIndex::from_bytes(&altered, &docs, 2, "m", "h")).contains("not those that were written"));
        assert!(message(DenseIndex::from_bytes(b"", &docs, 2, "m", "h")).contains("damaged"));
    }

    /// More documents than are scored at a time, most of them alike: all are found, ties in the corpus's order.
    #[test]
    fn ties_keep_the_order_of_the_corpus() {
        let n = 2 * ROWS_AT_A_TIME + 7;
        let vectors: Vec<[f32; 2]> = (0..n).map(|i| if i % 5 == 3 { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
        let index = DenseIndex::new(2, &documents(n), vectors.iter().map(<[f32; 2]>::as_slice), "m", "h");
        let mut want: Vec<usize> = (0..n).collect();
        want.sort_by_key(|i| i % 5 != 3);
        for k in [0, 1, 100, n, usize::MAX] {
            let found: Vec<usize> = index.search(&[0.6, 0.8], k).iter().map(|hit| hit.document).collect();
            assert_eq!(found, want[..k.min(n)]);
        }
    }

    #[test]
    fn what_is_not_a_number_stays_visible() {
        let index = DenseIndex::new(2, &documents(1), [&[1.0, 0.0][..]], "m", "h");
        assert!(index.search(&[f32::NAN, 0.5], 1)[0].score.is_nan());
    }

    #[test]
    fn an_empty_corpus_has_no_hits() {
        assert!(DenseIndex::new(4, &[], [], "m", "h").search(&[0.5; 4], 3).is_empty());
    }
}
