//! Matrix product against a packed right-hand side, in f32.
//!
//! `out[m, n] = sum over k of x[m, k] * b[k, n]`. The right-hand side is packed once into panels of [`PANEL`] columns,
//! k-major within a panel, so that the inner loop reads it in order. Each element of the result is one chain of
//! multiply and add in the order of k, whatever the tile it falls into: rows and columns never influence each other.

use super::four::Floats;

/// Columns of a panel.
pub const PANEL: usize = 16;

/// The right-hand side of a product, k x n, packed into panels and padded with zero columns.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    k: usize,
    n: usize,
    panels: Vec<f32>,
}

impl Packed {
    /// An all-zero matrix of `k` rows and `n` columns.
    pub fn zeros(k: usize, n: usize) -> Self {
        Self { k, n, panels: vec![0.0; n.div_ceil(PANEL) * PANEL * k] }
    }

    /// Makes this a `k` x `n` matrix, reusing the allocation. Contents are to be set by the caller, except for the
    /// padding, which is zero.
    pub fn reshape(&mut self, k: usize, n: usize) {
        self.panels.resize(n.div_ceil(PANEL) * PANEL * k, 0.0);
        self.panels[n / PANEL * PANEL * k..].fill(0.0);
        (self.k, self.n) = (k, n);
    }

    /// Rows: the length of the sums.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Sets column `column` to the `k` values of `values`: how the weight of a linear layer, stored one output a row,
    /// is packed.
    pub fn set_column(&mut self, column: usize, values: &[f32]) {
        assert!(column < self.n && values.len() == self.k);
        let start = column / PANEL * PANEL * self.k + column % PANEL;
        for (slot, value) in self.panels[start..].iter_mut().step_by(PANEL).zip(values) {
            *slot = *value;
        }
    }

    /// Sets row `row` to the `n` values of `values`.
    pub fn set_row(&mut self, row: usize, values: &[f32]) {
        assert!(row < self.k && values.len() == self.n);
        let (whole, rest) = values.as_chunks::<PANEL>();
        let mut places = self.panels.as_chunks_mut::<PANEL>().0.iter_mut().skip(row).step_by(self.k);
        for (values, place) in whole.iter().zip(places.by_ref()) {
            *place = *values;
        }
        if let (false, Some(place)) = (rest.is_empty(), places.next()) {
            place[..rest.len()].copy_from_slice(rest);
        }
    }

    /// The rows of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[[f32; PANEL]] {
        &self.panels.as_chunks().0[panel * self.k..][..self.k]
    }

    /// The rows of a panel, to be set.
    pub(super) fn panel_mut(&mut self, panel: usize) -> &mut [[f32; PANEL]] {
        &mut self.panels.as_chunks_mut().0[panel * self.k..][..self.k]
    }

    /// `out[k] = sum over n of b[k, n] * y[n]`, `b` being this matrix; the order of the sums depends on the number of columns alone.
    ///
    /// # Panics
    /// If `y` is not as long as a row, or `out` as a column.
    pub fn times(&self, y: &[f32], out: &mut [f32]) {
        assert!(y.len() == self.n && out.len() == self.k, "lengths of the vectors");
        out.fill(0.0);
        for (panel, y) in self.panels.as_chunks::<PANEL>().0.chunks_exact(self.k.max(1)).zip(y.chunks(PANEL)) {
            let mut padded = [0.0; PANEL];
            padded[..y.len()].copy_from_slice(y);
            let [ya, yb, yc, yd] = fours(&padded);
            for (out, row) in out.iter_mut().zip(panel) {
                let [a, b, c, d] = fours(row);
                let [a, b, c, d] = ((a * ya + b * yb) + (c * yc + d * yd)).array();
                *out += (a + c) + (b + d);
            }
        }
    }
}

#[inline(always)]
fn fours(row: &[f32; PANEL]) -> [Floats; PANEL / 4] {
    let fours = row.as_chunks::<4>().0;
    std::array::from_fn(|i| Floats::load(&fours[i]))
}

/// A matrix inside a larger one: `rows` rows, `stride` values from one row's start to the next.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// Values from the first row's start on.
    pub values: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Values from one row's start to the next row's.
    pub stride: usize,
}

/// `out[m, n] = x[m, :] . b[:, n]`, each row of `out` starting `out_stride` values after the one before.
///
/// # Panics
/// If `x` or `out` is too short for its rows.
pub fn gemm(x: Rows, b: &Packed, out: &mut [f32], out_stride: usize) {
    if x.rows == 0 || b.n == 0 {
        return;
    }
    assert!(x.stride >= b.k && x.values.len() >= (x.rows - 1) * x.stride + b.k, "left-hand side too short");
    assert!(out_stride >= b.n && out.len() >= (x.rows - 1) * out_stride + b.n, "output too short");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, the one feature that `gemm_avx2` is compiled for. Its body is safe code,
        // compared with `gemm_reference` by a property test.
        return unsafe { gemm_avx2(x, b, out, out_stride) };
    }
    tiles::<4, 8>(x, b, out, out_stride);
}

/// [`tiles`] compiled for AVX2. Fused multiply-add is left off, so results equal those of every other target.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn gemm_avx2(x: Rows, b: &Packed, out: &mut [f32], out_stride: usize) {
    tiles::<4, 16>(x, b, out, out_stride);
}

/// Covers the output with tiles of `MR` rows and `NR` columns; `NR` is [`PANEL`] or half of it.
#[inline(always)]
fn tiles<const MR: usize, const NR: usize>(x: Rows, b: &Packed, out: &mut [f32], out_stride: usize) {
    const HALF: usize = PANEL / 2;
    let panels = b.panels.as_chunks::<PANEL>().0.chunks_exact(b.k.max(1));
    for (panel, first) in panels.zip((0..).step_by(PANEL)) {
        for m in (0..x.rows).step_by(MR) {
            let rows = (x.rows - m).min(MR);
            // A short tile repeats its last row and throws the repetition away.
            let x: [&[f32]; MR] = std::array::from_fn(|i| &x.values[(m + i.min(rows - 1)) * x.stride..][..b.k]);
            let mut store = |sums: [[f32; NR]; MR], n: usize| {
                let width = (b.n - n).min(NR);
                for (i, row) in sums.iter().take(rows).enumerate() {
                    out[(m + i) * out_stride + n..][..width].copy_from_slice(&row[..width]);
                }
            };
            store(tile::<MR, NR, 0>(x, panel), first);
            if NR == HALF && first + HALF < b.n {
                store(tile::<MR, NR, HALF>(x, panel), first + HALF);
            }
        }
    }
}

/// One tile: `MR` rows of the left-hand side times the `NR` columns of a panel from column `AT` on.
#[inline(always)]
fn tile<const MR: usize, const NR: usize, const AT: usize>(x: [&[f32]; MR], panel: &[[f32; PANEL]]) -> [[f32; NR]; MR] {
    let mut sums = [[0f32; NR]; MR];
    for (i, b) in panel.iter().enumerate() {
        for (row, sums) in x.iter().zip(&mut sums) {
            let a = row[i];
            for (sum, b) in sums.iter_mut().zip(&b[AT..AT + NR]) {
                *sum += a * b;
            }
        }
    }
    sums
}

/// The definition, one element at a time: what every tiled version must equal bit for bit.
pub fn gemm_reference(x: Rows, b: &Packed, out: &mut [f32], out_stride: usize) {
    for m in 0..x.rows {
        for n in 0..b.n {
            let column = &b.panels[n / PANEL * PANEL * b.k + n % PANEL..];
            let row = &x.values[m * x.stride..][..b.k];
            out[m * out_stride + n] = row.iter().zip(column.iter().step_by(PANEL)).fold(0.0, |sum, (a, b)| sum + a * b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise;
    use super::*;
    use proptest::prelude::*;

    /// Deterministic values of mixed size and sign.
    fn values(n: usize, seed: u64) -> Vec<f32> {
        noise(seed).take(n).map(|s| ((s >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 4.0).collect()
    }

    proptest! {
        #[test]
        fn tiles_equal_the_definition_bit_for_bit(m in 0usize..14, k in 1usize..70, n in 0usize..50, seed: u64, pad in 0usize..3) {
            let (xs, w) = (values(m * (k + pad), seed), values(n * k, seed ^ 1));
            let x = Rows { values: &xs, rows: m, stride: k + pad };
            let mut b = Packed::zeros(k, n);
            for c in 0..n {
                b.set_column(c, &w[c * k..(c + 1) * k]);
            }
            let stride = n + pad;
            let run = |f: fn(Rows, &Packed, &mut [f32], usize)| {
                let mut out = vec![-7.0; m * stride];
                f(x, &b, &mut out, stride);
                out
            };
            let want = run(gemm_reference);
            prop_assert_eq!(&run(gemm), &want);
            prop_assert_eq!(&run(tiles::<4, 8>), &want);
            prop_assert_eq!(&run(tiles::<1, 16>), &want);
        }

        #[test]
        fn rows_and_columns_pack_alike(k in 1usize..40, n in 1usize..40, seed: u64) {
            let w = values(k * n, seed);
            let (mut by_row, mut by_column) = (Packed::zeros(k, n), Packed::default());
            by_column.reshape(k, n);
            for r in 0..k {
                by_row.set_row(r, &w[r * n..(r + 1) * n]);
            }
            for c in 0..n {
                let column: Vec<f32> = (0..k).map(|r| w[r * n + c]).collect();
                by_column.set_column(c, &column);
            }
            prop_assert_eq!(by_row.panels, by_column.panels);
        }
    }

    proptest! {
        #[test]
        fn a_vector_from_the_right(k in 1usize..40, n in 0usize..70, seed: u64) {
            let (w, y) = (values(k * n, seed), values(n, seed ^ 1));
            let mut b = Packed::zeros(k, n);
            (0..k).for_each(|r| b.set_row(r, &w[r * n..][..n]));
            let mut out = vec![-7.0; k];
            b.times(&y, &mut out);
            for (r, out) in out.into_iter().enumerate() {
                let want: f64 = w[r * n..][..n].iter().zip(&y).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((f64::from(out) - want).abs() < 1e-4, "{out} {want}");
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_its_neighbours() {
        let (k, n) = (384, 48);
        let mut b = Packed::zeros(k, n);
        let w = values(k * n, 3);
        (0..n).for_each(|c| b.set_column(c, &w[c * k..(c + 1) * k]));
        let xs = values(9 * k, 4);
        let mut all = vec![0.0; 9 * n];
        gemm(Rows { values: &xs, rows: 9, stride: k }, &b, &mut all, n);
        for m in 0..9 {
            let mut one = vec![0.0; n];
            gemm(Rows { values: &xs[m * k..], rows: 1, stride: k }, &b, &mut one, n);
            assert_eq!(one, all[m * n..(m + 1) * n]);
        }
    }
}
