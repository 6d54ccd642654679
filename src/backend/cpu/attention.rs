//! Scaled dot-product attention of one sequence, head by head.
//!
//! Vaswani et al., "Attention Is All You Need" (2017). In integers, queries and keys have a scale for each row of a head,
//! values one for the whole head, and the softmax's probabilities are integers themselves; sums over tokens are exact,
//! whatever their order. Queries are the columns, a panel of them at a time: the softmax then runs down the columns, all
//! of them at once, and gives integers that are already packed for the product with the values.

use super::sized::sized;
use crate::kernels::{gemm, gemm_i16, integer, softmax};

/// Largest magnitude of queries' and keys' integers: products of heads up to 64 wide fit 32 bits.
const LIMIT: i16 = 5792;
/// Largest magnitude of values' integers, and what a row's probabilities may add up to: their product, and some more
/// for rounding, fits 32 bits.
const VALUES_LIMIT: i16 = 8191;
const BUDGET: f32 = 250_000.0;
/// Tokens for whose roundings there is room.
const MOST_TOKENS: usize = 20_000;

/// What one sequence's attention reads. Rows begin at the slices' starts; heads lie side by side in a row.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// One row for each row of output.
    pub queries: &'a [f32],
    /// One row for each token.
    pub keys: &'a [f32],
    /// One row for each token.
    pub values: &'a [f32],
    /// From one query, key or value to the next.
    pub stride: usize,
    /// Tokens of the sequence.
    pub tokens: usize,
}

/// Working memory.
#[derive(Default)]
pub struct Heads {
    /// For each head, one row for each token.
    keys: Vec<gemm_i16::Rows>,
    key_scales: Vec<f32>,
    /// For each head, one row for each of its values, the tokens in it.
    values: Vec<gemm_i16::Rows>,
    value_scales: Vec<f32>,
    integers: Vec<i16>,
    /// One row for each query, and these as columns.
    queries: Vec<[i16; 2]>,
    columns: gemm_i16::Packed,
    /// One row for each token, one column for each query; so are the probabilities.
    scores: Vec<f32>,
    probabilities: gemm_i16::Packed,
    keys_f32: gemm::Packed,
    values_f32: gemm::Packed,
}

/// Attention of all heads into `out`, as many rows of `width` as there are queries.
pub fn attend(inputs: Inputs, heads: usize, width: usize, out: &mut [f32], integers: bool, memory: &mut Heads) {
    let size = width / heads;
    if integers && size.is_multiple_of(2) && size <= 64 && inputs.tokens <= MOST_TOKENS {
        memory.in_integers(inputs, heads, size, out);
    } else {
        for head in 0..heads {
            memory.in_floats(inputs, head * size, size, width, out);
        }
    }
}

/// Columns of a product, so many queries at a time.
const PANEL: usize = gemm_i16::PANEL;

impl Heads {
    fn in_integers(&mut self, inputs: Inputs, heads: usize, size: usize, out: &mut [f32]) {
        let Inputs { queries, stride, tokens, .. } = inputs;
        self.take_keys(inputs, heads, size);
        self.take_values(inputs, heads, size);
        // The softmax is taken to the base of 2.
        let softmax_scale = std::f32::consts::LOG2_E / (size as f32).sqrt();
        let (width, half) = (heads * size, size / 2);
        self.columns.reshape(size, PANEL);
        let pairs = sized(&mut self.queries, PANEL * half);
        let scores = sized(&mut self.scores, tokens * PANEL).as_chunks_mut::<PANEL>().0;
        for (block, out) in out.chunks_mut(PANEL * width).enumerate() {
            let rows = out.len() / width;
            for head in 0..heads {
                let at = head * size;
                let mut scales = [0.0; PANEL];
                for (i, pairs) in pairs.chunks_exact_mut(half).take(rows).enumerate() {
                    let query = &queries[(block * PANEL + i) * stride + at..][..size];
                    scales[i] = integer::quantize_head(query, LIMIT, pairs.as_flattened_mut()) * softmax_scale;
                }
                self.columns.set_panel(0, pairs);
                let key_scales = &self.key_scales[head * tokens..][..tokens];
                gemm_i16::gemm(&self.keys[head], &self.columns, 0..1, |token, _, sums| {
                    for ((scores, sums), scale) in scores[token..].iter_mut().zip(sums).zip(&key_scales[token..]) {
                        *scores = std::array::from_fn(|c| sums[c] as f32 * (scale * scales[c]));
                    }
                });
                let sums = softmax::softmax2_columns(scores, BUDGET, &mut self.probabilities);
                // What is not finite must show in the result, where integers would hide it.
                let finite = key_scales.iter().all(|scale| scale.is_finite());
                let value_scale = if finite { self.value_scales[head] } else { f32::NAN };
                let weights: [f32; PANEL] =
                    std::array::from_fn(|c| if scales[c].is_finite() && sums[c] > 0 { value_scale / sums[c] as f32 } else { f32::NAN });
                gemm_i16::gemm(&self.values[head], &self.probabilities, 0..1, |c, _, sums| {
                    let results = sums.map(|sums| -> [f32; PANEL] { std::array::from_fn(|i| sums[i] as f32 * weights[i]) });
                    for (i, row) in out.chunks_exact_mut(width).enumerate() {
                        let out = &mut row[at + c..at + size];
                        match out.first_chunk_mut::<{ gemm_i16::TILE }>() {
                            Some(whole) => *whole = std::array::from_fn(|c| results[c][i]),
                            None => out.iter_mut().zip(&results).for_each(|(out, result)| *out = result[i]),
                        }
                    }
                });
            }
        }
    }

    /// Quantizes the keys of all heads, token by token as they lie in memory.
    fn take_keys(&mut self, Inputs { keys, stride, tokens, .. }: Inputs, heads: usize, size: usize) {
        self.keys.resize_with(heads.max(self.keys.len()), Default::default);
        for keys in &mut self.keys[..heads] {
            keys.reshape(tokens, size, gemm_i16::TILE);
        }
        let scales = sized(&mut self.key_scales, heads * tokens);
        let integers = sized(&mut self.integers, size);
        for token in 0..tokens {
            for (head, key) in keys[token * stride..][..heads * size].chunks_exact(size).enumerate() {
                scales[head * tokens + token] = integer::quantize_head(key, LIMIT, integers);
                self.keys[head].set_row(token, integers);
            }
        }
    }

    /// Quantizes the values of all heads and turns them into columns.
    fn take_values(&mut self, Inputs { values, stride, tokens, .. }: Inputs, heads: usize, size: usize) {
        self.values.resize_with(heads.max(self.values.len()), Default::default);
        let scales = sized(&mut self.value_scales, heads);
        let (first, second) = sized(&mut self.integers, 2 * size).split_at_mut(size);
        for (head, (rows, scale)) in self.values.iter_mut().zip(scales).enumerate() {
            let value = |token: usize| &values[token * stride + head * size..][..size];
            let largest = (0..tokens).map(|token| integer::largest(value(token)).to_bits()).max();
            let inverse;
            (*scale, inverse) = integer::scale(f32::from_bits(largest.unwrap_or(0)), VALUES_LIMIT);
            rows.reshape(size, tokens, gemm_i16::TILE);
            for pair in 0..tokens.div_ceil(2) {
                integer::round(value(2 * pair), inverse, first);
                if 2 * pair + 1 < tokens {
                    integer::round(value(2 * pair + 1), inverse, second);
                } else {
                    second.fill(0);
                }
                rows.set_columns(pair, first, second);
            }
        }
    }

    fn in_floats(&mut self, inputs: Inputs, at: usize, size: usize, width: usize, out: &mut [f32]) {
        let Inputs { queries, keys, values, stride, tokens } = inputs;
        self.keys_f32.reshape(size, tokens);
        self.values_f32.reshape(tokens, size);
        for token in 0..tokens {
            self.keys_f32.set_column(token, &keys[token * stride + at..][..size]);
            self.values_f32.set_row(token, &values[token * stride + at..][..size]);
        }
        let rows = out.len() / width;
        let scores = sized(&mut self.scores, rows * tokens);
        let queries = gemm::Rows { values: &queries[at..], rows, stride };
        gemm::gemm(queries, &self.keys_f32, scores, tokens);
        for row in scores.chunks_exact_mut(tokens) {
            softmax::softmax(row, 1.0 / (size as f32).sqrt());
        }
        gemm::gemm(gemm::Rows { values: scores, rows, stride: tokens }, &self.values_f32, &mut out[at..], width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise;
    use proptest::prelude::*;

    /// Attention of `queries` queries over `tokens` tokens, rows of queries, keys and values side by side.
    fn run(x: &[f32], queries: usize, heads: usize, size: usize, integers: bool, memory: &mut Heads) -> Vec<f32> {
        let width = heads * size;
        let inputs = Inputs { queries: x, keys: &x[width..], values: &x[2 * width..], stride: 3 * width, tokens: x.len() / 3 / width };
        let mut out = vec![9.0; queries * width];
        attend(inputs, heads, width, &mut out, integers, memory);
        out
    }

    fn values(n: usize, seed: u64) -> Vec<f32> {
        noise(seed).map(|s| (s >> 40) as f32 / 4e6 - 2.0).take(n).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Also where memory is used again for other shapes.
        #[test]
        fn integers_agree_with_floats(
            shapes in prop::collection::vec((1usize..4, prop::sample::select(vec![2usize, 6, 32, 64]), 1usize..40, any::<prop::sample::Index>()), 1..4),
            seed: u64,
        ) {
            let mut memory = Heads::default();
            for (heads, size, tokens, queries) in shapes {
                let x = values(tokens * 3 * heads * size, seed);
                let queries = 1 + queries.index(tokens);
                let (got, want) = (run(&x, queries, heads, size, true, &mut memory), run(&x, queries, heads, size, false, &mut Heads::default()));
                for (got, want) in got.iter().zip(&want) {
                    prop_assert!((got - want).abs() < 4e-3, "{got} {want}");
                }
            }
        }

        /// In a query it shows in that query's row, in a key or a value in all of the head's.
        #[test]
        fn what_is_not_finite_shows(tokens in 1usize..20, bad in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]), at: prop::sample::Index, seed: u64) {
            let (heads, size) = (2, 6);
            let mut x = values(tokens * 36, seed);
            let at = at.index(x.len());
            x[at] = bad;
            let (row, part, head) = (at / 36, at % 36 / 12, at % 12 / size);
            let out = run(&x, tokens, heads, size, true, &mut Heads::default());
            for (i, out) in out.chunks(size).enumerate() {
                let hit = i % heads == head && (part > 0 || i / heads == row);
                prop_assert_eq!(out.iter().all(|x| x.is_finite()), !hit);
            }
        }
    }

    #[test]
    fn extremes() {
        // The largest products of 64 integers, and sums of equal probabilities over many tokens.
        for (tokens, size) in [(3, 64), (1000, 2), (2001, 2)] {
            for sign in [1.0, -1.0] {
                let x: Vec<f32> = (0..tokens * 3 * size).map(|i| if i / size % 3 == 1 { sign } else { 1.0 }).collect();
                for out in run(&x, 3.min(tokens), 1, size, true, &mut Heads::default()) {
                    assert!((out - 1.0).abs() < 1e-3, "{out}");
                }
            }
        }
    }
}
