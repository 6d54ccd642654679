//! The encoder's arithmetic on this thread.
//!
//! Weights of 8-bit and 4-bit files are computed with in integers, of 16 bits ([`crate::kernels::gemm_i16`]) or of 8
//! ([`crate::kernels::gemm_i8`]), the rows on the other side quantized as they come, each with a scale of its own; weights of
//! float files in f32. Any way a row's result depends on that row alone (and, in attention, on its own sequence), so a batch
//! leaves no trace in a score.

mod attention;
mod first;
mod linear;
mod nearest;
mod planes;
mod scratch;
mod sized;

pub use linear::Linear;
use linear::Strided;

use super::{Activation, Attention, Backend, Carried, DeviceError, FeedForward, Packing, Weight, Words};
use crate::kernels::quant::dequantize;
use crate::kernels::{activation, instruction_set, norm};
use attention::{Gates, Inputs, attend};
use nearest::nearest;
use scratch::Scratch;
use sized::sized;
use std::ops::Range;

/// Some 50 ms in WebAssembly on a middling computer.
const BATCH_TOKENS: usize = 384;

/// How rows are multiplied by the weights of quantized files. Either way the result is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// In 16-bit integers ([`crate::kernels::gemm_i16`]).
    Words,
    /// In bytes, the rows in two planes ([`crate::kernels::gemm_i8`]).
    Planes,
}

impl Default for Products {
    /// What this build is for.
    fn default() -> Self {
        if cfg!(target_feature = "relaxed-simd") { Self::Planes } else { Self::Words }
    }
}

/// Runs on the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// Set to compute as another build does, to the bit.
    pub products: Products,
}

/// Values in memory, `[rows, width]`.
#[derive(Clone, Debug)]
pub struct Buffer {
    values: Vec<f32>,
    width: usize,
}

impl Buffer {
    fn new(rows: usize, width: usize) -> Self {
        Self { values: vec![0.0; rows * width], width }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    fn strided(&self) -> Strided<&[f32]> {
        Strided { values: &self.values, stride: self.width }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// Copies of the given rows.
    fn gather(&self, rows: &[usize]) -> Self {
        Self { values: rows.iter().flat_map(|&row| self.row(row)).copied().collect(), width: self.width }
    }
}

/// A layer norm.
pub struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    /// `norm(residual + row)` in the place of `residual`, for each row; those of `rows` lie `stride` values apart.
    fn add(&self, residual: &mut [f32], rows: &[f32], stride: usize) {
        for (x, new) in residual.chunks_exact_mut(self.weight.len()).zip(rows.chunks(stride)) {
            add(x, new);
            norm::layer_norm(x, &self.weight, &self.bias, self.epsilon);
        }
    }
}

/// Embedding tables.
pub struct Tables {
    words: Words,
    positions: Vec<f32>,
    segments: Vec<f32>,
}

fn add(row: &mut [f32], other: &[f32]) {
    for (x, y) in row.iter_mut().zip(other) {
        *x += y;
    }
}

impl Backend for Cpu {
    type Buffer = Buffer;
    type Linear = Linear;
    type Norm = Norm;
    type Numbers = Vec<f32>;
    type Tables = Tables;

    fn batch_tokens(&self) -> usize {
        BATCH_TOKENS
    }

    fn describe(&self) -> String {
        let products = match self.products {
            Products::Words => "int16",
            Products::Planes => "int8 in 2 planes",
        };
        format!("cpu ({}, {products})", instruction_set())
    }

    fn linear(&self, weights: &[Weight], bias: &[f32]) -> Linear {
        Linear::new(weights, bias, self.products)
    }

    fn norm(&self, weight: &[f32], bias: &[f32], epsilon: f32) -> Norm {
        Norm { weight: weight.to_vec(), bias: bias.to_vec(), epsilon }
    }

    fn numbers(&self, values: &[f32]) -> Vec<f32> {
        values.to_vec()
    }

    fn tables(&self, words: Words, positions: Vec<f32>, segments: Vec<f32>) -> Tables {
        Tables { words, positions, segments }
    }

    fn embed(&self, tables: &Tables, norm: &Norm, packing: &Packing) -> Buffer {
        let Words { dtype, width, ref bytes } = tables.words;
        let size = dtype.bytes_for(width).expect("checked when the model was loaded");
        let mut out = Buffer::new(packing.tokens(), width);
        for range in packing.ranges() {
            for (position, token) in range.enumerate() {
                let row = &mut out.values[token * width..][..width];
                let word = packing.ids[token] as usize;
                dequantize(&bytes[word * size..][..size], dtype, row);
                // The order of Hugging Face's BertEmbeddings: words and segments first, then positions.
                add(row, &tables.segments[usize::from(packing.types[token]) * width..][..width]);
                add(row, &tables.positions[position * width..][..width]);
                norm::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon);
            }
        }
        out
    }

    fn apply(&self, linear: &Linear, x: &Buffer, activation: Activation) -> Buffer {
        let mut out = Buffer::new(x.rows(), linear.outputs());
        Scratch::with(|scratch| linear.run(x.strided(), Strided { stride: out.width, values: &mut out.values }, &mut scratch.rows));
        match activation {
            Activation::Identity => {}
            Activation::Gelu => activation::gelu(&mut out.values),
            Activation::Tanh => activation::tanh(&mut out.values),
        }
        out
    }

    fn attend(&self, attention: &Attention<Self>, x: &mut Buffer, packing: &Packing, carried: Carried) {
        let Attention { qkv, output, norm, heads, gates } = attention;
        let width = x.width;
        Scratch::with(|scratch| {
            let Scratch { rows, projected, attended, mixed, heads: own, firsts, .. } = scratch;
            let attended = match carried {
                Carried::All => {
                    let stride = linear::stride(3 * width);
                    let projected = sized(projected, x.rows() * stride);
                    qkv.run(x.strided(), Strided { values: projected, stride }, rows);
                    let attended = sized(attended, x.rows() * width);
                    let mut within = |range: Range<usize>, gates: Option<Gates>| {
                        let of_sequence = &projected[range.start * stride..];
                        let inputs = Inputs {
                            queries: of_sequence,
                            keys: &of_sequence[width..],
                            values: &of_sequence[2 * width..],
                            stride,
                            tokens: range.len(),
                            gates,
                        };
                        attend(inputs, *heads, width, &mut attended[range.start * width..range.end * width], qkv.is_integer(), own);
                    };
                    match gates {
                        None => packing.ranges().for_each(|range| within(range, None)),
                        Some(values) => packing.pairs().for_each(|(range, second)| {
                            let split = second - range.start;
                            within(range, Some(Gates { split, values }));
                        }),
                    }
                    attended
                }
                Carried::First => {
                    debug_assert!(gates.is_none());
                    let first_rows = x.gather(&packing.offsets[..packing.sequences()]);
                    let attended = sized(attended, first_rows.values.len());
                    firsts.attend(qkv, *heads, x, &first_rows, packing, attended);
                    *x = first_rows;
                    attended
                }
            };
            let stride = linear::stride(width);
            let mixed = sized(mixed, x.rows() * stride);
            output.run(Strided { values: attended, stride: width }, Strided { values: mixed, stride }, rows);
            norm.add(&mut x.values, mixed, stride);
        });
    }

    fn feed_forward(&self, feed_forward: &FeedForward<Self>, x: &mut Buffer) {
        let FeedForward { up, down, norm } = feed_forward;
        Scratch::with(|scratch| {
            let Scratch { rows: quantized, projected, mixed, .. } = scratch;
            // As many rows at a time as the layers take: what lies between the two layers stays in the cache.
            let (rows, width) = (linear::block(x.rows(), up.outputs()), x.width);
            let (inner_stride, stride) = (linear::stride(up.outputs()), linear::stride(width));
            for block in x.values.chunks_mut(rows * width) {
                let rows = block.len() / width;
                let inner = sized(projected, rows * inner_stride);
                let (x, out) = (Strided { values: &*block, stride: width }, Strided { values: &mut *inner, stride: inner_stride });
                up.run(x, out, quantized);
                activation::gelu(inner); // what lies between the rows too, which nobody reads
                let mixed = sized(mixed, rows * stride);
                let (x, out) = (Strided { values: &*inner, stride: inner_stride }, Strided { values: &mut *mixed, stride });
                down.run(x, out, quantized);
                norm.add(block, mixed, stride);
            }
        });
    }

    fn collect(&self, parts: &[(&Buffer, Range<usize>)]) -> Buffer {
        let width = parts.first().map_or(1, |(x, _)| x.width);
        let mut values = Vec::with_capacity(parts.iter().map(|(_, rows)| rows.len() * width).sum());
        for (x, rows) in parts {
            values.extend_from_slice(&x.values[rows.start * width..rows.end * width]);
        }
        Buffer { values, width }
    }

    fn mean(&self, x: &Buffer, ranges: &[Range<usize>]) -> Buffer {
        let mut out = Buffer::new(ranges.len(), x.width);
        for (row, range) in out.values.chunks_exact_mut(x.width).zip(ranges) {
            let inverse = 1.0 / range.len() as f32;
            range.clone().for_each(|token| add(row, x.row(token)));
            row.iter_mut().for_each(|value| *value *= inverse);
        }
        out
    }

    fn nearest(&self, x: &Buffer, terms: &Vec<f32>, pairs: &[[Range<usize>; 2]]) -> Buffer {
        nearest(x, terms, pairs)
    }

    async fn read_all<const N: usize>(&self, buffers: [Buffer; N]) -> Result<[Vec<f32>; N], DeviceError> {
        Ok(buffers.map(|x| x.values))
    }
}
