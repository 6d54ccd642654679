//! A linear layer in memory: packed integers for quantized files, of either kind, packed floats for others.

use super::super::Weight;
use super::Products;
use super::planes::{self, Planes};
use super::scratch::sized;
use crate::kernels::quant::Dtype;
use crate::kernels::{gemm, gemm_i16, integer};
use std::ops::Range;

/// Rows quantized before they are multiplied, so that they stay in the innermost cache.
const BLOCK: usize = 32;

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

/// Rows as integers, with one scale each.
#[derive(Default)]
pub struct QuantizedRows {
    pairs: Vec<[i16; 2]>,
    scales: Vec<f32>,
    planes: planes::QuantizedRows,
}

impl QuantizedRows {
    /// Quantizes rows of `k` values; the integers and the scales.
    fn take(&mut self, x: &[f32], k: usize) -> (gemm_i16::Rows<'_>, &[f32]) {
        let (stride, rows, limit) = (k.div_ceil(2), x.len() / k, gemm_i16::row_limit(k));
        let pairs = sized(&mut self.pairs, rows * stride);
        let scales = sized(&mut self.scales, rows);
        for ((row, pairs), scale) in x.chunks_exact(k).zip(pairs.chunks_exact_mut(stride)).zip(&mut *scales) {
            let values = pairs.as_flattened_mut();
            values[k..].fill(0);
            *scale = integer::quantize(row, limit, &mut values[..k]);
        }
        (gemm_i16::Rows { pairs, rows, stride }, scales)
    }
}

/// A stretch of a layer's outputs.
pub enum Part<'l> {
    /// Of a layer in 16-bit integers.
    Integers(Integers<'l>),
    /// Of a layer in planes.
    Planes(planes::Part<'l>),
}

impl Part<'_> {
    /// As [`Linear::run`].
    pub fn run(&self, x: &[f32], out: &mut [f32], rows: &mut QuantizedRows) {
        match self {
            Self::Integers(part) => part.run(x, out, rows),
            Self::Planes(part) => {
                let (k, n) = part.widths();
                part.run(x, k, out, n, &mut rows.planes);
            }
        }
    }
}

/// A stretch of the outputs of a layer in 16-bit integers.
pub struct Integers<'l> {
    packed: &'l gemm_i16::Packed,
    scales: &'l [f32],
    bias: &'l [f32],
    columns: Range<usize>,
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
        bias.resize(n.next_multiple_of(gemm_i16::PANEL), 0.0);
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

    /// Whether this layer computes in integers.
    pub fn is_integer(&self) -> bool {
        !matches!(self.weight, Weights::Floats(_))
    }

    /// Some of the outputs as a layer of their own, if the layer is in integers and the range consists of whole panels.
    pub fn part(&self, columns: Range<usize>) -> Option<Part<'_>> {
        let whole = columns.start.is_multiple_of(gemm_i16::PANEL) && columns.end.is_multiple_of(gemm_i16::PANEL);
        match &self.weight {
            Weights::Integers { packed, scales } if whole => Some(Part::Integers(Integers { packed, scales, bias: &self.bias, columns })),
            Weights::Planes(planes) if whole => Some(Part::Planes(planes.part(columns, &self.bias))),
            _ => None,
        }
    }

    /// Applies the layer to the rows of `x`, which follow each other without a gap, as do those of `out`.
    pub fn run(&self, x: &[f32], out: &mut [f32], rows: &mut QuantizedRows) {
        match &self.weight {
            Weights::Integers { packed, scales } => {
                Integers { packed, scales, bias: &self.bias, columns: 0..packed.n() }.run(x, out, rows);
            }
            Weights::Planes(planes) => Part::Planes(planes.part(0..planes.outputs(), &self.bias)).run(x, out, rows),
            Weights::Floats(packed) => {
                let x = gemm::Rows { values: x, rows: x.len() / packed.k(), stride: packed.k() };
                gemm::gemm(x, packed, out, packed.n());
                for row in out.chunks_exact_mut(packed.n()) {
                    super::add(row, &self.bias);
                }
            }
        }
    }
}

impl Integers<'_> {
    fn run(&self, x: &[f32], out: &mut [f32], rows: &mut QuantizedRows) {
        const PANEL: usize = gemm_i16::PANEL;
        let (k, width) = (self.packed.k(), self.columns.len());
        let (first, panels) = (self.columns.start / PANEL, self.columns.start / PANEL..self.columns.end.div_ceil(PANEL));
        let (scales, bias) = (self.scales.as_chunks::<PANEL>().0, self.bias.as_chunks::<PANEL>().0);
        for (x, out) in x.chunks(BLOCK * k).zip(out.chunks_mut(BLOCK * width)) {
            let (x, row_scales) = rows.take(x, k);
            gemm_i16::gemm(x, self.packed, panels.clone(), |m, panel, sums| {
                let scale = row_scales[m];
                let (scales, bias) = (&scales[panel], &bias[panel]);
                let values: [f32; PANEL] = std::array::from_fn(|c| sums[c] as f32 * (scale * scales[c]) + bias[c]);
                let start = (panel - first) * PANEL;
                let row = &mut out[m * width..][..width][start..];
                match row.first_chunk_mut::<PANEL>() {
                    Some(whole) => *whole = values,
                    None => row.copy_from_slice(&values[..row.len()]),
                }
            });
        }
    }
}
