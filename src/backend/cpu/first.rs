//! Attention of each sequence's first row alone, over all rows of its sequence: the last layer's, where a head looks at nothing
//! but the first token.
//!
//! A query q meets a token's row x in q . (W_k x + b_k) = (W_k^T q) . x + q . b_k, and as probabilities add up to 1, what a head
//! gives is W_v (the sum of p x) + b_v. So queries are taken back through the weights of the keys and meet the rows as they
//! are, and the weights of the values are applied to one sum for each head and sequence: no token needs a key or a value. That
//! is so little arithmetic that it is done in f32, with the weights of one head at a time, for all sequences.

use super::sized::sized;
use super::{Buffer, Linear, add};
use crate::backend::Packing;
use crate::kernels::dot::dot;
use crate::kernels::gemm::{self, gemm};
use crate::kernels::softmax::softmax;

/// Working memory.
#[derive(Default)]
pub struct Firsts {
    /// What a head's queries, keys or values are computed with.
    weights: gemm::Packed,
    /// A head's queries, one row for each sequence.
    queries: Vec<f32>,
    /// For each sequence and head the query as rows meet it; later the sum of the rows by their probabilities.
    back: Vec<f32>,
    /// For each sequence and head what is added to all scores.
    shifts: Vec<f32>,
    /// Of one sequence: a column for each head, ...
    heads: gemm::Packed,
    /// ... the rows, ...
    rows: gemm::Packed,
    /// ... and scores, those of a token together, then those of a head.
    by_token: Vec<f32>,
    by_head: Vec<f32>,
}

impl Firsts {
    /// Attention of all heads into `out`, one row for each sequence; `firsts` are the first rows of `x`.
    pub fn attend(&mut self, qkv: &Linear, heads: usize, x: &Buffer, firsts: &Buffer, packing: &Packing, out: &mut [f32]) {
        let (width, sequences) = (x.width, packing.sequences());
        let (size, all) = (width / heads, heads * width);
        let back = sized(&mut self.back, sequences * all);
        let shifts = sized(&mut self.shifts, sequences * heads);
        let queries = sized(&mut self.queries, sequences * size);
        // The outputs of a head among the queries, the keys and the values.
        let outputs = |head: usize| [0, 1, 2].map(|part| part * width + head * size..part * width + (head + 1) * size);
        for head in 0..heads {
            let [of_queries, of_keys, _] = outputs(head);
            qkv.unpack(of_queries.clone(), &mut self.weights);
            gemm(gemm::Rows { values: &firsts.values, rows: sequences, stride: width }, &self.weights, queries, size);
            qkv.unpack(of_keys.clone(), &mut self.weights);
            for (i, query) in queries.chunks_exact_mut(size).enumerate() {
                add(query, qkv.bias(of_queries.clone()));
                self.weights.times(query, &mut back[i * all + head * width..][..width]);
                // Nothing to the softmax, but a bias that is not finite must show.
                shifts[i * heads + head] = dot(query, qkv.bias(of_keys.clone()));
            }
        }
        for ((range, back), shifts) in packing.ranges().zip(back.chunks_exact_mut(all)).zip(shifts.chunks_exact(heads)) {
            let tokens = range.len();
            let x = &x.values[range.start * width..range.end * width];
            self.heads.reshape(width, heads);
            for (head, back) in back.chunks_exact(width).enumerate() {
                self.heads.set_column(head, back);
            }
            let by_token = sized(&mut self.by_token, tokens * heads);
            gemm(gemm::Rows { values: x, rows: tokens, stride: width }, &self.heads, by_token, heads);
            let by_head = sized(&mut self.by_head, tokens * heads);
            for ((head, row), shift) in by_head.chunks_exact_mut(tokens).enumerate().zip(shifts) {
                for (score, token) in row.iter_mut().zip(by_token.chunks_exact(heads)) {
                    *score = token[head] + shift;
                }
                softmax(row, 1.0 / (size as f32).sqrt());
            }
            self.rows.reshape(tokens, width);
            for (token, row) in x.chunks_exact(width).enumerate() {
                self.rows.set_row(token, row);
            }
            gemm(gemm::Rows { values: by_head, rows: heads, stride: tokens }, &self.rows, back, width);
        }
        for head in 0..heads {
            let [.., of_values] = outputs(head);
            qkv.unpack(of_values, &mut self.weights);
            let sums = gemm::Rows { values: &back[head * width..], rows: sequences, stride: all };
            gemm(sums, &self.weights, &mut out[head * size..], width);
        }
        for out in out.chunks_exact_mut(width) {
            add(out, qkv.bias(2 * width..3 * width));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attention::{self, Inputs};
    use super::super::linear::Strided;
    use super::super::{Products, Weight};
    use super::*;
    use crate::kernels::noise;
    use crate::kernels::quant::{Dtype, quantize};
    use proptest::prelude::*;

    const KINDS: [(Dtype, Products); 3] = [(Dtype::Q8, Products::Words), (Dtype::Q8, Products::Planes), (Dtype::F32, Products::Words)];

    fn values(n: usize, most: f32, seed: u64) -> Vec<f32> {
        noise(seed).map(|s| ((s >> 40) as f32 / 8_388_608.0 - 1.0) * most).take(n).collect()
    }

    fn layer(width: usize, (dtype, products): (Dtype, Products), bias: &[f32], seed: u64) -> Linear {
        let bytes = quantize(&values(3 * width * width, 3.0 / (width as f32).sqrt(), seed), dtype);
        Linear::new(&[Weight { dtype, rows: 3 * width, cols: width, bytes: &bytes }], bias, products)
    }

    fn packing(lengths: &[usize]) -> Packing {
        let mut packing = Packing::new();
        lengths.iter().for_each(|n| packing.push(&vec![0; *n], &vec![0; *n]));
        packing
    }

    fn run(qkv: &Linear, heads: usize, x: &[f32], lengths: &[usize], memory: &mut Firsts) -> Vec<f32> {
        let width = qkv.outputs() / 3;
        let (x, packing) = (Buffer { values: x.to_vec(), width }, packing(lengths));
        let firsts = x.gather(&packing.offsets[..lengths.len()]);
        let mut out = vec![9.0; lengths.len() * width];
        memory.attend(qkv, heads, &x, &firsts, &packing, &mut out);
        out
    }

    /// The same with keys and values.
    fn run_on_all(qkv: &Linear, heads: usize, x: &[f32], lengths: &[usize]) -> Vec<f32> {
        let width = qkv.outputs() / 3;
        let (stride, mut out) = (3 * width, vec![9.0; lengths.len() * width]);
        let mut projected = vec![0.0; 3 * x.len()];
        qkv.run(Strided { values: x, stride: width }, Strided { values: &mut projected, stride }, &mut Default::default());
        for (range, out) in packing(lengths).ranges().zip(out.chunks_mut(width)) {
            let queries = &projected[range.start * stride..];
            let inputs =
                Inputs { queries, keys: &queries[width..], values: &queries[2 * width..], stride, tokens: range.len(), gates: None };
            attention::attend(inputs, heads, width, out, false, &mut Default::default());
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Whatever the kind of the weights and the size of the heads, also where memory is used again for other shapes; and a
        /// sequence alone gives the same bits.
        #[test]
        fn agrees_with_keys_and_values(
            cases in prop::collection::vec((prop::sample::select(vec![(32, 1), (64, 2), (96, 2), (96, 3), (96, 16), (288, 12)]), prop::collection::vec(1usize..20, 1..6)), 1..3),
            kind in prop::sample::select(KINDS.to_vec()),
            seed: u64,
        ) {
            let mut memory = Firsts::default();
            for ((width, heads), lengths) in cases {
                let qkv = layer(width, kind, &values(3 * width, 0.5, !seed), seed);
                let x = values(lengths.iter().sum::<usize>() * width, 1.0, seed ^ 1);
                let (got, want) = (run(&qkv, heads, &x, &lengths, &mut memory), run_on_all(&qkv, heads, &x, &lengths));
                let most = if kind.0 == Dtype::F32 { 2e-5 } else { 5e-3 };
                for (got, want) in got.iter().zip(&want) {
                    prop_assert!((got - want).abs() < most, "{got} {want}");
                }
                let mut rest = &x[..];
                for (length, got) in lengths.iter().zip(got.chunks(width)) {
                    let (own, others) = rest.split_at(length * width);
                    prop_assert_eq!(&run(&qkv, heads, own, &[*length], &mut Firsts::default()), got);
                    rest = others;
                }
            }
        }

        /// In all of its sequence, and in no other.
        #[test]
        fn what_is_not_finite_shows(
            lengths in prop::collection::vec(1usize..8, 1..4),
            kind in prop::sample::select(KINDS.to_vec()),
            bad in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
            at: prop::sample::Index,
            seed: u64,
        ) {
            let width = 32;
            let qkv = layer(width, kind, &[0.0; 96], seed);
            let mut x = values(lengths.iter().sum::<usize>() * width, 2.0, seed ^ 1);
            let at = at.index(x.len());
            x[at] = bad;
            let out = run(&qkv, 2, &x, &lengths, &mut Firsts::default());
            for (range, out) in packing(&lengths).ranges().zip(out.chunks(width)) {
                let hit = range.contains(&(at / width));
                prop_assert!(out.iter().all(|x| x.is_finite() != hit), "{out:?}");
            }
        }
    }

    /// Even where it makes no difference to the softmax.
    #[test]
    fn a_bias_that_is_not_finite_shows() {
        for (kind, at) in KINDS.into_iter().flat_map(|kind| [3, 32 + 3, 64 + 3].map(|at| (kind, at))) {
            let mut bias = [0.0; 96];
            bias[at] = f32::NAN;
            let out = run(&layer(32, kind, &bias, 7), 2, &values(5 * 32, 2.0, 8), &[5], &mut Firsts::default());
            assert!(out[3].is_nan() && out[16..].iter().all(|x| x.is_finite()), "{kind:?} {at}");
        }
    }
}
