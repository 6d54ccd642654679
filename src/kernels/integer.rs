//! From floats to integers: symmetric quantization with one scale for a group of values.

use super::four::{Floats, Ints};
use super::narrow;

/// Groups whose largest magnitude is below this are taken for zeros: their scale's inverse would overflow.
const NOTHING: f32 = 1e-30;

/// The greatest magnitudes so far, as the bits of floats; those of values beyond whole fours apart.
struct Magnitudes {
    most: [Ints; 2],
    most_single: i32,
}

impl Magnitudes {
    #[inline(always)]
    fn new() -> Self {
        Self { most: [Ints::splat(0); 2], most_single: 0 }
    }

    #[inline(always)]
    fn add(&mut self, values: &[f32]) {
        // Without their sign, floats are ordered like their bits, and what is not a number comes after infinity.
        let magnitude = Ints::splat(0x7fff_ffff);
        let (fours, rest) = values.as_chunks::<4>();
        let (pairs, single) = fours.as_chunks::<2>();
        for pair in pairs {
            self.most = std::array::from_fn(|i| self.most[i].max(Floats::load(&pair[i]).bits() & magnitude));
        }
        for four in single {
            self.most[0] = self.most[0].max(Floats::load(four).bits() & magnitude);
        }
        self.most_single = rest.iter().map(|x| x.abs().to_bits() as i32).fold(self.most_single, i32::max);
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        let [a, b, c, d] = self.most[0].max(self.most[1]).array();
        f32::from_bits(a.max(b).max(c.max(d)).max(self.most_single) as u32)
    }
}

/// Largest magnitude. Anything that is not finite makes the result not finite.
#[inline(always)]
pub fn largest(values: &[f32]) -> f32 {
    let mut magnitudes = Magnitudes::new();
    magnitudes.add(values);
    magnitudes.greatest()
}

/// [`largest`] of all rows of an attention's head: their usual length gets code without loops.
#[inline(always)]
pub fn largest_of<'a>(rows: impl Iterator<Item = &'a [f32]>) -> f32 {
    let mut magnitudes = Magnitudes::new();
    for row in rows {
        match <&[f32; 32]>::try_from(row) {
            Ok(row) => magnitudes.add(row),
            _ => magnitudes.add(row),
        }
    }
    magnitudes.greatest()
}

/// The scale that maps magnitudes up to `largest` to integers up to `limit`, and its inverse. Both are 0 for a group of
/// zeros; a scale that is not finite makes every result not finite.
#[inline(always)]
pub fn scale(largest: f32, limit: i16) -> (f32, f32) {
    if largest < NOTHING {
        return (0.0, 0.0);
    }
    let limit = f32::from(limit);
    (largest / limit, limit / largest)
}

/// The nearest integer, ties to even; the magnitude must stay below 2^15.
#[inline(always)]
pub fn nearest(x: f32) -> i16 {
    (x + narrow::ROUND).to_bits() as i16
}

/// Nearest integers of `values * inverse`, as [`nearest`] has them.
#[inline(always)]
pub fn round(values: &[f32], inverse: f32, out: &mut [i16]) {
    debug_assert_eq!(values.len(), out.len());
    let ((values, rest), (out, rest_out)) = (values.as_chunks::<8>(), out.as_chunks_mut::<8>());
    for (q, x) in out.iter_mut().zip(values) {
        *q = narrow::round(x, inverse);
    }
    if !rest.is_empty() {
        let mut last = [0.0; 8];
        last[..rest.len()].copy_from_slice(rest);
        rest_out.copy_from_slice(&narrow::round(&last, inverse)[..rest.len()]);
    }
}

/// Quantizes a group to integers of magnitude up to `limit`; returns the scale, x = scale q.
#[inline(always)]
pub fn quantize(values: &[f32], limit: i16, out: &mut [i16]) -> f32 {
    let (scale, inverse) = scale(largest(values), limit);
    round(values, inverse, out);
    scale
}

#[cfg(test)]
mod tests {
    use super::super::floats;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_itself_one_value_at_a_time(values in prop::collection::vec(floats(), 1..70), limit in 1i16..=16383) {
            let most = values.iter().map(|x| if x.is_finite() { x.abs() } else { f32::INFINITY }).fold(0.0, f32::max);
            let mut q = vec![0; values.len()];
            let got = quantize(&values, limit, &mut q);
            if most.is_finite() {
                prop_assert_eq!(largest(&values), most);
                let (want, inverse) = scale(most, limit);
                prop_assert_eq!(got, want);
                prop_assert_eq!(q, values.iter().map(|x| nearest(std::hint::black_box(*x) * inverse)).collect::<Vec<_>>());
            } else {
                prop_assert!(!got.is_finite());
            }
        }

        #[test]
        fn within_half_a_step(values in prop::collection::vec(-1e3f32..1e3, 1..70), limit in 1i16..=16383) {
            let mut q = vec![0; values.len()];
            let scale = quantize(&values, limit, &mut q);
            for (x, q) in values.iter().zip(&q) {
                prop_assert!(q.abs() <= limit);
                prop_assert!((x - scale * f32::from(*q)).abs() <= scale * 0.51);
            }
        }
    }

    #[test]
    fn extremes() {
        let mut q = [1; 3];
        assert_eq!(quantize(&[0.0; 3], 100, &mut q), 0.0);
        assert_eq!(q, [0; 3]);
        assert_eq!(quantize(&[1e-40, -1e-40, 0.0], 100, &mut q), 0.0, "denormals count as zeros");
        assert_eq!(q, [0; 3]);
        assert!((quantize(&[3e38, -3e38, 0.0], 100, &mut q) / 3e36 - 1.0).abs() < 1e-6);
        assert_eq!(q, [100, -100, 0]);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 8, 10] {
                let mut values = [1.0; 11];
                values[at] = bad;
                assert!(!quantize(&values, 100, &mut [0; 11]).is_finite(), "{bad} at {at} shows");
            }
        }
    }
}
