//! The vector operations that the product in two planes is made of, for each instruction set.
//!
//! Four sums of 32 bits each take up four products of signed 8-bit weights with 7-bit inputs:
//! `i32x4.relaxed_dot_i8x16_i7x16_add_s` in WebAssembly, `sdot` on ARM. That instruction is relaxed: what it does with inputs
//! of 8 bits, and with pairs of products that don't fit 16, is left to the processor. Inputs of 7 bits reach neither, as
//! 2 x 128 x 127 does fit, so all processors give the same sums. The rest is integer arithmetic, which is exact, and floats
//! that are rounded after each operation.

/// Sixteen integers: weights of four columns, a group of four rows of each, or sixteen values of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(16))]
pub struct Bytes(pub [i8; 16]);

/// What is added to the integers that are split into planes, so that none is negative.
pub const OFFSET: i32 = 8192;

/// Adding 1.5 * 2^23 leaves the nearest integer, ties to even, in the low bits of the mantissa; the offset goes with it.
const ROUND: f32 = 12_582_912.0 + OFFSET as f32;

/// The definition, one product at a time; what runs where there is no vector unit that this file knows.
#[cfg(any(test, not(any(all(target_arch = "wasm32", target_feature = "relaxed-simd"), target_arch = "x86_64"))))]
pub mod portable {
    use super::{Bytes, ROUND};

    /// The nearest integers of `values * inverse`, which are within 8191 on either side of zero, plus [`super::OFFSET`]: eight times
    /// bits 7 to 13, then eight times bits 0 to 6. There are 7 bits of each whatever the values.
    #[inline(always)]
    pub fn split(values: &[f32; 8], inverse: f32) -> Bytes {
        let bits = values.map(|x| (x * inverse + ROUND).to_bits());
        let plane = |i: usize| if i < 8 { bits[i] >> 7 } else { bits[i - 8] };
        Bytes(std::array::from_fn(|i| (plane(i) & 127) as i8))
    }

    /// Sixteen integers.
    pub type Vector = [i8; 16];
    /// Four sums of products.
    pub type Sums = [i32; 4];
    /// Four sums of blocks.
    pub type Floats = [f32; 4];

    /// Integers as a vector.
    #[inline(always)]
    pub fn load(bytes: &Bytes) -> Vector {
        bytes.0
    }

    /// Four times the group `GROUP`, of four, of a vector.
    #[inline(always)]
    pub fn spread<const GROUP: usize>(x: Vector) -> Vector {
        std::array::from_fn(|i| x[GROUP * 4 + i % 4])
    }

    /// Sums to begin with.
    #[inline(always)]
    pub fn sums(sums: &[i32; 4]) -> Sums {
        *sums
    }

    /// `sums[c] + w[4c] x[4c] + ... + w[4c + 3] x[4c + 3]`. Inputs `x` are 0 to 127.
    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        let product = |i: usize| i32::from(w[i]) * i32::from(x[i]);
        std::array::from_fn(|c| sums[c] + (0..4).map(|i| product(4 * c + i)).sum::<i32>())
    }

    /// Floats to begin with.
    #[inline(always)]
    pub fn floats() -> Floats {
        [0.0; 4]
    }

    /// `floats + (128 high + low) scales`, rounded after each operation.
    #[inline(always)]
    pub fn add_block(floats: Floats, high: Sums, low: Sums, scales: &[f32; 4]) -> Floats {
        std::array::from_fn(|c| floats[c] + ((high[c] << 7) + low[c]) as f32 * scales[c])
    }

    /// The floats as an array.
    #[inline(always)]
    pub fn store(floats: Floats) -> [f32; 4] {
        floats
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod simd {
    use super::{Bytes, ROUND};
    use core::arch::wasm32::*;

    pub type Vector = v128;
    pub type Sums = v128;
    pub type Floats = v128;

    #[inline(always)]
    pub fn split(values: &[f32; 8], inverse: f32) -> Bytes {
        let four = |x: &[f32]| {
            let bits = f32x4_add(f32x4_mul(f32x4(x[0], x[1], x[2], x[3]), f32x4_splat(inverse)), f32x4_splat(ROUND));
            v128_or(v128_and(i32x4_shl(bits, 1), i32x4_splat(0x7f00)), v128_and(bits, i32x4_splat(0x7f)))
        };
        // The second bytes of all, then the first. LLVM takes narrowing instructions, which would do as well, to pieces.
        let planes = i8x16_shuffle::<1, 5, 9, 13, 17, 21, 25, 29, 0, 4, 8, 12, 16, 20, 24, 28>(four(&values[..4]), four(&values[4..]));
        let mut out = Bytes::default();
        // SAFETY: the 16 bytes may be written to, as they are borrowed.
        unsafe { v128_store((&raw mut out.0).cast(), planes) };
        out
    }

    #[inline(always)]
    pub fn load(bytes: &Bytes) -> Vector {
        // SAFETY: 16 bytes that may be read, as they are borrowed.
        unsafe { v128_load((&raw const bytes.0).cast()) }
    }

    #[inline(always)]
    pub fn spread<const GROUP: usize>(x: Vector) -> Vector {
        i32x4_shuffle::<GROUP, GROUP, GROUP, GROUP>(x, x)
    }

    #[inline(always)]
    pub fn sums(sums: &[i32; 4]) -> Sums {
        i32x4(sums[0], sums[1], sums[2], sums[3])
    }

    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        i32x4_relaxed_dot_i8x16_i7x16_add(w, x, sums)
    }

    #[inline(always)]
    pub fn floats() -> Floats {
        f32x4_splat(0.0)
    }

    #[inline(always)]
    pub fn add_block(floats: Floats, high: Sums, low: Sums, scales: &[f32; 4]) -> Floats {
        // Not the relaxed multiply-add: some processors round its product and some don't.
        let block = f32x4_convert_i32x4(i32x4_add(i32x4_shl(high, 7), low));
        f32x4_add(floats, f32x4_mul(block, f32x4(scales[0], scales[1], scales[2], scales[3])))
    }

    #[inline(always)]
    pub fn store(floats: Floats) -> [f32; 4] {
        [f32x4_extract_lane::<0>(floats), f32x4_extract_lane::<1>(floats), f32x4_extract_lane::<2>(floats), f32x4_extract_lane::<3>(floats)]
    }
}

// For the command line and the tests, which compute what that build computes. SSE2 is part of every x86-64 processor.
#[cfg(target_arch = "x86_64")]
mod simd {
    use super::{Bytes, ROUND};
    use core::arch::x86_64::*;

    pub type Vector = __m128i;
    pub type Sums = __m128i;
    pub type Floats = __m128;

    #[inline(always)]
    pub fn split(values: &[f32; 8], inverse: f32) -> Bytes {
        let mut out = Bytes::default();
        // SAFETY: SSE2, all that it needs, is part of x86-64. Four floats each may be read, and 16 bytes written, as they are
        // borrowed. Compared with `portable` by a property test.
        unsafe {
            let bits = |x: &[f32]| {
                _mm_castps_si128(_mm_add_ps(_mm_mul_ps(_mm_loadu_ps(x[..4].as_ptr()), _mm_set1_ps(inverse)), _mm_set1_ps(ROUND)))
            };
            let (first, second) = (bits(&values[..4]), bits(&values[4..]));
            let seven = |bits: __m128i| _mm_and_si128(bits, _mm_set1_epi32(127));
            let high = _mm_packs_epi32(seven(_mm_srli_epi32::<7>(first)), seven(_mm_srli_epi32::<7>(second)));
            let planes = _mm_packs_epi16(high, _mm_packs_epi32(seven(first), seven(second)));
            _mm_storeu_si128((&raw mut out.0).cast(), planes);
        }
        out
    }

    #[inline(always)]
    pub fn load(bytes: &Bytes) -> Vector {
        // SAFETY: 16 bytes that may be read, as they are borrowed, at an address that is aligned as their type is. SSE2 as above.
        unsafe { _mm_load_si128((&raw const bytes.0).cast()) }
    }

    #[inline(always)]
    pub fn spread<const GROUP: usize>(x: Vector) -> Vector {
        // SAFETY: SSE2, as above.
        unsafe {
            match GROUP {
                0 => _mm_shuffle_epi32::<0b00_00_00_00>(x),
                1 => _mm_shuffle_epi32::<0b01_01_01_01>(x),
                2 => _mm_shuffle_epi32::<0b10_10_10_10>(x),
                _ => _mm_shuffle_epi32::<0b11_11_11_11>(x),
            }
        }
    }

    #[inline(always)]
    pub fn sums(sums: &[i32; 4]) -> Sums {
        // SAFETY: SSE2, as above.
        unsafe { _mm_set_epi32(sums[3], sums[2], sums[1], sums[0]) }
    }

    #[inline(always)]
    pub fn dot_add(sums: Sums, w: Vector, x: Vector) -> Sums {
        // Even and odd bytes as 16-bit integers. A product of each takes 15 bits, the sum of the two 16.
        // SAFETY: SSE2, as above.
        unsafe {
            let even = _mm_mullo_epi16(_mm_srai_epi16::<8>(_mm_slli_epi16::<8>(w)), _mm_srai_epi16::<8>(_mm_slli_epi16::<8>(x)));
            let odd = _mm_mullo_epi16(_mm_srai_epi16::<8>(w), _mm_srai_epi16::<8>(x));
            _mm_add_epi32(sums, _mm_madd_epi16(_mm_add_epi16(even, odd), _mm_set1_epi16(1)))
        }
    }

    #[inline(always)]
    pub fn floats() -> Floats {
        // SAFETY: SSE2, as above.
        unsafe { _mm_setzero_ps() }
    }

    #[inline(always)]
    pub fn add_block(floats: Floats, high: Sums, low: Sums, scales: &[f32; 4]) -> Floats {
        // SAFETY: SSE2, as above.
        unsafe {
            let block = _mm_cvtepi32_ps(_mm_add_epi32(_mm_slli_epi32::<7>(high), low));
            _mm_add_ps(floats, _mm_mul_ps(block, _mm_set_ps(scales[3], scales[2], scales[1], scales[0])))
        }
    }

    #[inline(always)]
    pub fn store(floats: Floats) -> [f32; 4] {
        let mut out = [0.0; 4];
        // SAFETY: SSE2, as above; the array takes the 16 bytes that are written.
        unsafe { _mm_storeu_ps(out.as_mut_ptr(), floats) };
        out
    }
}

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "relaxed-simd"), target_arch = "x86_64")))]
use portable as simd;

pub use simd::{Sums, Vector, add_block, dot_add, floats, load, split, spread, store, sums};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weight() -> impl Strategy<Value = i8> {
        prop_oneof![any::<i8>(), Just(i8::MIN), Just(i8::MAX), Just(0)]
    }

    fn input() -> impl Strategy<Value = i8> {
        prop_oneof![0i8..=127, Just(127), Just(0)]
    }

    fn float() -> impl Strategy<Value = f32> {
        prop_oneof![
            -8191f32..=8191.0,
            any::<f32>(),
            Just(8191.0),
            Just(-8191.0),
            Just(0.5),
            Just(-1.5),
            Just(f32::NAN),
            Just(f32::INFINITY)
        ]
    }

    /// What the tile does with them, in one go.
    macro_rules! all {
        ($m:ident, $w:expr, $x:expr, $start:expr, $scales:expr) => {{
            let (w, x) = ($m::load($w), $m::load($x));
            let high = $m::dot_add($m::dot_add($m::sums($start), w, x), w, $m::spread::<0>(x));
            let low = $m::dot_add(
                $m::dot_add($m::dot_add($m::sums(&[0; 4]), w, $m::spread::<1>(x)), w, $m::spread::<2>(x)),
                w,
                $m::spread::<3>(x),
            );
            let floats = $m::add_block($m::floats(), high, low, $scales);
            $m::store($m::add_block(floats, low, high, $scales)).map(f32::to_bits)
        }};
    }

    proptest! {
        #[test]
        fn planes_are_of_seven_bits_whatever_is_split(values in prop::array::uniform8(float()), inverse in prop_oneof![Just(1.0), float()]) {
            let Bytes(planes) = split(&values, inverse);
            prop_assert!(planes.iter().all(|byte| *byte >= 0));
            for (i, x) in values.iter().map(|x| x * inverse).enumerate().filter(|(_, x)| x.abs() <= 8191.0) {
                prop_assert_eq!(128 * i32::from(planes[i]) + i32::from(planes[8 + i]), x.round_ties_even() as i32 + OFFSET);
            }
            // The bits of what is not a number may be any.
            if values.iter().all(|x| !(x * inverse).is_nan()) {
                prop_assert_eq!(planes, portable::split(&values, inverse).0);
            }
        }

        #[test]
        fn the_vector_unit_computes_the_definition(
            w in prop::array::uniform16(weight()),
            x in prop::array::uniform16(input()),
            start in prop::array::uniform4(-(1i32 << 17)..1 << 17),
            scales in prop::array::uniform4(-1e3f32..1e3),
        ) {
            let (w, x) = (Bytes(w), Bytes(x));
            prop_assert_eq!(all!(simd, &w, &x, &start, &scales), all!(portable, &w, &x, &start, &scales));
        }
    }
}
