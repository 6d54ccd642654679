//! Floats to 16-bit integers, eight at a time: compilers don't find the instruction for it by themselves.

/// Added to a float of magnitude up to 2^22, it leaves the nearest integer, ties to even, in the low bits of the sum.
pub(super) const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23

/// The definition, one value at a time; what runs where there is no vector unit that this file knows.
#[cfg(any(test, not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64"))))]
mod portable {
    use super::ROUND;

    /// Nearest integers of `x * factor`, as [`super::round`] says.
    #[inline(always)]
    pub fn round(x: &[f32; 8], factor: f32) -> [i16; 8] {
        x.map(|x| {
            let wide = ((x * factor + ROUND).to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
            wide.clamp(i16::MIN.into(), i16::MAX.into()) as i16
        })
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use super::ROUND;
    use core::arch::wasm32::*;

    #[inline(always)]
    pub fn round(x: &[f32; 8], factor: f32) -> [i16; 8] {
        let wide = |a, b, c, d| {
            let shifted = f32x4_add(f32x4_mul(f32x4(a, b, c, d), f32x4_splat(factor)), f32x4_splat(ROUND));
            i32x4_sub(shifted, i32x4_splat(ROUND.to_bits() as i32))
        };
        let [a, b, c, d, e, f, g, h] = *x;
        let q = i16x8_narrow_i32x4(wide(a, b, c, d), wide(e, f, g, h));
        [
            i16x8_extract_lane::<0>(q),
            i16x8_extract_lane::<1>(q),
            i16x8_extract_lane::<2>(q),
            i16x8_extract_lane::<3>(q),
            i16x8_extract_lane::<4>(q),
            i16x8_extract_lane::<5>(q),
            i16x8_extract_lane::<6>(q),
            i16x8_extract_lane::<7>(q),
        ]
    }
}

// SSE2 is part of every x86-64 processor, so nothing has to be detected.
#[cfg(target_arch = "x86_64")]
mod simd {
    use super::ROUND;
    use core::arch::x86_64::*;

    #[inline(always)]
    pub fn round(x: &[f32; 8], factor: f32) -> [i16; 8] {
        let mut out = [0; 8];
        // SAFETY: SSE2, all that it needs, is part of x86-64; `x` has the 32 bytes that are read and `out` the 16 that are
        // written, neither with a demand on alignment. Compared with `portable` by a property test.
        unsafe {
            let wide = |at| {
                let shifted = _mm_add_ps(_mm_mul_ps(_mm_loadu_ps(x.as_ptr().add(at)), _mm_set1_ps(factor)), _mm_set1_ps(ROUND));
                _mm_sub_epi32(_mm_castps_si128(shifted), _mm_set1_epi32(ROUND.to_bits() as i32))
            };
            _mm_storeu_si128(out.as_mut_ptr().cast(), _mm_packs_epi32(wide(0), wide(4)));
        }
        out
    }
}

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
use portable as simd;

/// Nearest integers of `x * factor`, ties to even; the nearest 16-bit ones of what lies beyond, up to magnitudes of 2^22.
#[inline(always)]
pub fn round(x: &[f32; 8], factor: f32) -> [i16; 8] {
    simd::round(x, factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            -4e4f32..4e4,
            (-9i16..9).prop_map(|x| f32::from(x) / 2.0),
            any::<i16>().prop_map(f32::from),
            Just(f32::INFINITY),
            Just(f32::MIN),
            Just(1e-40)
        ]
    }

    proptest! {
        #[test]
        fn the_vector_unit_computes_the_definition(x in prop::array::uniform8(number()), factor in prop_oneof![Just(1f32), -100f32..100.0]) {
            let got = round(&x, factor);
            prop_assert_eq!(got, portable::round(&x, factor));
            for (x, q) in x.into_iter().map(|x| x * factor).zip(got).filter(|(x, _)| x.abs() < 4e6) {
                prop_assert_eq!(q, x.round_ties_even() as i16);
            }
        }
    }
}
