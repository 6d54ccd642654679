//! Four numbers at a time, for loops that compilers don't turn into good vector code by themselves.
//!
//! Each operation is the one of its name in each of the four places, so results are the same with and without a vector
//! unit. Where the compiler knows the vector unit well, as on x86, the definition is also what runs.

use super::lanes::Words;
use std::ops::{Add, BitAnd, BitOr, Mul, Shl, Sub};

/// Four floats.
#[derive(Clone, Copy, Debug)]
pub struct Floats(repr::Floats);

/// Four 32-bit integers.
#[derive(Clone, Copy, Debug)]
pub struct Ints(repr::Ints);

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod repr {
    use super::Words;
    use std::array::from_fn;

    pub type Floats = [f32; 4];
    pub type Ints = [i32; 4];

    macro_rules! each {
        ($name:ident, $type:ty, $a:ident, $b:ident, $result:expr) => {
            #[inline(always)]
            pub fn $name(a: $type, b: $type) -> $type {
                from_fn(|i| {
                    let ($a, $b) = (a[i], b[i]);
                    $result
                })
            }
        };
    }
    each!(add, Floats, a, b, a + b);
    each!(sub, Floats, a, b, a - b);
    each!(mul, Floats, a, b, a * b);
    each!(max, Floats, a, b, if a < b { b } else { a });
    each!(add_ints, Ints, a, b, a.wrapping_add(b));
    each!(sub_ints, Ints, a, b, a.wrapping_sub(b));
    each!(max_ints, Ints, a, b, a.max(b));
    each!(and, Ints, a, b, a & b);
    each!(or, Ints, a, b, a | b);

    #[inline(always)]
    pub fn floats(x: [f32; 4]) -> Floats {
        x
    }

    #[inline(always)]
    pub fn ints(x: [i32; 4]) -> Ints {
        x
    }

    #[inline(always)]
    pub fn float_array(x: Floats) -> [f32; 4] {
        x
    }

    #[inline(always)]
    pub fn int_array(x: Ints) -> [i32; 4] {
        x
    }

    #[inline(always)]
    pub fn shl(x: Ints, by: u32) -> Ints {
        x.map(|x| x << by)
    }

    #[inline(always)]
    pub fn bits(x: Floats) -> Ints {
        x.map(|x| x.to_bits() as i32)
    }

    #[inline(always)]
    pub fn from_bits(x: Ints) -> Floats {
        x.map(|x| f32::from_bits(x as u32))
    }

    #[inline(always)]
    pub fn convert(x: Ints) -> Floats {
        x.map(|x| x as f32)
    }

    #[inline(always)]
    pub fn narrow(a: Ints, b: Ints) -> Ints {
        let word = |x: i32| x.clamp(i16::MIN.into(), i16::MAX.into());
        let pair = |low, high| word(low) & 0xffff | word(high) << 16;
        [pair(a[0], a[1]), pair(a[2], a[3]), pair(b[0], b[1]), pair(b[2], b[3])]
    }

    #[inline(always)]
    pub fn words(x: Ints) -> Words {
        Words(std::array::from_fn(|i| (x[i / 2] >> (16 * (i % 2))) as i16))
    }

    #[inline(always)]
    pub fn zip_low(a: Ints, b: Ints) -> Ints {
        [a[0], b[0], a[1], b[1]]
    }

    #[inline(always)]
    pub fn zip_high(a: Ints, b: Ints) -> Ints {
        [a[2], b[2], a[3], b[3]]
    }

    #[inline(always)]
    pub fn low_halves(a: Ints, b: Ints) -> Ints {
        [a[0], a[1], b[0], b[1]]
    }

    #[inline(always)]
    pub fn high_halves(a: Ints, b: Ints) -> Ints {
        [a[2], a[3], b[2], b[3]]
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod repr {
    use super::Words;
    use core::arch::wasm32::*;

    pub type Floats = v128;
    pub type Ints = v128;

    pub use core::arch::wasm32::{
        f32x4_add as add, f32x4_convert_i32x4 as convert, f32x4_mul as mul, f32x4_pmax as max, f32x4_sub as sub,
        i16x8_narrow_i32x4 as narrow, i32x4_add as add_ints, i32x4_max as max_ints, i32x4_shl as shl, i32x4_sub as sub_ints,
        v128_and as and, v128_or as or,
    };

    #[inline(always)]
    pub fn floats([a, b, c, d]: [f32; 4]) -> Floats {
        f32x4(a, b, c, d)
    }

    #[inline(always)]
    pub fn ints([a, b, c, d]: [i32; 4]) -> Ints {
        i32x4(a, b, c, d)
    }

    #[inline(always)]
    pub fn float_array(x: Floats) -> [f32; 4] {
        [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x), f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)]
    }

    #[inline(always)]
    pub fn int_array(x: Ints) -> [i32; 4] {
        [i32x4_extract_lane::<0>(x), i32x4_extract_lane::<1>(x), i32x4_extract_lane::<2>(x), i32x4_extract_lane::<3>(x)]
    }

    #[inline(always)]
    pub fn bits(x: Floats) -> Ints {
        x
    }

    #[inline(always)]
    pub fn from_bits(x: Ints) -> Floats {
        x
    }

    #[inline(always)]
    pub fn words(x: Ints) -> Words {
        let mut words = Words::default();
        // SAFETY: a reference to 16 bytes. By way of single numbers, the compiler would take shuffles apart that led here.
        unsafe { v128_store((&raw mut words.0).cast(), x) };
        words
    }

    #[inline(always)]
    pub fn zip_low(a: Ints, b: Ints) -> Ints {
        i32x4_shuffle::<0, 4, 1, 5>(a, b)
    }

    #[inline(always)]
    pub fn zip_high(a: Ints, b: Ints) -> Ints {
        i32x4_shuffle::<2, 6, 3, 7>(a, b)
    }

    #[inline(always)]
    pub fn low_halves(a: Ints, b: Ints) -> Ints {
        i64x2_shuffle::<0, 2>(a, b)
    }

    #[inline(always)]
    pub fn high_halves(a: Ints, b: Ints) -> Ints {
        i64x2_shuffle::<1, 3>(a, b)
    }
}

impl Floats {
    /// From an array.
    #[inline(always)]
    pub fn load(x: &[f32; 4]) -> Self {
        Self(repr::floats(*x))
    }

    /// Four times the same.
    #[inline(always)]
    pub fn splat(x: f32) -> Self {
        Self(repr::floats([x; 4]))
    }

    /// As an array.
    #[inline(always)]
    pub fn array(self) -> [f32; 4] {
        repr::float_array(self.0)
    }

    /// `if self < other { other } else { self }`.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(repr::max(self.0, other.0))
    }

    /// The bits.
    #[inline(always)]
    pub fn bits(self) -> Ints {
        Ints(repr::bits(self.0))
    }
}

impl Ints {
    /// From an array.
    #[inline(always)]
    pub fn load(x: &[i32; 4]) -> Self {
        Self(repr::ints(*x))
    }

    /// Four times the same.
    #[inline(always)]
    pub fn splat(x: i32) -> Self {
        Self(repr::ints([x; 4]))
    }

    /// As an array.
    #[inline(always)]
    pub fn array(self) -> [i32; 4] {
        repr::int_array(self.0)
    }

    /// The greater one in each place.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(repr::max_ints(self.0, other.0))
    }

    /// The floats that these are the bits of.
    #[inline(always)]
    pub fn floats(self) -> Floats {
        Floats(repr::from_bits(self.0))
    }

    /// The floats nearest to these numbers.
    #[inline(always)]
    pub fn convert(self) -> Floats {
        Floats(repr::convert(self.0))
    }

    /// These and then the other four as 16-bit integers, the nearest ones of what lies beyond: a pair in each place, its first
    /// number in the lower half.
    #[inline(always)]
    pub fn narrow(self, other: Self) -> Self {
        Self(repr::narrow(self.0, other.0))
    }

    /// Four pairs of 16-bit integers, as [`Self::narrow`] has them.
    #[inline(always)]
    pub fn words(self) -> Words {
        repr::words(self.0)
    }

    /// Rows to columns.
    #[inline(always)]
    pub fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        use repr::{high_halves, low_halves, zip_high, zip_low};
        let (low, high) = ([zip_low(a.0, b.0), zip_low(c.0, d.0)], [zip_high(a.0, b.0), zip_high(c.0, d.0)]);
        let [low, high] = [low, high].map(|[ab, cd]| [low_halves(ab, cd), high_halves(ab, cd)].map(Self));
        [low[0], low[1], high[0], high[1]]
    }
}

/// The columns of `rows`, each times its factor.
#[inline(always)]
pub fn scaled_columns(rows: &[[i32; 8]; 4], factors: &[f32; 8]) -> [[f32; 4]; 8] {
    let mut out = [[0.0; 4]; 8];
    for (v, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let factors = Floats::load(&factors.as_chunks::<4>().0[v]);
        let rows = rows.each_ref().map(|row| (Ints::load(&row.as_chunks::<4>().0[v]).convert() * factors).bits());
        *out = Ints::transpose(rows).map(|column| column.floats().array());
    }
    out
}

macro_rules! operator {
    ($trait:ident, $method:ident, $type:ident, $function:ident) => {
        impl $trait for $type {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(repr::$function(self.0, other.0))
            }
        }
    };
}
operator!(Add, add, Floats, add);
operator!(Sub, sub, Floats, sub);
operator!(Mul, mul, Floats, mul);
operator!(Add, add, Ints, add_ints); // wraps around, as does
operator!(Sub, sub, Ints, sub_ints);
operator!(BitAnd, bitand, Ints, and);
operator!(BitOr, bitor, Ints, or);

impl Shl<u32> for Ints {
    type Output = Self;

    #[inline(always)]
    fn shl(self, by: u32) -> Self {
        Self(repr::shl(self.0, by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_place_for_itself(a in prop::array::uniform4(any::<f32>()), b in prop::array::uniform4(any::<f32>()), by in 0u32..32) {
            let (x, y) = (Floats::load(&a), Floats::load(&b));
            let bits = |x: f32| x.to_bits() as i32;
            for i in 0..4 {
                let (a, b) = (a[i], b[i]);
                prop_assert_eq!((x + y).array()[i].to_bits(), (a + b).to_bits());
                prop_assert_eq!((x - y).array()[i].to_bits(), (a - b).to_bits());
                prop_assert_eq!((x * y).array()[i].to_bits(), (a * b).to_bits());
                prop_assert_eq!(x.max(y).array()[i], if a < b { b } else { a });
                prop_assert_eq!((x.bits() + y.bits()).array()[i], bits(a).wrapping_add(bits(b)));
                prop_assert_eq!((x.bits() - y.bits()).array()[i], bits(a).wrapping_sub(bits(b)));
                prop_assert_eq!((x.bits() & y.bits()).array()[i], bits(a) & bits(b));
                prop_assert_eq!((x.bits() | y.bits()).array()[i], bits(a) | bits(b));
                prop_assert_eq!(x.bits().max(y.bits()).array()[i], bits(a).max(bits(b)));
                prop_assert_eq!((x.bits() << by).floats().bits().array()[i], bits(a) << by);
                prop_assert_eq!(x.bits().convert().array()[i], bits(a) as f32);
            }
        }
    }

    #[test]
    fn across_places() {
        let x = [[1, -2, 70_000, -70_000], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]];
        let four = x.each_ref().map(Ints::load);
        let columns = Ints::transpose(four).map(Ints::array);
        assert_eq!(columns, std::array::from_fn(|c| std::array::from_fn(|r| x[r][c])));
        let pair = |low: i16, high: i16| i32::from(low as u16) | i32::from(high) << 16;
        assert_eq!(four[0].narrow(four[1]).array(), [pair(1, -2), pair(i16::MAX, i16::MIN), pair(5, 6), pair(7, 8)]);
    }

    #[test]
    fn what_is_not_a_number_comes_through() {
        let [nan, one] = [f32::NAN, 1.0].map(Floats::splat);
        assert!(nan.max(one).array().iter().all(|x| x.is_nan()), "as the first it stays");
        assert_eq!(one.max(nan).array(), [1.0; 4], "as the second it is passed over");
    }
}
