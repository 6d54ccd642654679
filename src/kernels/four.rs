//! Four numbers at a time, for loops that compilers don't turn into good vector code by themselves.
//!
//! Each operation is the one of its name in each of the four places, so results are the same with and without a vector
//! unit. Where the compiler knows the vector unit well, as on x86, the definition is also what runs.

use std::ops::{Add, BitAnd, BitOr, Mul, Shl, Sub};

/// Four floats.
#[derive(Clone, Copy, Debug)]
pub struct Floats(repr::Floats);

/// Four 32-bit integers.
#[derive(Clone, Copy, Debug)]
pub struct Ints(repr::Ints);

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod repr {
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
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod repr {
    use core::arch::wasm32::*;

    pub type Floats = v128;
    pub type Ints = v128;

    pub use core::arch::wasm32::{
        f32x4_add as add, f32x4_convert_i32x4 as convert, f32x4_mul as mul, f32x4_pmax as max, f32x4_sub as sub, i32x4_add as add_ints,
        i32x4_max as max_ints, i32x4_shl as shl, v128_and as and, v128_or as or,
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
operator!(Add, add, Ints, add_ints); // wraps around
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
                prop_assert_eq!((x.bits() & y.bits()).array()[i], bits(a) & bits(b));
                prop_assert_eq!((x.bits() | y.bits()).array()[i], bits(a) | bits(b));
                prop_assert_eq!(x.bits().max(y.bits()).array()[i], bits(a).max(bits(b)));
                prop_assert_eq!((x.bits() << by).floats().bits().array()[i], bits(a) << by);
                prop_assert_eq!(x.bits().convert().array()[i], bits(a) as f32);
            }
        }
    }

    #[test]
    fn what_is_not_a_number_comes_through() {
        let [nan, one] = [f32::NAN, 1.0].map(Floats::splat);
        assert!(nan.max(one).array().iter().all(|x| x.is_nan()), "as the first it stays");
        assert_eq!(one.max(nan).array(), [1.0; 4], "as the second it is passed over");
    }
}
