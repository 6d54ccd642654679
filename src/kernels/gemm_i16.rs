//! Matrix product in 16-bit integers with 32-bit sums: the hot loop of the encoder.
//!
//! Weights of 8-bit files become integers of [`WEIGHT_LIMIT`] steps on either side of zero, one scale a column; the rows
//! on the left are quantized as they come, one scale a row, as finely as the sums allow ([`row_limit`]). Both are far
//! finer than the 8 bits of the file, so what is lost against f32 is what the file has lost already. Sums are exact, so
//! neither the tile nor the batch nor the instruction set can show in a result.

use super::lanes::{self, Words};
use std::ops::Range;

/// Columns of a panel: four vectors of four columns, one cache line a pair of rows.
pub const PANEL: usize = 16;
const VECTORS: usize = PANEL / 4;

/// Largest magnitude of a weight.
pub const WEIGHT_LIMIT: i16 = 1023;

/// Largest magnitude of a row's values when `k` of them are multiplied by weights and summed: the most that can't
/// overflow, up to what is worth having.
pub fn row_limit(k: usize) -> i16 {
    let most = i32::MAX as usize / (k.max(1) * WEIGHT_LIMIT as usize);
    most.min(8191) as i16
}

/// The right-hand side of a product, k x n integers, packed into panels of [`PANEL`] columns, pairs of rows together;
/// padded with zeros to whole pairs and panels.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    k: usize,
    n: usize,
    panels: Vec<[Words; VECTORS]>,
}

impl Packed {
    /// An all-zero matrix of `k` rows and `n` columns.
    pub fn zeros(k: usize, n: usize) -> Self {
        let mut new = Self::default();
        new.reshape(k, n);
        new
    }

    /// Makes this an all-zero `k` x `n` matrix, reusing the allocation.
    pub fn reshape(&mut self, k: usize, n: usize) {
        self.panels.clear();
        self.panels.resize(k.div_ceil(2) * n.div_ceil(PANEL), [Words::default(); VECTORS]);
        (self.k, self.n) = (k, n);
    }

    /// Makes this a `k` x `n` matrix and lends its panels for all of them to be overwritten, padding included: what is in
    /// there is left from before.
    pub(super) fn overwrite(&mut self, k: usize, n: usize) -> &mut [[Words; VECTORS]] {
        self.panels.resize(k.div_ceil(2) * n.div_ceil(PANEL), [Words::default(); VECTORS]);
        (self.k, self.n) = (k, n);
        &mut self.panels
    }

    /// All integers, for tests.
    #[cfg(test)]
    pub fn rows(&self) -> Vec<Vec<i16>> {
        let value = |k: usize, n: usize| self.panels[n / PANEL * self.pairs() + k / 2][n % PANEL / 4].0[n % 4 * 2 + k % 2];
        (0..self.k).map(|k| (0..self.n).map(|n| value(k, n)).collect()).collect()
    }

    /// Rows: the length of the sums.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Pairs of rows.
    pub fn pairs(&self) -> usize {
        self.k.div_ceil(2)
    }

    fn slot(&mut self, row: usize, column: usize) -> &mut i16 {
        let pairs = self.pairs();
        let vector = &mut self.panels[column / PANEL * pairs + row / 2][column % PANEL / 4];
        &mut vector.0[column % 4 * 2 + row % 2]
    }

    /// Sets column `column` to `k` values.
    pub fn set_column(&mut self, column: usize, values: &[i16]) {
        assert!(column < self.n && values.len() == self.k);
        let pairs = self.pairs();
        let (vector, lane) = (column % PANEL / 4, column % 4 * 2);
        let (both, last) = values.as_chunks::<2>();
        let panel = &mut self.panels[column / PANEL * pairs..][..pairs];
        for (words, both) in panel.iter_mut().zip(both) {
            words[vector].0[lane] = both[0];
            words[vector].0[lane + 1] = both[1];
        }
        if let [last] = last {
            panel[pairs - 1][vector].0[lane] = *last;
        }
    }

    /// Sets all columns of a panel at once, which takes a fraction of the time: `columns` holds them one after the other, each
    /// padded to whole pairs.
    pub fn set_panel(&mut self, panel: usize, columns: &[[i16; 2]]) {
        let pairs = self.pairs();
        assert!(columns.len() == PANEL * pairs && panel < self.n.div_ceil(PANEL));
        let panel = &mut self.panels[panel * pairs..][..pairs];
        for (vector, four) in columns.chunks_exact(4 * pairs).enumerate() {
            let (ab, cd) = four.split_at(2 * pairs);
            let ((a, b), (c, d)) = (ab.split_at(pairs), cd.split_at(pairs));
            for ((((words, a), b), c), d) in panel.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                words[vector].0 = [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]];
            }
        }
    }

    /// Sets row `row` to `n` values.
    pub fn set_row(&mut self, row: usize, values: &[i16]) {
        assert!(row < self.k && values.len() == self.n);
        for (column, value) in values.iter().enumerate() {
            *self.slot(row, column) = *value;
        }
    }
}

/// Rows of pairs inside a larger matrix: `rows` rows, `stride` pairs from one row's start to the next.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// Pairs of values from the first row's start on.
    pub pairs: &'a [[i16; 2]],
    /// Number of rows.
    pub rows: usize,
    /// Pairs from one row's start to the next row's.
    pub stride: usize,
}

/// Multiplies `x` by the panels `panels` of `b`. `store` gets each result once: row, panel, and the panel's sums.
///
/// # Panics
/// If `x` is too short for its rows, or `b` has no such panels.
#[inline(always)]
pub fn gemm(x: Rows, b: &Packed, panels: Range<usize>, mut store: impl FnMut(usize, usize, [i32; PANEL])) {
    let pairs = b.pairs();
    assert!(panels.end <= b.n.div_ceil(PANEL), "the matrix has fewer panels");
    if x.rows == 0 || pairs == 0 {
        return;
    }
    assert!(x.stride >= pairs && x.pairs.len() >= (x.rows - 1) * x.stride + pairs, "left-hand side too short");
    for panel in panels {
        let words = &b.panels[panel * pairs..][..pairs];
        for m in (0..x.rows).step_by(2) {
            // A last single row is paired with itself, and the repetition thrown away.
            let rows = [m, (m + 1).min(x.rows - 1)];
            let sums = tile(rows.map(|row| &x.pairs[row * x.stride..][..pairs]), words);
            for (row, sums) in rows.into_iter().zip(sums).take(x.rows - m) {
                store(row, panel, sums);
            }
        }
    }
}

/// Two rows times a panel. Wider or taller tiles ran slower in browsers: their compilers spill registers.
#[inline(always)]
fn tile(x: [&[[i16; 2]]; 2], panel: &[[Words; VECTORS]]) -> [[i32; PANEL]; 2] {
    // Written with indices, this compiles to a loop of one counter; the same with zipped iterators ran 8 % slower.
    let [first, second] = x.map(|row| &row[..panel.len()]);
    assert!(first.len() == panel.len() && second.len() == panel.len(), "lets the compiler drop its own checks");
    let mut sums = [[lanes::zero(); VECTORS]; 2];
    for i in 0..panel.len() {
        let w: [lanes::Vector; VECTORS] = std::array::from_fn(|v| lanes::load(&panel[i][v]));
        let x = [lanes::splat(first[i]), lanes::splat(second[i])];
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = lanes::dot_add(*sum, w, x);
            }
        }
    }
    sums.map(|row| {
        let mut out = [0; PANEL];
        for (out, sums) in out.as_chunks_mut::<4>().0.iter_mut().zip(row) {
            *out = lanes::store(sums);
        }
        out
    })
}

/// The definition, one element at a time: `out[m][n]`, in exact arithmetic.
pub fn gemm_reference(x: Rows, b: &Packed) -> Vec<Vec<i64>> {
    let value = |m: usize, k: usize| i64::from(x.pairs[m * x.stride + k / 2][k % 2]);
    let weight = |k: usize, n: usize| i64::from(b.panels[n / PANEL * b.pairs() + k / 2][n % PANEL / 4].0[n % 4 * 2 + k % 2]);
    (0..x.rows).map(|m| (0..b.n).map(|n| (0..b.k).map(|k| value(m, k) * weight(k, n)).sum()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::noise;
    use super::*;
    use proptest::prelude::*;

    fn run(x: Rows, b: &Packed) -> Vec<Vec<i64>> {
        let mut out = vec![vec![i64::MIN; b.n()]; x.rows];
        gemm(x, b, 0..b.n().div_ceil(PANEL), |m, panel, sums| {
            for (c, sum) in sums.into_iter().enumerate().take(b.n() - panel * PANEL) {
                assert_eq!(out[m][panel * PANEL + c], i64::MIN, "each result once");
                out[m][panel * PANEL + c] = sum.into();
            }
        });
        out
    }

    /// Values within `limit`, with its extremes more often than chance.
    fn values(n: usize, limit: i16, seed: u64) -> Vec<i16> {
        let value = |s| match s % 5 {
            0 => limit,
            1 => -limit,
            2 => 0,
            _ => ((s >> 16) % (2 * limit as u64 + 1)) as i16 - limit,
        };
        noise(seed).take(n).map(value).collect()
    }

    fn pairs(values: &[i16]) -> Vec<[i16; 2]> {
        values.as_chunks::<2>().0.to_vec()
    }

    proptest! {
        #[test]
        fn tiles_equal_the_definition(m in 0usize..9, k in 1usize..90, n in 1usize..50, pad in 0usize..3, seed: u64) {
            let stride = k.div_ceil(2) + pad;
            let x = pairs(&values(m * stride * 2, row_limit(k), seed));
            let mut b = Packed::zeros(k, n);
            for c in 0..n {
                b.set_column(c, &values(k, WEIGHT_LIMIT, seed ^ (c as u64 + 1)));
            }
            let x = Rows { pairs: &x, rows: m, stride };
            prop_assert_eq!(run(x, &b), gemm_reference(x, &b));
        }

        #[test]
        fn rows_and_columns_pack_alike(k in 1usize..40, n in 1usize..40, seed: u64) {
            let w = values(k * n, 30000, seed);
            let (mut by_row, mut by_column) = (Packed::zeros(k, n), Packed::default());
            by_column.reshape(k, n);
            for r in 0..k {
                by_row.set_row(r, &w[r * n..(r + 1) * n]);
            }
            for c in 0..n {
                by_column.set_column(c, &(0..k).map(|r| w[r * n + c]).collect::<Vec<_>>());
            }
            prop_assert_eq!(&by_row.panels, &by_column.panels);
            let mut by_panel = Packed::zeros(k, n);
            for first in (0..n).step_by(PANEL) {
                let mut panel = vec![[0; 2]; PANEL * k.div_ceil(2)];
                for (column, c) in panel.chunks_exact_mut(k.div_ceil(2)).zip(first..n) {
                    column.as_flattened_mut()[..k].copy_from_slice(&(0..k).map(|r| w[r * n + c]).collect::<Vec<_>>());
                }
                by_panel.set_panel(first / PANEL, &panel);
            }
            prop_assert_eq!(by_row.panels, by_panel.panels);
        }
    }

    #[test]
    fn the_largest_sums_fit() {
        for k in [1, 2, 32, 384, 768, 1536, 3072, 4096] {
            let limit = row_limit(k);
            assert!(limit >= 500, "{k}");
            let x = vec![[limit; 2]; k.div_ceil(2)];
            let mut b = Packed::zeros(k, 2);
            b.set_column(0, &vec![WEIGHT_LIMIT; k]);
            b.set_column(1, &vec![-WEIGHT_LIMIT; k]);
            let x = Rows { pairs: &x, rows: 1, stride: k.div_ceil(2) };
            assert_eq!(run(x, &b), gemm_reference(x, &b));
        }
    }
}
