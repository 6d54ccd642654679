//! A quantized layer whose products are taken in two planes of 7 bits ([`crate::kernels::gemm_i8`]).

use super::super::Weight;
use super::linear::Strided;
use super::sized::sized;
pub use crate::kernels::gemm_i8::PANEL;
use crate::kernels::quant::{BLOCK, Dtype, integers};
use crate::kernels::{gemm, gemm_i8};
use std::ops::Range;

/// Rows quantized before they are multiplied, so that they stay in the innermost cache.
const ROWS: usize = 32;

/// Whether this build has a use for planes: the WebAssembly build without relaxed SIMD shall not be the larger for them.
const USED: bool = cfg!(any(not(target_arch = "wasm32"), target_feature = "relaxed-simd"));

/// The weights of a layer, as the integers and scales of its file.
pub struct Planes(gemm_i8::Packed);

/// Rows in planes.
#[derive(Default)]
pub struct QuantizedRows {
    planes: Vec<gemm_i8::Planes>,
    scales: Vec<f32>,
}

impl Planes {
    /// Packs weights of one input width, side by side, without a detour by floats; `None` if they aren't all of quantized
    /// files or don't consist of whole blocks, or in a build that has no use for planes.
    pub fn new(weights: &[Weight]) -> Option<Self> {
        let k = weights[0].cols;
        if !USED || !k.is_multiple_of(BLOCK) || !weights.iter().all(|w| matches!(w.dtype, Dtype::Q8 | Dtype::Q4)) {
            return None;
        }
        let size = |w: &Weight<'_>| w.bytes.len() / w.rows;
        let rows: Vec<(&[u8], Dtype)> = weights.iter().flat_map(|w| w.bytes.chunks_exact(size(w)).map(|bytes| (bytes, w.dtype))).collect();
        let mut packed = gemm_i8::Packed::zeros(k, rows.len());
        // A panel at a time, and in it a block of all columns: what is written lies together.
        for (panel, rows) in rows.chunks(PANEL).enumerate() {
            for block in 0..packed.blocks() {
                for (c, (bytes, dtype)) in rows.iter().enumerate() {
                    let size = dtype.block_bytes();
                    let (integers, scale) = integers(&bytes[block * size..][..size], *dtype);
                    packed.set_block(panel * PANEL + c, block, &integers, scale);
                }
            }
        }
        Some(Self(packed))
    }

    /// Outputs of a row.
    pub fn outputs(&self) -> usize {
        self.0.n()
    }

    /// The weights of some outputs, as floats.
    pub fn unpack(&self, outputs: Range<usize>, out: &mut gemm::Packed) {
        if !USED {
            unreachable!("there are no such layers in this build");
        }
        out.unpack_i8(&self.0, outputs);
    }

    /// Applies the layer to the rows of `x`, as many as `out` has; `bias` is padded to whole panels.
    pub fn run(&self, bias: &[f32], x: Strided<&[f32]>, out: Strided<&mut [f32]>, rows: &mut QuantizedRows) {
        if !USED {
            unreachable!("there are no such layers in this build");
        }
        let (k, width, blocks) = (self.0.k(), self.0.n(), self.0.blocks());
        let bias = bias.as_chunks::<PANEL>().0;
        let (stride, out_stride) = (x.stride, out.stride);
        for (x, out) in x.values.chunks(ROWS * stride).zip(out.values.chunks_mut(ROWS * out_stride)) {
            let count = out.len().div_ceil(out_stride);
            let (planes, scales) = (sized(&mut rows.planes, count * blocks), sized(&mut rows.scales, count));
            for (m, (planes, scale)) in planes.chunks_exact_mut(blocks).zip(&mut *scales).enumerate() {
                *scale = gemm_i8::quantize(&x[m * stride..][..k], planes);
            }
            gemm_i8::gemm(planes, &self.0, 0..width.div_ceil(PANEL), |m, panel, sums| {
                let (scale, bias) = (scales[m], &bias[panel]);
                let values: [f32; PANEL] = std::array::from_fn(|c| sums[c] * scale + bias[c]);
                let row = &mut out[m * out_stride..][..width][panel * PANEL..];
                match row.first_chunk_mut::<PANEL>() {
                    Some(whole) => *whole = values,
                    None => copy_some(row, &values),
                }
            });
        }
    }
}

/// Out of line, or compilers make one call to copy memory of this and of the usual case.
#[cold]
#[inline(never)]
fn copy_some(row: &mut [f32], values: &[f32; PANEL]) {
    row.copy_from_slice(&values[..row.len()]);
}

#[cfg(test)]
mod tests {
    use super::super::{Linear, Products};
    use super::*;
    use crate::kernels::quant::quantize;
    use proptest::prelude::*;

    fn weight(dtype: Dtype, rows: usize, cols: usize, bytes: &[u8]) -> Weight<'_> {
        Weight { dtype, rows, cols, bytes }
    }

    proptest! {
        /// Planes and 16-bit integers differ by what either rounds.
        #[test]
        fn a_layer_is_what_it_is_in_other_integers(
            rows in 1usize..5,
            blocks in 1usize..4,
            values in prop::collection::vec(-1f32..1.0, 40 * 4 * BLOCK),
            x in prop::collection::vec(-2f32..2.0, 5 * 4 * BLOCK),
        ) {
            let k = blocks * BLOCK;
            let (eight, four) = (quantize(&values[..33 * k], Dtype::Q8), quantize(&values[33 * k..40 * k], Dtype::Q4));
            let weights = [weight(Dtype::Q8, 33, k, &eight), weight(Dtype::Q4, 7, k, &four)];
            let bias = &values[..40];
            let run = |products| {
                let layer = Linear::new(&weights, bias, products);
                let mut out = vec![f32::NAN; rows * 40];
                layer.run(Strided { values: &x[..rows * k], stride: k }, Strided { values: &mut out, stride: 40 }, &mut Default::default());
                (layer, out)
            };
            let ((_, other), (layer, out)) = (run(Products::Words), run(Products::Planes));
            for (a, b) in out.iter().zip(&other) {
                prop_assert!((a - b).abs() < 2e-3 * k as f32, "{a} {b}");
            }
            // A row alone, after others in the same memory.
            let mut alone = vec![f32::NAN; 40];
            layer.run(Strided { values: &x[(rows - 1) * k..rows * k], stride: k }, Strided { values: &mut alone, stride: 40 }, &mut Default::default());
            prop_assert_eq!(&alone, &out[(rows - 1) * 40..]);
            // Rows that lie apart, the last of them cut off behind what counts; what is between stays.
            let apart: Vec<f32> = x[..rows * k].chunks(k).flat_map(|row| row.iter().copied().chain([f32::NAN; 3])).collect();
            let mut got = vec![9.0; rows * 44 - 4];
            let padded = [bias, &[0.0; 8]].concat();
            let (x, room) = (Strided { values: &apart[..apart.len() - 3], stride: k + 3 }, Strided { values: &mut *got, stride: 44 });
            Planes::new(&weights).unwrap().run(&padded, x, room, &mut Default::default());
            for (got, want) in got.chunks(44).zip(out.chunks(40)) {
                prop_assert_eq!(&got[..40], want);
                prop_assert!(got[40..].iter().all(|x| *x == 9.0));
            }
        }
    }

    #[test]
    fn what_has_no_blocks_is_left_to_others() {
        let bytes = quantize(&[1.0; 48], Dtype::F32);
        assert!(Planes::new(&[weight(Dtype::F32, 1, 48, &bytes)]).is_none());
        let (floats, blocks) = (quantize(&[1.0; 64], Dtype::F16), quantize(&[1.0; 64], Dtype::Q8));
        assert!(Planes::new(&[weight(Dtype::Q8, 2, 32, &blocks), weight(Dtype::F16, 2, 32, &floats)]).is_none());
    }
}
