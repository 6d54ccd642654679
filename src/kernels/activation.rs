//! Activation functions, elementwise and in place.

use super::exp::Exp;

/// Exact (erf) GELU, x/2 (1 + erf(x / sqrt 2)), as BERT checkpoints were trained with; not the tanh approximation.
/// Absolute error at most 7e-7; large values are themselves or 0 to the bit.
pub fn gelu(values: &mut [f32]) {
    let gelu = Gelu::constants();
    for x in values {
        *x = gelu.of(*x);
    }
}

/// Hyperbolic tangent. Absolute error at most 3e-7. What is not a number stays so.
pub fn tanh(values: &mut [f32]) {
    let exp = Exp::constants();
    for x in values.iter_mut().filter(|x| !x.is_nan()) {
        let e = exp.of(2.0 * x.abs().min(20.0));
        *x = (1.0 - 2.0 / (e + 1.0)).copysign(*x);
    }
}

/// The polynomial of [`gelu`], lowest power first.
pub(crate) const GELU: [f32; 7] = [1.044_274_8, 0.052_063_98, 0.022_113_717, 3.370_510_6e-3, 7.532_232e-5, 3.964_918e-5, 6.988_019e-6];

/// GELU of one value: what is positive of x, less the normal distribution's tail, |x| (1 - erf(|x| / sqrt 2)) / 2.
///
/// The tail is |x| / p(|x|)^16 with p of degree 6: Hastings' form of 1 - erf (Abramowitz and Stegun, 7.1.28), fitted to the
/// error of GELU by weighted least squares, the weights raised where the error was greatest until it was level (2.2e-7 in
/// exact arithmetic). Few operations, and it saturates of itself: the power overflows to infinity.
#[derive(Clone, Copy)]
struct Gelu {
    p: [f32; 7],
}

impl Gelu {
    /// The coefficients, hidden from the compiler: see [`Exp::constants`].
    #[inline(always)]
    fn constants() -> Self {
        std::hint::black_box(Self { p: GELU })
    }

    /// GELU(x).
    #[inline(always)]
    fn of(&self, x: f32) -> f32 {
        let [p0, p1, p2, p3, p4, p5, p6] = self.p;
        let a = x.abs();
        let a2 = a * a;
        // Estrin's order: shorter chains of dependent operations than Horner's.
        let p = ((p0 + p1 * a) + (p2 + p3 * a) * a2) + ((p4 + p5 * a) + p6 * a2) * (a2 * a2);
        let p2 = p * p;
        let p4 = p2 * p2;
        let p8 = p4 * p4;
        // A comparison, not f32::max: see `Exp::of`.
        (if x < 0.0 { 0.0 } else { x }) - a / (p8 * p8)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{bits, floats};
    use super::*;
    use proptest::prelude::*;
    use std::hint::black_box;

    fn worst(low: i32, high: i32, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        (low * 1000..=high * 1000).map(|i| i as f32 * 1e-3).map(|x| (f64::from(f(x)) - exact(f64::from(x))).abs()).fold(0.0, f64::max)
    }

    fn one(f: fn(&mut [f32]), x: f32) -> f32 {
        let mut v = [black_box(x)];
        f(&mut v);
        v[0]
    }

    proptest! {
        #[test]
        fn equal_themselves_one_value_at_a_time(values in prop::collection::vec(floats(), 0..70)) {
            for f in [gelu, tanh] {
                let mut got = values.clone();
                f(&mut got);
                prop_assert_eq!(bits(&got), bits(&values.iter().map(|x| one(f, *x)).collect::<Vec<_>>()));
            }
        }
    }

    #[test]
    fn errors_are_as_stated() {
        let exact_gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()));
        let e = worst(-20, 20, |x| one(gelu, x), exact_gelu);
        assert!(e <= 7e-7, "gelu {e:e}");
        let e = worst(-20, 20, |x| one(tanh, x), f64::tanh);
        assert!(e <= 3e-7, "tanh {e:e}");
    }

    #[test]
    fn large_inputs_saturate() {
        assert_eq!(one(tanh, 1e30), 1.0);
        assert_eq!(one(tanh, -1e30), -1.0);
        assert_eq!(one(gelu, 1e10), 1e10);
        assert_eq!(one(gelu, -1e10), 0.0);
        assert!(one(tanh, f32::NAN).is_nan() && one(gelu, f32::NAN).is_nan());
    }
}
