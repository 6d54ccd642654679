//! Where the encoder's arithmetic runs: one trait, an implementation for each kind of device.
//!
//! The forward pass in [`crate::model`] is written once, in terms of [`Backend`]. Operations on a backend may be
//! carried out at once (CPU) or recorded and submitted when a result is read (GPU); only [`Backend::read`] hands
//! numbers back, which is why it alone is asynchronous. Fusions (bias, activation, residual, norm) are part of the
//! operations, so that a backend is free to make one pass of them.
//!
//! Sequences are packed one after the other without padding: a [`Packing`] says where each begins.

mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;

pub use cpu::{Cpu, Products};

use crate::kernels::quant::Dtype;
use std::future::Future;
use std::ops::Range;

/// A weight as it lies in a model file: `rows` x `cols` values of `dtype`, row after row.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// How the values are stored.
    pub dtype: Dtype,
    /// Rows: outputs of a linear layer, or entries of a table.
    pub rows: usize,
    /// Values in a row: inputs of a linear layer, or the width of a table.
    pub cols: usize,
    /// The encoded values.
    pub bytes: &'a [u8],
}

impl Weight<'_> {
    /// Decodes row `row` into `out`, which is `cols` long.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        let size = self.bytes.len() / self.rows;
        crate::kernels::quant::dequantize(&self.bytes[row * size..(row + 1) * size], self.dtype, out);
    }

    /// All values, decoded.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.cols];
        crate::kernels::quant::dequantize(self.bytes, self.dtype, &mut out);
        out
    }
}

/// A table of word embeddings in memory of its own: by far the largest part of a small model, of which a text needs a few
/// rows, so that it is kept as the file has it.
pub struct Words {
    /// How the values are stored.
    pub dtype: Dtype,
    /// Length of a row.
    pub width: usize,
    /// The encoded values, row after row.
    pub bytes: Vec<u8>,
}

/// Why a device can't compute, or no longer. The same work can be done on the CPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is none, or it refuses to be used.
    #[error("there is no GPU to compute with: {0}")]
    Unavailable(String),
    /// Taken away while in use.
    #[error("the GPU was lost: {0}")]
    Lost(String),
    /// Its memory does not suffice.
    #[error("the GPU has not enough memory: {0}")]
    OutOfMemory(String),
    /// A shader or a command that it refuses.
    #[error("the GPU failed: {0}")]
    Failed(String),
}

/// What follows a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// Exact (erf) GELU.
    Gelu,
    /// Hyperbolic tangent.
    Tanh,
}

/// Tokens of several sequences, one sequence after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// Token ids of all sequences.
    pub ids: Vec<u32>,
    /// Segment (token type) of each token.
    pub types: Vec<u8>,
    /// Where each sequence begins, and at the end the number of tokens.
    pub offsets: Vec<usize>,
}

impl Packing {
    /// A packing without sequences.
    pub fn new() -> Self {
        Self { ids: Vec::new(), types: Vec::new(), offsets: vec![0] }
    }

    /// Adds a sequence.
    pub fn push(&mut self, ids: &[u32], types: &[u8]) {
        debug_assert_eq!(ids.len(), types.len());
        self.ids.extend(ids);
        self.types.extend(types);
        self.offsets.push(self.ids.len());
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The rows of each sequence.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.offsets.windows(2).map(|w| w[0]..w[1])
    }

    /// The token ids of each sequence.
    pub fn texts(&self) -> impl Iterator<Item = &[u32]> {
        self.ranges().map(|rows| &self.ids[rows])
    }

    /// The rows of each two neighbours, and where the second of them begins.
    pub fn pairs(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        debug_assert!(self.sequences().is_multiple_of(2));
        self.offsets.windows(3).step_by(2).map(|w| (w[0]..w[2], w[1]))
    }
}

/// Which rows come out of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// One for each token.
    All,
    /// One for each sequence: its first.
    First,
}

/// Weights of the attention half of a layer.
pub struct Attention<B: Backend + ?Sized> {
    /// Query, key and value layers, stacked in this order.
    pub qkv: B::Linear,
    /// The layer after the heads.
    pub output: B::Linear,
    /// The norm after the residual.
    pub norm: B::Norm,
    /// Number of heads.
    pub heads: usize,
    /// Where each two neighbouring sequences attend to one another as well: what each head adds to the scores of the
    /// other's tokens, before the softmax.
    pub gates: Option<B::Numbers>,
}

/// Weights of the other half.
pub struct FeedForward<B: Backend + ?Sized> {
    /// To the inner width, followed by GELU.
    pub up: B::Linear,
    /// Back.
    pub down: B::Linear,
    /// The norm after the residual.
    pub norm: B::Norm,
}

/// A device that can run an encoder. Shapes are those of `[rows, width]`, one row a token unless said otherwise.
pub trait Backend {
    /// Values on the device, `[rows, width]`.
    type Buffer;
    /// Weight and bias of a linear layer, laid out for the device.
    type Linear;
    /// Scale and shift of a layer norm.
    type Norm;
    /// Numbers that an operation reads: a layer's gates, the terms of late interaction.
    type Numbers;
    /// Word, position and segment tables.
    type Tables;

    /// What runs, for people: device and instruction set.
    fn describe(&self) -> String;

    /// Tokens in one batch. Large enough that reading the weights is cheap beside using them, small enough that progress and
    /// cancellation are prompt. It changes no score.
    fn batch_tokens(&self) -> usize;

    /// Prepares a linear layer. Several weights of one input width are stacked: their outputs lie side by side.
    /// `bias` has one value for each output.
    fn linear(&self, weights: &[Weight], bias: &[f32]) -> Self::Linear;

    /// Prepares a layer norm.
    fn norm(&self, weight: &[f32], bias: &[f32], epsilon: f32) -> Self::Norm;

    /// Prepares such numbers.
    fn numbers(&self, values: &[f32]) -> Self::Numbers;

    /// Prepares the embedding tables, all of one width.
    fn tables(&self, words: Words, positions: Vec<f32>, segments: Vec<f32>) -> Self::Tables;

    /// Word + position + segment embedding of each token, normed: `[tokens, width]`. Positions count from each
    /// sequence's start. Ids, types and lengths must have been checked against the tables.
    fn embed(&self, tables: &Self::Tables, norm: &Self::Norm, packing: &Packing) -> Self::Buffer;

    /// `activation(x W^T + b)`.
    fn apply(&self, linear: &Self::Linear, x: &Self::Buffer, activation: Activation) -> Self::Buffer;

    /// The attention half of a layer, in the place of `x`: `norm(x + output(attention(qkv(x))))`, attention within each
    /// sequence, or within each two of them where there are gates.
    ///
    /// With [`Carried::First`], which goes with no gates, only each sequence's first row is carried on, and `x` becomes
    /// `[sequences, width]`: all that a head which looks at the first token needs of the last layer.
    fn attend(&self, attention: &Attention<Self>, x: &mut Self::Buffer, packing: &Packing, carried: Carried);

    /// The other half of a layer, in the place of `x`: `norm(x + down(gelu(up(x))))`.
    fn feed_forward(&self, feed_forward: &FeedForward<Self>, x: &mut Self::Buffer);

    /// The rows of each range of a buffer, one range after the other, in a buffer of their own. All buffers are of one width.
    fn collect(&self, parts: &[(&Self::Buffer, Range<usize>)]) -> Self::Buffer;

    /// The mean of the rows of each range: `[ranges, width]`. Ranges must not be empty.
    fn mean(&self, x: &Self::Buffer, ranges: &[Range<usize>]) -> Self::Buffer;

    /// Of each row of each pair's first range: the greatest cosine with a row of the second, or -1 if that is empty; and the
    /// row, brought to length 1, times `terms`, `[width]`. `[rows of all first ranges, 2]`.
    fn nearest(&self, x: &Self::Buffer, terms: &Self::Numbers, pairs: &[[Range<usize>; 2]]) -> Self::Buffer;

    /// The values of a buffer, row after row.
    ///
    /// # Errors
    /// What went wrong on the device since the last time; never on the CPU.
    fn read(&self, x: Self::Buffer) -> impl Future<Output = Result<Vec<f32>, DeviceError>> {
        async {
            let [values] = self.read_all([x]).await?;
            Ok(values)
        }
    }

    /// The same of several at once, which takes a GPU no longer than one.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_all<const N: usize>(&self, buffers: [Self::Buffer; N]) -> impl Future<Output = Result<[Vec<f32>; N], DeviceError>>;
}
