//! A linear layer in memory: packed integers for quantized files, of either kind, packed floats for others.

use super::super::Weight;
use super::Products;
use super::planes::{self, Planes};
use super::sized::sized;
use crate::kernels::quant::Dtype;
use crate::kernels::{gemm, gemm_i16, integer, strassen};
use std::ops::Range;

/// Rows multiplied at a time, at most: enough for what is prepared for them to pay.
const MOST_ROWS: usize = 192;
/// Values of them, at most: few enough for what is between two layers to stay in the cache.
const MOST_VALUES: usize = MOST_ROWS * 1536;
const PANEL: usize = gemm_i16::PANEL;
const _: () = assert!(MOST_ROWS.is_multiple_of(strassen::MULTIPLE));

/// Rows of values, each beginning `stride` values after the one before; the last may end with its values.
#[derive(Clone, Copy)]
pub struct Strided<V> {
    pub values: V,
    pub stride: usize,
}

impl Strided<&mut [f32]> {
    pub(super) fn rows(&self) -> usize {
        self.values.len().div_ceil(self.stride)
    }
}

/// A linear layer, `y = x W^T + b`.
pub struct Linear {
    weight: Weights,
    bias: Vec<f32>,
}

enum Weights {
    /// With one scale a column, padded to whole panels.
    Integers {
        packed: gemm_i16::Packed,
        scales: Vec<f32>,
    },
    Planes(Planes),
    Floats(gemm::Packed),
}

/// Rows as integers, with one scale each, and working memory for their product.
#[derive(Default)]
pub struct QuantizedRows {
    rows: gemm_i16::Rows,
    scales: Vec<f32>,
    memory: strassen::Memory,
    planes: planes::QuantizedRows,
}

impl QuantizedRows {
    /// Quantizes `count` rows of `k` values.
    fn take(&mut self, x: Strided<&[f32]>, count: usize, k: usize) {
        const TILE: usize = gemm_i16::TILE;
        let limit = gemm_i16::row_limit(k);
        let multiple = if count < strassen::MULTIPLE { TILE } else { strassen::MULTIPLE };
        self.rows.reshape(count, k, multiple);
        let scales = sized(&mut self.scales, count.next_multiple_of(TILE));
        let zeros: &[f32] = &[];
        for (tile, scales) in scales.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
            let mut inverses = [0.0; TILE];
            let rows =
                std::array::from_fn(|i| if tile * TILE + i < count { &x.values[(tile * TILE + i) * x.stride..][..k] } else { zeros });
            for ((row, scale), inverse) in rows.iter().zip(scales).zip(&mut inverses) {
                (*scale, *inverse) = integer::scale(integer::largest(row), limit);
                // A row that is not finite becomes zeros times a scale that is not finite: it must not show in its neighbours.
                if !inverse.is_finite() {
                    *inverse = 0.0;
                }
            }
            self.rows.quantize_tile(tile, rows, inverses);
        }
    }
}

impl Linear {
    /// Packs weights of one input width, side by side.
    pub fn new(weights: &[Weight], bias: &[f32], products: Products) -> Self {
        let k = weights[0].cols;
        let n: usize = weights.iter().map(|w| w.rows).sum();
        debug_assert_eq!(n, bias.len());
        let rows = weights.iter().flat_map(|weight| (0..weight.rows).map(move |row| (weight, row)));
        let mut row = vec![0.0; k];
        let planes = if products == Products::Planes { Planes::new(weights) } else { None };
        let weight = if let Some(planes) = planes {
            Weights::Planes(planes)
        } else if weights.iter().all(|w| matches!(w.dtype, Dtype::Q8 | Dtype::Q4)) {
            let mut packed = gemm_i16::Packed::zeros(k, n);
            let mut scales = vec![0.0; n.next_multiple_of(gemm_i16::PANEL)];
            let pairs = k.div_ceil(2);
            let mut panel = vec![[0i16; 2]; gemm_i16::PANEL * pairs];
            for (column, (weight, r)) in rows.enumerate() {
                weight.read_row(r, &mut row);
                let at = column % gemm_i16::PANEL;
                if at == 0 {
                    panel.fill([0; 2]); // the last one may be narrower
                }
                let integers = panel[at * pairs..][..pairs].as_flattened_mut();
                scales[column] = integer::quantize(&row, gemm_i16::WEIGHT_LIMIT, &mut integers[..k]);
                if !scales[column].is_finite() {
                    integers.fill(0); // it shows by its scale, and must not in its neighbours
                }
                if at + 1 == gemm_i16::PANEL || column + 1 == n {
                    packed.set_panel(column / gemm_i16::PANEL, &panel);
                }
            }
            Weights::Integers { packed, scales }
        } else {
            let mut packed = gemm::Packed::zeros(k, n);
            for (column, (weight, r)) in rows.enumerate() {
                weight.read_row(r, &mut row);
                packed.set_column(column, &row);
            }
            Weights::Floats(packed)
        };
        let mut bias = bias.to_vec();
        bias.resize(n.next_multiple_of(PANEL.max(planes::PANEL)), 0.0);
        Self { weight, bias }
    }

    /// Outputs of a row.
    pub fn outputs(&self) -> usize {
        match &self.weight {
            Weights::Integers { packed, .. } => packed.n(),
            Weights::Planes(planes) => planes.outputs(),
            Weights::Floats(packed) => packed.n(),
        }
    }

    /// The weights of some outputs as floats, a column for each output.
    pub fn unpack(&self, outputs: Range<usize>, out: &mut gemm::Packed) {
        match &self.weight {
            Weights::Integers { packed, scales } => out.unpack_i16(packed, scales, outputs),
            Weights::Planes(planes) => planes.unpack(outputs, out),
            Weights::Floats(packed) => out.unpack_floats(packed, outputs),
        }
    }

    /// What is added to some outputs.
    pub fn bias(&self, outputs: Range<usize>) -> &[f32] {
        &self.bias[outputs]
    }

    /// Whether this layer computes in integers.
    pub fn is_integer(&self) -> bool {
        !matches!(self.weight, Weights::Floats(_))
    }

    /// Applies the layer to the rows of `x`, as many as `out` has.
    pub fn run(&self, x: Strided<&[f32]>, out: Strided<&mut [f32]>, rows: &mut QuantizedRows) {
        match &self.weight {
            Weights::Integers { packed, scales } => run_integers(packed, scales, &self.bias, x, out, rows),
            Weights::Planes(planes) => planes.run(&self.bias, x, out, &mut rows.planes),
            Weights::Floats(packed) => {
                let rows = out.rows();
                gemm::gemm(gemm::Rows { values: x.values, rows, stride: x.stride }, packed, out.values, out.stride);
                for row in out.values.chunks_mut(out.stride) {
                    super::add(&mut row[..packed.n()], &self.bias);
                }
            }
        }
    }
}

fn run_integers(
    packed: &gemm_i16::Packed,
    scales: &[f32],
    bias: &[f32],
    x: Strided<&[f32]>,
    out: Strided<&mut [f32]>,
    rows: &mut QuantizedRows,
) {
    let (k, width) = (packed.k(), packed.n());
    let (scales, bias) = (scales.as_chunks::<PANEL>().0, bias.as_chunks::<PANEL>().0);
    let (x_stride, stride) = (x.stride, out.stride);
    let block = block(out.rows(), k.max(width));
    for (x, out) in x.values.chunks(block * x.stride).zip(out.values.chunks_mut(block * stride)) {
        rows.take(Strided { values: x, stride: x_stride }, out.len().div_ceil(stride), k);
        let QuantizedRows { rows, scales: row_scales, memory, .. } = rows;
        let level = strassen::levels(rows.padded_rows(), rows.pairs(), packed.panels());
        strassen::gemm(rows, packed, 0..packed.panels(), level, memory, |panel, first_row, tiles| {
            let start = panel * PANEL;
            let out = Strided { values: &mut out[first_row * stride + start..], stride };
            finish(tiles.as_flattened(), &row_scales[first_row..], &scales[panel], &bias[panel], out, width - start);
        });
    }
}

/// Sums to floats: times the row's scale and the column's, plus the bias; `width` columns of them.
#[inline(always)]
fn finish(sums: &[[i32; PANEL]], row_scales: &[f32], scales: &[f32; PANEL], bias: &[f32; PANEL], out: Strided<&mut [f32]>, width: usize) {
    let (scales, bias) = (*scales, *bias);
    let values =
        |sums: &[i32; PANEL], scale: f32| -> [f32; PANEL] { std::array::from_fn(|c| sums[c] as f32 * (scale * scales[c]) + bias[c]) };
    let rows = sums.iter().zip(row_scales).zip(out.values.chunks_mut(out.stride));
    // Two loops, or compilers make one with a call to copy memory in it.
    if width >= PANEL {
        for ((sums, &scale), out) in rows {
            *out.first_chunk_mut().expect("a whole panel") = values(sums, scale);
        }
    } else {
        for ((sums, &scale), out) in rows {
            out[..width].copy_from_slice(&values(sums, scale)[..width]);
        }
    }
}

/// Into how many rows at a time `rows` rows of up to `width` values are best divided.
pub fn block(rows: usize, width: usize) -> usize {
    let most = (MOST_VALUES / width.max(1)).clamp(1, MOST_ROWS);
    let units = rows.div_ceil(strassen::MULTIPLE).max(1);
    let blocks = (units * strassen::MULTIPLE).div_ceil(most.next_multiple_of(strassen::MULTIPLE));
    units.div_ceil(blocks) * strassen::MULTIPLE
}

/// From one row's start to the next, where rows of `width` values are kept for a while: an odd number of cache lines, or
/// columns would share a few sets of the cache.
pub fn stride(width: usize) -> usize {
    (width.div_ceil(16) | 1) * 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::quant::quantize;
    use proptest::prelude::*;
    use std::cell::RefCell;

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        crate::kernels::noise(seed).map(|s| (s >> 40) as f32 / 8e6 - 1.0).take(n).collect()
    }

    fn run(layer: impl Fn(Strided<&[f32]>, Strided<&mut [f32]>), x: &[f32], k: usize, columns: usize) -> Vec<Vec<f32>> {
        let stride = stride(columns);
        let mut out = vec![9.0; x.len() / k * stride];
        layer(Strided { values: x, stride: k }, Strided { values: &mut out, stride });
        out.chunks(stride).map(|row| row[..columns].to_vec()).collect()
    }

    fn layer(columns: usize, k: usize, products: Products, seed: u64) -> Linear {
        let bytes = quantize(&noise(columns * k, seed), Dtype::Q8);
        Linear::new(&[Weight { dtype: Dtype::Q8, rows: columns, cols: k, bytes: &bytes }], &noise(columns, !seed), products)
    }

    #[test]
    fn rows_are_divided_evenly_and_wide_ones_finely() {
        assert_eq!([1, 16, 100, 192, 193, 384, 400].map(|rows| block(rows, 1536)), [16, 16, 112, 192, 112, 192, 144]);
        assert_eq!([block(384, 3072), block(384, 1 << 18)], [96, 16]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever the rows beside it, and in how many levels their products are taken: a row's results are the same bits. What
        /// is not finite stays in its row.
        #[test]
        fn rows_do_not_know_of_each_other(
            rows in prop_oneof![1usize..20, 40usize..70, 190usize..200],
            columns in prop_oneof![Just(64usize), Just(96), 1usize..40],
            blocks in prop_oneof![Just(1usize), Just(2), Just(48)],
            bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(0.0), Just(1e-40), Just(3e38)],
            at: prop::sample::Index,
            bad_value: prop::sample::Index,
            seed: u64,
        ) {
            let (k, at) = (blocks * 32, at.index(rows));
            for products in [Products::Words, Products::Planes] {
                let layer = layer(columns, k, products, seed);
                let run = |x: &[f32], memory: &RefCell<QuantizedRows>| run(|x, out| layer.run(x, out, &mut memory.borrow_mut()), x, k, columns);
                let (good, memory) = (noise(rows * k, seed ^ 1), RefCell::default());
                let mut mixed = good.clone();
                mixed[at * k + bad_value.index(k)] = bad;
                let (all, with_bad) = (run(&good, &memory), run(&mixed, &memory));
                for (i, row) in good.chunks(k).enumerate() {
                    let alone = run(row, &RefCell::default()).remove(0);
                    prop_assert_eq!(&alone, &all[i]);
                    if i != at {
                        prop_assert_eq!(&alone, &with_bad[i]);
                    }
                }
                prop_assert!(with_bad[at].iter().all(|x| x.is_finite() == bad.is_finite()), "{:?}", with_bad[at]);
            }
        }
    }
}
