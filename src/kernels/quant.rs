//! Block quantization as GGUF files store it: Q8_0 and Q4_0, beside plain F16 and F32.
//!
//! Layouts are those of the GGUF specification: blocks of 32 values, an f16 scale d first. Q8_0: 32 signed bytes,
//! x = d q. Q4_0: 16 bytes, byte j holding value j in its low and value j + 16 in its high half, x = d (q - 8).

use half::f16;

/// Values in one quantized block.
pub const BLOCK: usize = 32;

/// How the values of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Dtype {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit blocks, 8.5 bits a value.
    #[serde(rename = "Q8_0")]
    Q8,
    /// 4-bit blocks, 4.5 bits a value.
    #[serde(rename = "Q4_0")]
    Q4,
}

impl Dtype {
    /// Values stored together.
    pub fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q8 | Self::Q4 => BLOCK,
        }
    }

    /// Bytes of one block.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q8 => 2 + BLOCK,
            Self::Q4 => 2 + BLOCK / 2,
        }
    }

    /// Bytes of `len` values; `None` when `len` is no multiple of the block length or the size overflows.
    pub fn bytes_for(self, len: usize) -> Option<usize> {
        len.is_multiple_of(self.block_len()).then(|| (len / self.block_len()).checked_mul(self.block_bytes()))?
    }

    /// The name that GGUF tools use.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Q8 => "Q8_0",
            Self::Q4 => "Q4_0",
        }
    }
}

/// Encodes `values`, whose number must be a multiple of the block length. Rounds to nearest, halves away from zero.
///
/// A quantized block's scale is the one, of [`CANDIDATES`] around the textbook's, that leaves the least squared error:
/// the blocks are read like any other, but on weights of this size a fifth of the error on the logits goes.
///
/// # Panics
/// If the number of values is no multiple of the block length.
pub fn quantize(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let size = dtype.bytes_for(values.len()).expect("a whole number of blocks");
    let mut out = Vec::with_capacity(size);
    match dtype {
        Dtype::F32 => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        Dtype::F16 => out.extend(values.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes())),
        Dtype::Q8 => {
            for block in values.as_chunks::<BLOCK>().0 {
                let largest = block.iter().fold(0f32, |m, x| m.max(x.abs()));
                let (d, q) = best_scale(block, largest / 127.0, Q8_SPREAD, |x| x.round().clamp(-127.0, 127.0));
                out.extend(d.to_le_bytes());
                out.extend(q.iter().map(|&q| q as i8 as u8));
            }
        }
        Dtype::Q4 => {
            for block in values.as_chunks::<BLOCK>().0 {
                // The value of largest magnitude, sign included, is mapped near -8, the far end of the range.
                let extreme = block.iter().fold(0f32, |m, &x| if x.abs() > m.abs() { x } else { m });
                let (d, q) = best_scale(block, extreme / -8.0, Q4_SPREAD, |x| x.round().clamp(-8.0, 7.0));
                let nibble = |j: usize| (q[j] + 8.0) as u8;
                out.extend(d.to_le_bytes());
                out.extend((0..BLOCK / 2).map(|j| nibble(j) | nibble(j + BLOCK / 2) << 4));
            }
        }
    }
    out
}

/// Scales tried for each block.
pub const CANDIDATES: usize = 25;
/// Range of the scales tried, relative to the textbook's.
const Q8_SPREAD: (f32, f32) = (0.985, 1.02);
const Q4_SPREAD: (f32, f32) = (0.8, 1.12);

/// The scale of least squared error among candidates around `textbook`, and the block's values in units of it.
fn best_scale(block: &[f32; BLOCK], textbook: f32, spread: (f32, f32), round: impl Fn(f32) -> f32) -> (f16, [f32; BLOCK]) {
    let mut best = (f32::INFINITY, f16::ZERO, [0.0; BLOCK]);
    for i in 0..CANDIDATES {
        let step = (spread.1 - spread.0) / (CANDIDATES - 1) as f32;
        // Readers see the scale rounded to f16, so it is that scale which the values are divided by.
        let stored = f16::from_f32(textbook * (spread.0 + step * i as f32));
        let d = stored.to_f32();
        let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
        let q = block.map(|x| round(x * inverse));
        let error = block.iter().zip(&q).map(|(x, q)| (x - q * d) * (x - q * d)).sum::<f32>();
        if error < best.0 {
            best = (error, stored, q);
        }
    }
    (best.1, best.2)
}

/// Decodes `bytes` into `out`.
///
/// # Panics
/// If `bytes` is not exactly as long as `out.len()` values of `dtype` take.
pub fn dequantize(bytes: &[u8], dtype: Dtype, out: &mut [f32]) {
    assert_eq!(dtype.bytes_for(out.len()), Some(bytes.len()), "{} values of {}", out.len(), dtype.name());
    let scale = |block: &[u8]| f16::from_le_bytes([block[0], block[1]]).to_f32();
    match dtype {
        Dtype::F32 => {
            for (x, b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *x = f32::from_le_bytes(*b);
            }
        }
        Dtype::F16 => {
            for (x, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *x = f16::from_le_bytes(*b).to_f32();
            }
        }
        Dtype::Q8 => {
            for (values, block) in out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(bytes.chunks_exact(2 + BLOCK)) {
                let d = scale(block);
                for (x, &q) in values.iter_mut().zip(&block[2..]) {
                    *x = f32::from(q as i8) * d;
                }
            }
        }
        Dtype::Q4 => {
            for (values, block) in out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(bytes.chunks_exact(2 + BLOCK / 2)) {
                let d = scale(block);
                for (j, &q) in block[2..].iter().enumerate() {
                    values[j] = (f32::from(q & 15) - 8.0) * d;
                    values[j + BLOCK / 2] = (f32::from(q >> 4) - 8.0) * d;
                }
            }
        }
    }
}

/// The integers of one block of a quantized type, and their scale: values are `scale` times `integers`.
///
/// # Panics
/// If `bytes` is not one block of `dtype`, or `dtype` is not quantized.
#[inline]
pub fn integers(bytes: &[u8], dtype: Dtype) -> ([i8; BLOCK], f32) {
    assert_eq!(bytes.len(), dtype.block_bytes(), "one block of {}", dtype.name());
    let (scale, stored) = bytes.split_at(2);
    let mut integers = [0; BLOCK];
    match dtype {
        Dtype::Q8 => integers.iter_mut().zip(stored).for_each(|(w, q)| *w = *q as i8),
        Dtype::Q4 => {
            let (low, high) = integers.split_at_mut(BLOCK / 2);
            for ((low, high), q) in low.iter_mut().zip(high).zip(stored) {
                (*low, *high) = ((q & 15) as i8 - 8, (q >> 4) as i8 - 8);
            }
        }
        Dtype::F32 | Dtype::F16 => panic!("{} has no integers", dtype.name()),
    }
    (integers, f16::from_le_bytes([scale[0], scale[1]]).to_f32())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(not(target_arch = "wasm32"))]
    use candle_core::quantized::{GgmlDType, QTensor};
    #[cfg(not(target_arch = "wasm32"))]
    use candle_core::{Device, Tensor};
    use proptest::prelude::*;

    fn round_trip(values: &[f32], dtype: Dtype) -> Vec<f32> {
        let mut out = vec![0.0; values.len()];
        dequantize(&quantize(values, dtype), dtype, &mut out);
        out
    }

    fn blocks() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-3f32..3.0, 1..5 * BLOCK).prop_map(|mut v| {
            v.resize(v.len().next_multiple_of(BLOCK), 0.0);
            v
        })
    }

    proptest! {
        #[test]
        fn errors_stay_within_a_step(values in blocks()) {
            for (dtype, steps) in [(Dtype::Q8, 127.0), (Dtype::Q4, 8.0)] {
                for (got, want) in round_trip(&values, dtype).chunks(BLOCK).zip(values.chunks(BLOCK)) {
                    let largest = want.iter().fold(0f32, |m, x| m.max(x.abs()));
                    for (g, w) in got.iter().zip(want) {
                        // Clipping the extreme may cost up to a spread of the range (Q4_0: an end is also one step short).
                        prop_assert!((g - w).abs() <= largest * (1.0 / steps + 0.2), "{g} {w}");
                    }
                }
            }
            prop_assert_eq!(round_trip(&values, Dtype::F32), values.clone());
        }

        #[test]
        fn integers_are_the_values_in_steps(values in blocks()) {
            for dtype in [Dtype::Q8, Dtype::Q4] {
                let bytes = quantize(&values, dtype);
                let got = bytes.chunks(dtype.block_bytes()).flat_map(|block| {
                    let (integers, scale) = integers(block, dtype);
                    integers.map(|w| f32::from(w) * scale)
                });
                prop_assert_eq!(got.collect::<Vec<_>>(), round_trip(&values, dtype));
            }
        }

        /// candle reads our blocks as we do, and we read candle's.
        #[cfg(not(target_arch = "wasm32"))]
        #[test]
        fn blocks_are_those_of_candle(values in blocks()) {
            let tensor = Tensor::from_slice(&values, values.len(), &Device::Cpu).unwrap();
            for (ours, theirs) in [(Dtype::Q8, GgmlDType::Q8_0), (Dtype::Q4, GgmlDType::Q4_0), (Dtype::F16, GgmlDType::F16)] {
                let q = QTensor::quantize(&tensor, theirs).unwrap();
                let own = q.dequantize(&Device::Cpu).unwrap().to_vec1::<f32>().unwrap();
                let mut read = vec![0.0; values.len()];
                dequantize(&q.data().unwrap(), ours, &mut read);
                prop_assert_eq!(&read, &own);
                let bytes = quantize(&values, ours);
                let back = candle_core::quantized::ggml_file::qtensor_from_ggml(theirs, &bytes, vec![values.len()], &Device::Cpu).unwrap();
                let back = back.dequantize(&Device::Cpu).unwrap().to_vec1::<f32>().unwrap();
                prop_assert_eq!(&back, &round_trip(&values, ours));
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn errors_are_smaller_than_those_of_the_textbook_scale() {
        let mut state = 7u32;
        // Sums of uniform numbers: near enough to the bell shape of weights.
        let values: Vec<f32> = (0..2000 * BLOCK)
            .map(|_| {
                (0..6).fold(0.0, |sum, _| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    sum + (state >> 8) as f32 / (1 << 24) as f32 - 0.5
                })
            })
            .collect();
        let tensor = Tensor::from_slice(&values, values.len(), &Device::Cpu).unwrap();
        let error = |got: &[f32]| values.iter().zip(got).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        for (ours, theirs) in [(Dtype::Q8, GgmlDType::Q8_0), (Dtype::Q4, GgmlDType::Q4_0)] {
            let textbook = QTensor::quantize(&tensor, theirs).unwrap().dequantize(&Device::Cpu).unwrap().to_vec1::<f32>().unwrap();
            let ratio = error(&round_trip(&values, ours)) / error(&textbook);
            assert!(ratio < 0.9, "{}: {ratio}", ours.name());
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(Dtype::Q8.bytes_for(64), Some(68));
        assert_eq!(Dtype::Q4.bytes_for(64), Some(36));
        assert_eq!(Dtype::Q8.bytes_for(33), None);
        assert_eq!(Dtype::F32.bytes_for(usize::MAX), None);
        assert_eq!(round_trip(&[0.0; BLOCK], Dtype::Q8), [0.0; BLOCK]);
        assert_eq!(round_trip(&[0.0; BLOCK], Dtype::Q4), [0.0; BLOCK]);
    }
}
