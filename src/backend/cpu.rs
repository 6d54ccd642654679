//! The encoder's arithmetic on this thread.
//!
//! Weights are decoded to f32 when a model is loaded (word embeddings stay as they are in the file, a row is decoded
//! when a token asks for it), so quantization is a matter of download size and leaves no trace of the batch in a score.

use super::{Activation, Backend, Packing, Weight};
use crate::kernels::quant::{Dtype, dequantize};
use crate::kernels::{activation, gemm, instruction_set, norm, softmax};
use std::ops::Range;

/// Runs on the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

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

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    fn view(&self) -> gemm::Rows<'_> {
        gemm::Rows { values: &self.values, rows: self.rows(), stride: self.width }
    }
}

/// A linear layer, packed.
pub struct Linear {
    weight: gemm::Packed,
    bias: Vec<f32>,
}

/// A layer norm.
pub struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

/// Embedding tables.
pub struct Tables {
    words: Vec<u8>,
    words_dtype: Dtype,
    positions: Vec<f32>,
    segments: Vec<f32>,
    width: usize,
}

impl Linear {
    fn run(&self, x: &Buffer) -> Buffer {
        let mut out = Buffer::new(x.rows(), self.bias.len());
        let width = out.width;
        gemm::gemm(x.view(), &self.weight, &mut out.values, width);
        out
    }
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
    type Tables = Tables;

    fn describe(&self) -> String {
        format!("cpu ({}, f32)", instruction_set())
    }

    fn linear(&self, weights: &[Weight], bias: &[f32]) -> Linear {
        let k = weights[0].cols;
        let mut packed = gemm::Packed::zeros(k, weights.iter().map(|w| w.rows).sum());
        debug_assert_eq!(packed.n(), bias.len());
        let mut row = vec![0.0; k];
        let mut column = 0;
        for weight in weights {
            for r in 0..weight.rows {
                weight.read_row(r, &mut row);
                packed.set_column(column, &row);
                column += 1;
            }
        }
        Linear { weight: packed, bias: bias.to_vec() }
    }

    fn norm(&self, weight: &[f32], bias: &[f32], epsilon: f32) -> Norm {
        Norm { weight: weight.to_vec(), bias: bias.to_vec(), epsilon }
    }

    fn tables(&self, words: Weight, positions: Weight, segments: Weight) -> Tables {
        Tables {
            words: words.bytes.to_vec(),
            words_dtype: words.dtype,
            positions: positions.to_vec(),
            segments: segments.to_vec(),
            width: words.cols,
        }
    }

    fn embed(&self, tables: &Tables, norm: &Norm, packing: &Packing) -> Buffer {
        let width = tables.width;
        let size = tables.words_dtype.bytes_for(width).expect("checked when the model was loaded");
        let mut out = Buffer::new(packing.tokens(), width);
        for range in packing.ranges() {
            for (position, token) in range.enumerate() {
                let row = &mut out.values[token * width..][..width];
                let word = packing.ids[token] as usize;
                dequantize(&tables.words[word * size..][..size], tables.words_dtype, row);
                // The order of Hugging Face's BertEmbeddings: words and segments first, then positions.
                add(row, &tables.segments[usize::from(packing.types[token]) * width..][..width]);
                add(row, &tables.positions[position * width..][..width]);
                norm::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon);
            }
        }
        out
    }

    fn apply(&self, linear: &Linear, x: &Buffer, activation: Activation) -> Buffer {
        let mut out = linear.run(x);
        for row in out.values.chunks_exact_mut(out.width) {
            add(row, &linear.bias);
            match activation {
                Activation::Identity => {}
                Activation::Gelu => activation::gelu(row),
                Activation::Tanh => activation::tanh(row),
            }
        }
        out
    }

    fn apply_add_norm(&self, linear: &Linear, x: &Buffer, norm: &Norm, residual: &mut Buffer) {
        let out = linear.run(x);
        for (row, new) in residual.values.chunks_exact_mut(out.width).zip(out.values.chunks_exact(out.width)) {
            add(row, new);
            add(row, &linear.bias);
            norm::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon);
        }
    }

    fn attention(&self, qkv: &Buffer, packing: &Packing, heads: usize) -> Buffer {
        let width = qkv.width / 3;
        let size = width / heads;
        let scale = 1.0 / (size as f32).sqrt();
        let mut out = Buffer::new(qkv.rows(), width);
        let (mut keys, mut values, mut scores) = (gemm::Packed::default(), gemm::Packed::default(), Vec::new());
        for range in packing.ranges() {
            let n = range.len();
            scores.resize(n * n, 0.0);
            for head in 0..heads {
                keys.reshape(size, n);
                values.reshape(n, size);
                for (i, token) in range.clone().enumerate() {
                    let row = qkv.row(token);
                    keys.set_column(i, &row[width + head * size..][..size]);
                    values.set_row(i, &row[2 * width + head * size..][..size]);
                }
                let queries = &qkv.values[range.start * qkv.width + head * size..];
                gemm::gemm(gemm::Rows { values: queries, rows: n, stride: qkv.width }, &keys, &mut scores, n);
                for row in scores.chunks_exact_mut(n) {
                    softmax::softmax(row, scale);
                }
                let weights = gemm::Rows { values: &scores, rows: n, stride: n };
                gemm::gemm(weights, &values, &mut out.values[range.start * width + head * size..], width);
            }
        }
        out
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

    fn gather(&self, x: &Buffer, rows: &[usize]) -> Buffer {
        Buffer { values: rows.iter().flat_map(|&row| x.row(row)).copied().collect(), width: x.width }
    }

    async fn read(&self, x: Buffer) -> Vec<f32> {
        x.values
    }
}
