//! Scaled dot-product attention of one sequence, head by head.
//!
//! Vaswani et al., "Attention Is All You Need" (2017). In integers, queries have a scale for each row of a head, keys and
//! values one for the whole head, and so the softmax finds its maximum among integers, and its probabilities are integers
//! themselves; sums over tokens are exact, whatever their order. Queries are the columns, a panel of them at a time: the
//! softmax then runs down the columns, all of them at once, and gives integers that are already packed for the product
//! with the values.

use super::sized::sized;
use crate::kernels::softmax::{self, Part};
use crate::kernels::{four, gemm, gemm_i16, integer};
use std::ops::Range;

/// Largest magnitude of scores: the difference of two of them, the less one first, fits 32 bits.
const SCORES: f32 = (1 << 30) as f32;
/// Largest magnitude of values' integers, and what a row's probabilities may add up to: their product, and some more
/// for rounding, fits 32 bits.
const VALUES_LIMIT: i16 = 8191;
const BUDGET: i32 = 250_000;
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
    /// What is between its two texts, if it is two.
    pub gates: Option<Gates<'a>>,
}

/// What divides a sequence of two texts, each row of output being a token.
#[derive(Clone, Copy)]
pub struct Gates<'a> {
    /// Tokens of the first text.
    pub split: usize,
    /// What each head adds to the scores between the one and the other.
    pub values: &'a [f32],
}

impl Gates<'_> {
    /// The tokens that a query meets through the gate.
    fn across(&self, query: usize, tokens: usize) -> Range<usize> {
        if query < self.split { self.split..tokens } else { 0..self.split }
    }
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
    /// One column for each query.
    queries: gemm_i16::Packed,
    /// One row for each token, one column for each query; so are the probabilities.
    scores: Vec<[i32; PANEL]>,
    probabilities: gemm_i16::Packed,
    scores_f32: Vec<f32>,
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
            memory.in_floats(inputs, head, size, width, out);
        }
    }
}

/// The two texts' parts of columns of scores, from their largest `most`; a column is of a query of the text `own`, and what it
/// meets in the other one goes through the gate. Integers may be too coarse for what a gate adds, or too small: it is added to exponents.
fn parts(most: [[i32; PANEL]; 2], scales: &[f32; PANEL], own: [usize; PANEL], gate: f32) -> [Part; 2] {
    // By how much the largest exponent across is above the largest of the query's own text.
    let above: [f32; PANEL] = std::array::from_fn(|c| {
        let [own, across] = [own[c], 1 - own[c]].map(|part| most[part][c] as f32);
        (across - own) * scales[c] + gate
    });
    std::array::from_fn(|part| Part {
        most: most[part],
        added: std::array::from_fn(|c| if part == own[c] { -above[c] } else { above[c] }.min(0.0)),
    })
}

/// Columns of a product, so many queries at a time.
const PANEL: usize = gemm_i16::PANEL;
/// Tokens at a time, or values.
const TILE: usize = gemm_i16::TILE;

impl Heads {
    fn in_integers(&mut self, inputs: Inputs, heads: usize, size: usize, out: &mut [f32]) {
        let Inputs { queries, stride, tokens, .. } = inputs;
        let limit = (SCORES / size as f32).sqrt().min(f32::from(i16::MAX)) as i16;
        self.take_keys(inputs, heads, size, limit);
        self.take_values(inputs, heads, size);
        // The softmax is taken to the base of 2.
        let softmax_scale = std::f32::consts::LOG2_E / (size as f32).sqrt();
        let width = heads * size;
        self.queries.reshape(size, PANEL);
        let scores = sized(&mut self.scores, tokens.next_multiple_of(TILE));
        for (block, out) in out.chunks_mut(PANEL * width).enumerate() {
            let rows = out.len() / width;
            for head in 0..heads {
                let at = head * size;
                // Where there are no more queries, the last one stands in.
                let number: [usize; PANEL] = std::array::from_fn(|i| block * PANEL + i.min(rows - 1));
                let queries: [&[f32]; PANEL] = number.map(|query| &queries[query * stride + at..][..size]);
                let scales = queries.map(|query| integer::scale(integer::largest_of(std::iter::once(query)), limit));
                self.queries.quantize_panel(0, queries, scales.map(|(_, inverse)| inverse));
                let key_scale = self.key_scales[head] * softmax_scale;
                let scales = scales.map(|(scale, _)| scale * key_scale);
                // A sequence of one text is the second of two.
                let (split, gate) = inputs.gates.map_or((0, 0.0), |gates| (gates.split, gates.values[head] * std::f32::consts::LOG2_E));
                let tiles = scores.as_chunks_mut::<TILE>().0;
                let mut most = [[i32::MIN; PANEL]; 2];
                gemm_i16::gemm(&self.keys[head], &self.queries, 0..1, |token, _, sums| {
                    tiles[token / TILE] = *sums;
                    for (i, sums) in sums.iter().enumerate() {
                        let most = &mut most[usize::from(token + i >= split)];
                        *most = std::array::from_fn(|c| most[c].max(sums[c]));
                    }
                });
                let parts = parts(most, &scales, number.map(|query| usize::from(query >= split)), gate);
                let sums = softmax::softmax2_columns(&scores[..tokens], split, &parts, &scales, BUDGET, &mut self.probabilities);
                // What is not finite must show in the result, where integers would hide it.
                let value_scale = self.value_scales[head];
                let weights: [f32; PANEL] =
                    std::array::from_fn(|c| if scales[c].is_finite() { value_scale / sums[c] as f32 } else { f32::NAN });
                gemm_i16::gemm(&self.values[head], &self.probabilities, 0..1, |c, _, sums| {
                    write(sums, &weights, width, &mut out[at + c..], TILE.min(size - c));
                });
            }
        }
    }

    /// Quantizes the keys of all heads.
    fn take_keys(&mut self, Inputs { keys, stride, tokens, .. }: Inputs, heads: usize, size: usize, limit: i16) {
        self.keys.resize_with(heads.max(self.keys.len()), Default::default);
        let scales = sized(&mut self.key_scales, heads);
        for (head, (rows, scale)) in self.keys.iter_mut().zip(scales).enumerate() {
            let key = |token: usize| &keys[token * stride + head * size..][..size];
            let inverse;
            (*scale, inverse) = integer::scale(integer::largest_of((0..tokens).map(key)), limit);
            rows.reshape(tokens, size, TILE);
            for tile in 0..tokens.div_ceil(TILE) {
                // Beyond the last the last again: its scores leave the largest what they are.
                rows.quantize_tile(tile, std::array::from_fn(|i| key((tile * TILE + i).min(tokens - 1))), [inverse; TILE]);
            }
        }
    }

    /// Quantizes the values of all heads and turns them into columns.
    fn take_values(&mut self, Inputs { values, stride, tokens, .. }: Inputs, heads: usize, size: usize) {
        self.values.resize_with(heads.max(self.values.len()), Default::default);
        let scales = sized(&mut self.value_scales, heads);
        for (head, (rows, scale)) in self.values.iter_mut().zip(scales).enumerate() {
            let value = |token: usize| &values[token * stride + head * size..][..size];
            let inverse;
            (*scale, inverse) = integer::scale(integer::largest_of((0..tokens).map(value)), VALUES_LIMIT);
            rows.reshape(size, tokens, TILE);
            rows.quantize_columns(value, inverse);
        }
    }

    fn in_floats(&mut self, inputs: Inputs, head: usize, size: usize, width: usize, out: &mut [f32]) {
        let Inputs { queries, keys, values, stride, tokens, gates } = inputs;
        let at = head * size;
        self.keys_f32.reshape(size, tokens);
        self.values_f32.reshape(tokens, size);
        for token in 0..tokens {
            self.keys_f32.set_column(token, &keys[token * stride + at..][..size]);
            self.values_f32.set_row(token, &values[token * stride + at..][..size]);
        }
        let rows = out.len() / width;
        let scores = sized(&mut self.scores_f32, rows * tokens);
        let queries = gemm::Rows { values: &queries[at..], rows, stride };
        gemm::gemm(queries, &self.keys_f32, scores, tokens);
        let scale = 1.0 / (size as f32).sqrt();
        for (query, row) in scores.chunks_exact_mut(tokens).enumerate() {
            if let Some(gates) = gates {
                row[gates.across(query, tokens)].iter_mut().for_each(|score| *score += gates.values[head] / scale);
            }
            softmax::softmax(row, scale);
        }
        gemm::gemm(gemm::Rows { values: scores, rows, stride: tokens }, &self.values_f32, &mut out[at..], width);
    }
}

/// Writes a tile of results, one row for each value, into the rows of queries that begin `width` apart in `out`.
#[inline(always)]
fn write(sums: &gemm_i16::Sums, weights: &[f32; PANEL], width: usize, out: &mut [f32], values: usize) {
    if values == TILE && out.len() > (PANEL - 1) * width + TILE - 1 {
        let columns = four::scaled_columns(sums, weights);
        for (i, column) in columns.iter().enumerate() {
            out[i * width..][..TILE].copy_from_slice(column);
        }
    } else {
        write_part(sums, weights, width, out, values);
    }
}

/// The same for fewer of either. Apart, as together they'd become calls of `memory.copy`, which take longer.
#[cold]
#[inline(never)]
fn write_part(sums: &gemm_i16::Sums, weights: &[f32; PANEL], width: usize, out: &mut [f32], values: usize) {
    for (i, out) in out.chunks_mut(width).enumerate() {
        out.iter_mut().zip(&sums[..values]).for_each(|(out, sums)| *out = sums[i] as f32 * weights[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise;
    use proptest::prelude::*;

    /// Attention of `queries` queries over `tokens` tokens, rows of queries, keys and values side by side.
    fn run(x: &[f32], queries: usize, heads: usize, size: usize, integers: bool, memory: &mut Heads) -> Vec<f32> {
        run_gated(x, queries, heads, size, None, integers, memory)
    }

    fn run_gated(
        x: &[f32],
        queries: usize,
        heads: usize,
        size: usize,
        gates: Option<Gates>,
        integers: bool,
        memory: &mut Heads,
    ) -> Vec<f32> {
        let width = heads * size;
        let inputs =
            Inputs { queries: x, keys: &x[width..], values: &x[2 * width..], stride: 3 * width, tokens: x.len() / 3 / width, gates };
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

        /// Through gates too; also where one is nearly closed, or scores are small beside it.
        #[test]
        fn integers_agree_with_floats_through_gates(
            heads in 1usize..4,
            size in prop::sample::select(vec![2usize, 6, 32, 64]),
            tokens in 2usize..40,
            split: prop::sample::Index,
            values_of_gates in prop::collection::vec(prop_oneof![-8f32..4.0, Just(0.0), Just(-1e9)], 3),
            magnitude in prop::sample::select(vec![0f32, 1e-6, 1e-2, 1.0]),
            seed: u64,
        ) {
            let mut x = values(tokens * 3 * heads * size, seed);
            // Of queries and keys; values stay as they are.
            x.chunks_mut(heads * size).enumerate().filter(|(i, _)| i % 3 < 2).for_each(|(_, part)| part.iter_mut().for_each(|x| *x *= magnitude));
            let gates = Some(Gates { split: 1 + split.index(tokens - 1), values: &values_of_gates[..heads] });
            let run = |integers| run_gated(&x, tokens, heads, size, gates, integers, &mut Heads::default());
            for (got, want) in run(true).iter().zip(&run(false)) {
                prop_assert!((got - want).abs() < 4e-3, "{got} {want}");
            }
        }

        /// A closed gate makes two sequences of one, an open one leaves it whole.
        #[test]
        fn gates_open_and_close(tokens in 2usize..30, split: prop::sample::Index, integers: bool, seed: u64) {
            let (heads, size) = (2, 6);
            let x = values(tokens * 36, seed);
            let split = 1 + split.index(tokens - 1);
            let through = |gate: f32| run_gated(&x, tokens, heads, size, Some(Gates { split, values: &[gate; 2] }), integers, &mut Heads::default());
            let whole = |x: &[f32]| run(x, x.len() / 36, heads, size, false, &mut Heads::default());
            let (one, other) = x.split_at(split * 36);
            for (got, want) in through(0.0).iter().zip(whole(&x)).chain(through(-1e4).iter().zip([whole(one), whole(other)].concat())) {
                prop_assert!((got - want).abs() < 4e-3, "{got} {want}");
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
