//! The vector operation that the 16-bit matrix product is made of, for each instruction set.
//!
//! Four sums of 32 bits each take up the products of a pair of 16-bit weights with a pair of 16-bit inputs:
//! `i32x4.dot_i16x8_s` in WebAssembly, `pmaddwd` on x86. Integer arithmetic is exact modulo 2^32, so every instruction
//! set gives the same sums, whatever overflows; [`super::gemm_i16`] sees to it that what comes out in the end fits.

/// Eight 16-bit integers, four pairs of them: what is added to four sums in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Words(pub [i16; 8]);

/// The definition, one product at a time; what runs where there is no vector unit that this file knows.
#[cfg(any(test, not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64"))))]
pub mod portable {
    use super::Words;

    /// Four sums.
    pub type Sums = [i32; 4];

    /// Sums of nothing.
    #[cfg_attr(any(target_arch = "wasm32", target_arch = "x86_64"), expect(dead_code))]
    #[inline(always)]
    pub fn zero() -> Sums {
        [0; 4]
    }

    /// Four sums that were stored.
    #[inline(always)]
    pub fn restore(sums: &[i32; 4]) -> Sums {
        *sums
    }

    /// Eight 16-bit integers.
    pub type Vector = [i16; 8];

    /// Words as a vector.
    #[inline(always)]
    pub fn load(words: &Words) -> Vector {
        words.0
    }

    /// Four times the pair number `pair` of the words.
    #[inline(always)]
    pub fn splat(words: &Words, pair: usize) -> Vector {
        std::array::from_fn(|i| words.0[2 * pair + i % 2])
    }

    /// `sums[c] + w[2c] x[2c] + w[2c + 1] x[2c + 1]`.
    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        let product = |i: usize| i32::from(w[i]).wrapping_mul(i32::from(x[i]));
        std::array::from_fn(|c| sums[c].wrapping_add(product(2 * c).wrapping_add(product(2 * c + 1))))
    }

    /// The sums as an array.
    #[inline(always)]
    pub fn store(sums: Sums) -> [i32; 4] {
        sums
    }

    /// `w - w by / 2^15`, the quotient rounded to the nearest; neither number is negative.
    #[inline(always)]
    pub fn reduce(w: Vector, by: Vector) -> Vector {
        std::array::from_fn(|i| w[i].wrapping_sub(((i32::from(w[i]) * i32::from(by[i]) + 0x4000) >> 15) as i16))
    }

    /// A vector as words.
    #[cfg_attr(any(target_arch = "wasm32", target_arch = "x86_64"), expect(dead_code))]
    #[inline(always)]
    pub fn words(vector: Vector) -> Words {
        Words(vector)
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use super::Words;
    use core::arch::wasm32::*;

    pub type Sums = v128;
    pub type Vector = v128;

    #[inline(always)]
    pub fn zero() -> Sums {
        i32x4_splat(0)
    }

    #[inline(always)]
    pub fn restore(sums: &[i32; 4]) -> Sums {
        i32x4(sums[0], sums[1], sums[2], sums[3])
    }

    #[inline(always)]
    pub fn load(words: &Words) -> Vector {
        let [a, b, c, d, e, f, g, h] = words.0;
        i16x8(a, b, c, d, e, f, g, h)
    }

    #[inline(always)]
    pub fn splat(words: &Words, pair: usize) -> Vector {
        let pair: &[i16; 2] = words.0[2 * pair..].first_chunk().expect("four pairs");
        // SAFETY: a reference to 4 bytes. Written out from the two integers, the compiler doesn't always see one load.
        unsafe { v128_load32_splat(pair.as_ptr().cast()) }
    }

    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        i32x4_add(sums, i32x4_dot_i16x8(w, x))
    }

    #[inline(always)]
    pub fn store(sums: Sums) -> [i32; 4] {
        [i32x4_extract_lane::<0>(sums), i32x4_extract_lane::<1>(sums), i32x4_extract_lane::<2>(sums), i32x4_extract_lane::<3>(sums)]
    }

    #[inline(always)]
    pub fn reduce(w: Vector, by: Vector) -> Vector {
        i16x8_sub(w, i16x8_q15mulr_sat(w, by))
    }

    #[inline(always)]
    pub fn words(vector: Vector) -> Words {
        let mut words = Words::default();
        // SAFETY: a reference to 16 bytes.
        unsafe { v128_store((&raw mut words.0).cast(), vector) };
        words
    }
}

// SSE2 is part of every x86-64 processor, so nothing has to be detected.
#[cfg(target_arch = "x86_64")]
mod simd {
    use super::Words;
    use core::arch::x86_64::*;

    pub type Sums = __m128i;
    pub type Vector = __m128i;

    #[inline(always)]
    pub fn zero() -> Sums {
        // SAFETY: SSE2, all that it needs, is part of x86-64. Compared with `portable` by a property test.
        unsafe { _mm_setzero_si128() }
    }

    #[inline(always)]
    pub fn restore(sums: &[i32; 4]) -> Sums {
        // SAFETY: as above.
        unsafe { _mm_setr_epi32(sums[0], sums[1], sums[2], sums[3]) }
    }

    #[inline(always)]
    pub fn load(words: &Words) -> Vector {
        let [a, b, c, d, e, f, g, h] = words.0;
        // SAFETY: as above.
        unsafe { _mm_setr_epi16(a, b, c, d, e, f, g, h) }
    }

    #[inline(always)]
    pub fn splat(words: &Words, pair: usize) -> Vector {
        let [x, y] = [words.0[2 * pair], words.0[2 * pair + 1]];
        // SAFETY: as above.
        unsafe { _mm_set1_epi32(i32::from(x as u16) | i32::from(y) << 16) }
    }

    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        // SAFETY: as above.
        unsafe { _mm_add_epi32(sums, _mm_madd_epi16(w, x)) }
    }

    #[inline(always)]
    pub fn store(sums: Sums) -> [i32; 4] {
        // SAFETY: as above.
        let (low, high) = unsafe { (_mm_cvtsi128_si64(sums), _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums))) };
        [low as i32, (low >> 32) as i32, high as i32, (high >> 32) as i32]
    }

    #[inline(always)]
    pub fn reduce(w: Vector, by: Vector) -> Vector {
        // SAFETY: as above.
        unsafe {
            let (high, low) = (_mm_mulhi_epi16(w, by), _mm_mullo_epi16(w, by));
            let whole = _mm_or_si128(_mm_slli_epi16(high, 1), _mm_srli_epi16(low, 15));
            _mm_sub_epi16(w, _mm_add_epi16(whole, _mm_srli_epi16(_mm_slli_epi16(low, 1), 15)))
        }
    }

    #[inline(always)]
    pub fn words(vector: Vector) -> Words {
        let mut words = Words::default();
        // SAFETY: a reference to 16 bytes; and as above.
        unsafe { _mm_storeu_si128((&raw mut words.0).cast(), vector) };
        words
    }
}

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
use portable as simd;

pub use simd::{Vector, dot_add, load, reduce, restore, splat, store, words, zero};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extreme() -> impl Strategy<Value = i16> {
        prop_oneof![any::<i16>(), Just(i16::MIN), Just(i16::MAX), Just(0), Just(-1)]
    }

    proptest! {
        #[test]
        fn the_vector_unit_computes_the_definition(
            w in prop::array::uniform8(extreme()),
            x in prop::array::uniform8(extreme()),
            pairs in prop::array::uniform2(0usize..4),
            start in prop::array::uniform4(any::<i32>()),
            positive in prop::array::uniform2(prop::array::uniform8(prop_oneof![0..=i16::MAX, Just(0), Just(i16::MAX)])),
        ) {
            let [a, b] = positive.map(Words);
            prop_assert_eq!(words(reduce(load(&a), load(&b))).0, portable::reduce(a.0, b.0));
            let (w, x) = (Words(w), Words(x));
            let want = {
                use portable::*;
                store(pairs.iter().fold(restore(&start), |sums, &pair| dot_add(sums, load(&w), splat(&x, pair))))
            };
            prop_assert_eq!(store(zero()), [0; 4]);
            prop_assert_eq!(store(pairs.iter().fold(restore(&start), |sums, &pair| dot_add(sums, load(&w), splat(&x, pair)))), want);
        }
    }
}
