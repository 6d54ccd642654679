//! Matrix product in 16-bit integers with 32-bit sums: the hot loop of the encoder.
//!
//! Weights of 8-bit files become integers of [`WEIGHT_LIMIT`] steps on either side of zero, one scale a column; the rows
//! on the left are quantized as they come, one scale a row, as finely as the sums allow ([`row_limit`]). Both are far
//! finer than the 8 bits of the file, so what is lost against f32 is what the file has lost already. Sums are exact, so
//! neither the tile nor the batch nor the instruction set can show in a result.

use super::four::{Floats, Ints};
use super::lanes::{self, Words};
use super::{integer, narrow};
use std::ops::Range;

/// Columns of a panel: two vectors of four columns.
pub const PANEL: usize = 8;
const VECTORS: usize = PANEL / 4;

/// Rows of a tile.
pub const TILE: usize = 4;

/// A pair of rows of a panel.
pub(super) type Step = [Words; VECTORS];

/// The sums of a tile.
pub type Sums = [[i32; PANEL]; TILE];

/// Largest magnitude of a weight.
pub const WEIGHT_LIMIT: i16 = 1023;

/// Largest magnitude of a row's values when `k` of them are multiplied by weights and summed: the most that can't
/// overflow, and that [`super::strassen`] can add up in 16 bits.
pub fn row_limit(k: usize) -> i16 {
    let most = i32::MAX as usize / (k.max(1) * WEIGHT_LIMIT as usize);
    most.min(super::strassen::LIMIT as usize) as i16
}

/// The right-hand side of a product, k x n integers, packed into panels of [`PANEL`] columns, pairs of rows together;
/// padded with zeros to whole pairs and panels.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    k: usize,
    n: usize,
    panels: Vec<Step>,
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
    pub(super) fn overwrite(&mut self, k: usize, n: usize) -> &mut [Step] {
        self.panels.resize(k.div_ceil(2) * n.div_ceil(PANEL), Step::default());
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

    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    /// The pairs of rows of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[Step] {
        &self.panels[panel * self.pairs()..][..self.pairs()]
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

    /// Sets all columns of a panel to the nearest integers of `columns * inverse`; a magnitude must stay below 2^15.
    pub fn quantize_panel(&mut self, panel: usize, columns: [&[f32]; PANEL], inverse: [f32; PANEL]) {
        let pairs = self.pairs();
        let steps = &mut self.panels[panel * pairs..][..pairs];
        for (v, (columns, inverse)) in columns.as_chunks::<4>().0.iter().zip(inverse.as_chunks::<4>().0).enumerate() {
            quantize_four(self.k, *columns, *inverse, steps, |step| &mut step[v]);
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
}

/// Four rows of `k` values, of which there may be none, to the nearest integers of `rows * inverse`, pair by pair; an inverse of 0
/// makes zeros.
#[inline(always)]
fn quantize_four<S>(k: usize, rows: [&[f32]; 4], inverse: [f32; 4], steps: &mut [S], words: impl Fn(&mut S) -> &mut Words) {
    let whole = k.is_multiple_of(8) && rows.iter().all(|row| row.len() == k) && inverse.iter().all(|x| *x != 0.0);
    if !whole {
        let value = |row: usize, i: usize| match rows[row].get(i) {
            Some(x) if inverse[row] != 0.0 => integer::nearest(x * inverse[row]),
            _ => 0,
        };
        for (pair, step) in steps.iter_mut().enumerate() {
            *words(step) = Words(std::array::from_fn(|i| value(i / 2, 2 * pair + i % 2)));
        }
        return;
    }
    // Hidden from the compiler as `exp` has it.
    let round = Floats::splat(std::hint::black_box(narrow::ROUND));
    let inverse = inverse.map(Floats::splat);
    let rows = rows.map(|row| &row.as_chunks::<8>().0[..k / 8]);
    let steps = &mut steps.as_chunks_mut::<4>().0[..k / 8];
    for (i, steps) in steps.iter_mut().enumerate() {
        let pairs = std::array::from_fn(|row| {
            let [a, b] =
                [0, 1].map(|half| (Floats::load(&rows[row][i].as_chunks::<4>().0[half]) * inverse[row] + round).bits() - round.bits());
            a.narrow(b)
        });
        for (step, pairs) in steps.iter_mut().zip(Ints::transpose(pairs)) {
            *words(step) = pairs.words();
        }
    }
}

/// The left-hand side of a product: rows of `k` integers, [`TILE`] of them together, pair by pair; padded with zeros to whole
/// pairs and tiles.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    rows: usize,
    k: usize,
    steps: Vec<Words>,
}

impl Rows {
    /// Makes this a matrix of `rows` rows of `k` values, all of which have to be set, reusing the allocation. Beyond the rows
    /// there are zeros up to a multiple of `multiple` rows.
    pub fn reshape(&mut self, rows: usize, k: usize, multiple: usize) {
        debug_assert!(multiple.is_multiple_of(TILE));
        (self.rows, self.k) = (rows, k);
        let pairs = self.pairs();
        self.steps.resize(rows.next_multiple_of(multiple) / TILE * pairs, Words::default());
        self.steps[rows / TILE * pairs..].fill(Words::default());
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of rows with what was added.
    pub fn padded_rows(&self) -> usize {
        self.steps.len() / self.pairs() * TILE
    }

    /// Pairs of values in a row.
    pub fn pairs(&self) -> usize {
        self.k.div_ceil(2)
    }

    /// All steps: pair by pair within a tile, tile after tile.
    pub(super) fn steps(&self) -> &[Words] {
        &self.steps
    }

    /// Sets the rows of tile number `tile` to the nearest integers of `rows * inverse`, row by row; an inverse of 0 makes a row of
    /// zeros, whatever its values. Rows that the tile lacks at the end are empty.
    pub fn quantize_tile(&mut self, tile: usize, rows: [&[f32]; TILE], inverse: [f32; TILE]) {
        let pairs = self.pairs();
        let steps = &mut self.steps[tile * pairs..][..pairs];
        quantize_four(self.k, rows, inverse, steps, |step| step);
    }

    /// Sets all rows, column by column, to the nearest integers of `column(..) * inverse`; a magnitude must stay below 2^15.
    pub fn quantize_columns<'a>(&mut self, column: impl Fn(usize) -> &'a [f32], inverse: f32) {
        let (k, pairs) = (self.k, self.pairs());
        let round = Floats::splat(std::hint::black_box(narrow::ROUND));
        let low = Ints::splat(std::hint::black_box(0xffff));
        for pair in 0..pairs {
            // The second of the last may be missing: zeros, then, of the first.
            let two = [2 * pair, (2 * pair + 1).min(k - 1)].map(|i| &column(i)[..self.rows]);
            let inverse = [inverse, if 2 * pair + 1 < k { inverse } else { 0.0 }];
            let factor = inverse.map(Floats::splat);
            let [(first, rest), (second, rest_second)] = two.map(|column| column.as_chunks::<TILE>());
            for ((step, a), b) in self.steps[pair..].iter_mut().step_by(pairs).zip(first).zip(second) {
                let [a, b] = [(a, factor[0]), (b, factor[1])].map(|(x, factor)| (Floats::load(x) * factor + round).bits());
                *step = ((a & low) | (b << 16)).words();
            }
            for (i, (a, b)) in rest.iter().zip(rest_second).enumerate() {
                let both = [integer::nearest(a * inverse[0]), integer::nearest(b * inverse[1])];
                self.steps[first.len() * pairs + pair].0[2 * i..2 * i + 2].copy_from_slice(&both);
            }
        }
    }

    /// Sets row `row` to `k` values.
    #[cfg(test)]
    pub fn set_row(&mut self, row: usize, values: &[i16]) {
        assert!(row < self.rows && values.len() == self.k);
        let pairs = self.pairs();
        let (steps, at) = (&mut self.steps[row / TILE * pairs..][..pairs], row % TILE * 2);
        let (both, last) = values.as_chunks::<2>();
        for (step, both) in steps.iter_mut().zip(both) {
            step.0[at..at + 2].copy_from_slice(both);
        }
        if let [last] = last {
            steps[pairs - 1].0[at] = *last;
            steps[pairs - 1].0[at + 1] = 0;
        }
    }
}

/// Multiplies `x` by the panels `panels` of `b`. `store` gets each result once: the first row of a tile, the panel, and the
/// tile's sums, those of rows beyond the last being meaningless.
///
/// # Panics
/// If `x` and `b` don't go together, or `b` has no such panels.
#[inline(always)]
pub fn gemm(x: &Rows, b: &Packed, panels: Range<usize>, mut store: impl FnMut(usize, usize, &Sums)) {
    assert!(panels.end <= b.panels(), "the matrix has fewer panels");
    assert_eq!(x.k, b.k, "lengths of the sums");
    if x.k == 0 {
        return;
    }
    let tiles = x.rows.div_ceil(TILE);
    for panel in panels {
        for (i, tile) in x.steps.chunks_exact(x.pairs()).enumerate().take(tiles) {
            store(i * TILE, panel, &multiply(None, tile, b.panel(panel)));
        }
    }
}

/// A tile of rows times a panel, added to `start`, modulo 2^32. Wider or taller tiles ran slower in browsers: their compilers spill registers.
#[inline(always)]
pub(super) fn multiply(start: Option<&Sums>, x: &[Words], panel: &[Step]) -> Sums {
    // Written with indices, this compiles to a loop of few counters; the same with zipped iterators ran 8 % slower.
    let x = &x[..panel.len()];
    assert!(x.len() == panel.len(), "lets the compiler drop its own checks");
    let mut sums = match start {
        None => [[lanes::zero(); VECTORS]; TILE],
        Some(start) => start.each_ref().map(|row| std::array::from_fn(|v| lanes::restore(&row.as_chunks().0[v]))),
    };
    for i in 0..panel.len() {
        let w: [lanes::Vector; VECTORS] = std::array::from_fn(|v| lanes::load(&panel[i][v]));
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = lanes::splat(&x[i], row);
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
pub fn gemm_reference(x: &Rows, b: &Packed) -> Vec<Vec<i64>> {
    let value = |m: usize, k: usize| i64::from(x.steps[m / TILE * x.pairs() + k / 2].0[m % TILE * 2 + k % 2]);
    let weight = |k: usize, n: usize| i64::from(b.panels[n / PANEL * b.pairs() + k / 2][n % PANEL / 4].0[n % 4 * 2 + k % 2]);
    (0..x.rows).map(|m| (0..b.n).map(|n| (0..b.k).map(|k| value(m, k) * weight(k, n)).sum()).collect()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::noise;
    use super::*;
    use proptest::prelude::*;

    fn run(x: &Rows, b: &Packed) -> Vec<Vec<i64>> {
        let mut out = vec![vec![i64::MIN; b.n()]; x.rows()];
        gemm(x, b, 0..b.panels(), |first, panel, sums| {
            for (m, sums) in (first..x.rows()).zip(sums) {
                for (c, sum) in sums.iter().enumerate().take(b.n() - panel * PANEL) {
                    assert_eq!(out[m][panel * PANEL + c], i64::MIN, "each result once");
                    out[m][panel * PANEL + c] = (*sum).into();
                }
            }
        });
        out
    }

    /// Values within `limit`, with its extremes more often than chance.
    pub fn values(n: usize, limit: i16, seed: u64) -> Vec<i16> {
        let value = |s| match s % 5 {
            0 => limit,
            1 => -limit,
            2 => 0,
            _ => ((s >> 16) % (2 * limit as u64 + 1)) as i16 - limit,
        };
        noise(seed).take(n).map(value).collect()
    }

    /// Rows of such values, padded to a multiple of `multiple` rows.
    pub fn rows(m: usize, k: usize, limit: i16, seed: u64, multiple: usize) -> Rows {
        let mut x = Rows::default();
        x.reshape(m, k, multiple);
        for (i, row) in values(m * k, limit, seed).chunks_exact(k).enumerate() {
            x.set_row(i, row);
        }
        x
    }

    proptest! {
        #[test]
        fn tiles_equal_the_definition(m in 0usize..9, k in 1usize..90, n in 1usize..50, seed: u64) {
            let x = rows(m, k, row_limit(k), seed, TILE);
            let mut b = Packed::zeros(k, n);
            for c in 0..n {
                b.set_column(c, &values(k, WEIGHT_LIMIT, seed ^ (c as u64 + 1)));
            }
            prop_assert_eq!(run(&x, &b), gemm_reference(&x, &b));
        }

        /// Also where memory is used again, for the rows that a tile lacks and for those made zeros.
        #[test]
        fn rows_are_set_and_quantized_alike(m in 1usize..10, k in 1usize..40, zeros in prop::collection::vec(any::<bool>(), 12), seed: u64) {
            let k = if seed.is_multiple_of(2) { k * 8 } else { k };
            let integers = values(m * k, 2000, seed);
            let inverse = |row: usize| if zeros[row] { 0.0 } else { 0.25 };
            let mut want = rows(3 * TILE, 50, 2000, seed, TILE);
            want.reshape(m, k, 2 * TILE);
            for (i, row) in integers.chunks_exact(k).enumerate() {
                let row: Vec<i16> = row.iter().map(|x| if zeros[i] { 0 } else { *x }).collect();
                want.set_row(i, &row);
            }
            let floats: Vec<f32> = integers.iter().map(|x| f32::from(*x) * 4.0).collect();
            let mut got = rows(3 * TILE, 50, 2000, !seed, TILE);
            got.reshape(m, k, 2 * TILE);
            for tile in 0..m.div_ceil(TILE) {
                let of = |i: usize| floats.chunks_exact(k).nth(tile * TILE + i).unwrap_or(&[]);
                got.quantize_tile(tile, std::array::from_fn(of), std::array::from_fn(|i| inverse(tile * TILE + i)));
            }
            prop_assert_eq!(&got.steps, &want.steps);
            let mut by_column = rows(3 * TILE, 50, 2000, seed ^ 1, TILE);
            by_column.reshape(m, k, 2 * TILE);
            let value = |row: usize, column: usize| if zeros[row] { 0.0 } else { floats[row * k + column] };
            let columns: Vec<Vec<f32>> = (0..k).map(|column| (0..m).map(|row| value(row, column)).collect()).collect();
            by_column.quantize_columns(|column| &columns[column], 0.25);
            prop_assert_eq!(&by_column.steps, &want.steps);
        }

        #[test]
        fn panels_and_columns_pack_alike(k in 1usize..40, n in 1usize..40, seed: u64) {
            let w = values(k * n, 30000, seed);
            let mut by_column = Packed::zeros(k, n);
            for (c, column) in w.chunks_exact(k).enumerate() {
                by_column.set_column(c, column);
            }
            prop_assert_eq!(by_column.rows(), (0..k).map(|r| (0..n).map(|c| w[c * k + r]).collect()).collect::<Vec<Vec<_>>>());
            let mut by_panel = Packed::default();
            by_panel.reshape(k, n);
            for first in (0..n).step_by(PANEL) {
                let mut panel = vec![[0; 2]; PANEL * k.div_ceil(2)];
                for (column, values) in panel.chunks_exact_mut(k.div_ceil(2)).zip(w[first * k..].chunks_exact(k)) {
                    column.as_flattened_mut()[..k].copy_from_slice(values);
                }
                by_panel.set_panel(first / PANEL, &panel);
            }
            prop_assert_eq!(&by_column.panels, &by_panel.panels);
            let mut quantized = Packed::zeros(k, n);
            for first in (0..n).step_by(PANEL) {
                let floats: [Vec<f32>; PANEL] =
                    std::array::from_fn(|c| w.chunks_exact(k).nth(first + c).unwrap_or(&[]).iter().map(|x| f32::from(*x) * 4.0).collect());
                quantized.quantize_panel(first / PANEL, floats.each_ref().map(Vec::as_slice), [0.25; PANEL]);
            }
            prop_assert_eq!(&by_column.panels, &quantized.panels);
        }
    }

    #[test]
    fn the_largest_sums_fit() {
        for k in [1, 2, 32, 384, 768, 1536, 3072, 4096] {
            let limit = row_limit(k);
            assert!(limit >= 500, "{k}");
            let mut x = Rows::default();
            x.reshape(1, k, TILE);
            x.set_row(0, &vec![limit; k]);
            let mut b = Packed::zeros(k, 2);
            b.set_column(0, &vec![WEIGHT_LIMIT; k]);
            b.set_column(1, &vec![-WEIGHT_LIMIT; k]);
            assert_eq!(run(&x, &b), gemm_reference(&x, &b));
        }
    }
}
