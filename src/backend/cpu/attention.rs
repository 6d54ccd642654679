//! Scaled dot-product attention of one sequence, head by head.
//!
//! Vaswani et al., "Attention Is All You Need" (2017). In integers, queries and keys have a scale for each row of a head,
//! values one for the whole head, and the softmax's probabilities are integers themselves; sums over tokens are exact,
//! whatever their order.

use super::sized::sized;
use crate::kernels::{gemm, gemm_i16, integer, softmax};

/// Largest magnitude of queries' and keys' integers: products of heads up to 64 wide fit 32 bits.
const LIMIT: i16 = 5792;
/// Largest magnitude of values' integers, and what a row's probabilities may add up to: their product, and some more
/// for rounding, fits 32 bits.
const VALUES_LIMIT: i16 = 8191;
const BUDGET: f32 = 250_000.0;
/// Queries taken at a time, so that their scores stay in the cache.
const QUERIES: usize = 16;

/// What one sequence's attention reads. Rows begin at the slices' starts; heads lie side by side in a row.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// One row for each row of output.
    pub queries: &'a [f32],
    /// From one query to the next.
    pub queries_stride: usize,
    /// One row for each token.
    pub keys: &'a [f32],
    /// One row for each token.
    pub values: &'a [f32],
    /// From one key or value to the next.
    pub stride: usize,
    /// Tokens of the sequence.
    pub tokens: usize,
}

/// Working memory.
#[derive(Default)]
pub struct Heads {
    integers: Vec<i16>,
    keys: gemm_i16::Packed,
    key_scales: Vec<f32>,
    values: gemm_i16::Packed,
    queries: Vec<[i16; 2]>,
    scores: Vec<f32>,
    probabilities: Vec<[i16; 2]>,
    keys_f32: gemm::Packed,
    values_f32: gemm::Packed,
}

/// Attention of all heads into `out`, as many rows of `width` as there are queries.
pub fn attend(inputs: Inputs, heads: usize, width: usize, out: &mut [f32], integers: bool, memory: &mut Heads) {
    let size = width / heads;
    for head in 0..heads {
        if integers && size.is_multiple_of(2) && size <= 64 {
            memory.in_integers(inputs, head * size, size, width, out);
        } else {
            memory.in_floats(inputs, head * size, size, width, out);
        }
    }
}

impl Heads {
    fn in_integers(&mut self, inputs: Inputs, at: usize, size: usize, width: usize, out: &mut [f32]) {
        const PANEL: usize = gemm_i16::PANEL;
        let Inputs { queries, queries_stride, keys, values, stride, tokens } = inputs;
        let key = |token: usize| &keys[token * stride + at..][..size];
        let value = |token: usize| &values[token * stride + at..][..size];
        let integers = sized(&mut self.integers, size);
        let panels = tokens.div_ceil(PANEL);

        self.keys.reshape(size, tokens);
        let key_scales = sized(&mut self.key_scales, panels * PANEL);
        key_scales[tokens..].fill(0.0);
        for (token, scale) in key_scales[..tokens].iter_mut().enumerate() {
            *scale = integer::quantize(key(token), LIMIT, integers);
            self.keys.set_column(token, integers);
        }
        self.values.reshape(tokens, size);
        let largest = (0..tokens).map(|token| integer::largest(value(token)).to_bits()).max();
        let (value_scale, inverse) = integer::scale(f32::from_bits(largest.unwrap_or(0)), VALUES_LIMIT);
        for token in 0..tokens {
            integer::round(value(token), inverse, integers);
            self.values.set_row(token, integers);
        }

        // The softmax is taken to the base of 2.
        let softmax_scale = std::f32::consts::LOG2_E / (size as f32).sqrt();
        let finite = key_scales.iter().all(|scale| scale.is_finite()) && value_scale.is_finite();
        let (query_stride, stride) = (size / 2, panels * PANEL / 2);
        let pairs = sized(&mut self.queries, QUERIES * query_stride);
        let scores = sized(&mut self.scores, QUERIES * panels * PANEL);
        let probabilities = sized(&mut self.probabilities, QUERIES * stride);
        let key_scales = key_scales.as_chunks::<PANEL>().0;
        for (block, out) in out.chunks_mut(QUERIES * width).enumerate() {
            let rows = out.len() / width;
            let mut scales = [0.0; QUERIES];
            for (i, pairs) in pairs.chunks_exact_mut(query_stride).take(rows).enumerate() {
                let query = &queries[(block * QUERIES + i) * queries_stride + at..][..size];
                scales[i] = integer::quantize(query, LIMIT, pairs.as_flattened_mut()) * softmax_scale;
            }
            gemm_i16::gemm(gemm_i16::Rows { pairs, rows, stride: query_stride }, &self.keys, 0..panels, |m, panel, sums| {
                let scores: &mut [f32; PANEL] = scores[(m * panels + panel) * PANEL..].first_chunk_mut().expect("panels of room");
                *scores = std::array::from_fn(|c| sums[c] as f32 * (scales[m] * key_scales[panel][c]));
            });
            let mut weights = [0.0; QUERIES];
            for (i, scores) in scores.chunks_exact_mut(panels * PANEL).take(rows).enumerate() {
                scores[tokens..].fill(f32::NEG_INFINITY);
                let probabilities = probabilities[i * stride..][..stride].as_flattened_mut().as_chunks_mut().0;
                let sum = softmax::softmax2_i16(scores.as_chunks_mut().0, BUDGET, probabilities);
                // What is not finite must show in the result, where integers would hide it.
                weights[i] = if finite && sum > 0 { value_scale / sum as f32 } else { f32::NAN };
            }
            let rows = gemm_i16::Rows { pairs: probabilities, rows, stride };
            gemm_i16::gemm(rows, &self.values, 0..size.div_ceil(PANEL), |m, panel, sums| {
                let row = &mut out[m * width + at..][..size][panel * PANEL..];
                for (out, sum) in row.iter_mut().zip(sums) {
                    *out = sum as f32 * weights[m];
                }
            });
        }
    }

    fn in_floats(&mut self, inputs: Inputs, at: usize, size: usize, width: usize, out: &mut [f32]) {
        let Inputs { queries, queries_stride, keys, values, stride, tokens } = inputs;
        self.keys_f32.reshape(size, tokens);
        self.values_f32.reshape(tokens, size);
        for token in 0..tokens {
            self.keys_f32.set_column(token, &keys[token * stride + at..][..size]);
            self.values_f32.set_row(token, &values[token * stride + at..][..size]);
        }
        let rows = out.len() / width;
        let scores = sized(&mut self.scores, rows * tokens);
        let queries = gemm::Rows { values: &queries[at..], rows, stride: queries_stride };
        gemm::gemm(queries, &self.keys_f32, scores, tokens);
        for row in scores.chunks_exact_mut(tokens) {
            softmax::softmax(row, 1.0 / (size as f32).sqrt());
        }
        gemm::gemm(gemm::Rows { values: scores, rows, stride: tokens }, &self.values_f32, &mut out[at..], width);
    }
}
