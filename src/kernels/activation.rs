//! Activation functions, elementwise and in place.

use super::exp::exp;

/// Exact (erf) GELU, x/2 (1 + erf(x / sqrt 2)), as BERT checkpoints were trained with; not the tanh approximation.
/// Absolute error at most 1e-6 on [-20, 20].
pub fn gelu(values: &mut [f32]) {
    for x in values {
        *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// Hyperbolic tangent. Absolute error at most 3e-7. What is not a number stays so.
pub fn tanh(values: &mut [f32]) {
    for x in values.iter_mut().filter(|x| !x.is_nan()) {
        let e = exp(2.0 * x.abs().min(20.0));
        *x = (1.0 - 2.0 / (e + 1.0)).copysign(*x);
    }
}

/// Error function. Absolute error at most 5e-7 in f32.
///
/// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let p = ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (1.0 - p * exp(-(a * a))).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(low: i32, high: i32, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        (low * 1000..=high * 1000).map(|i| i as f32 * 1e-3).map(|x| (f64::from(f(x)) - exact(f64::from(x))).abs()).fold(0.0, f64::max)
    }

    fn one(f: fn(&mut [f32]), x: f32) -> f32 {
        let mut v = [x];
        f(&mut v);
        v[0]
    }

    #[test]
    fn errors_are_as_stated() {
        assert!(worst(-6, 6, erf, libm::erf) <= 5e-7);
        let exact_gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()));
        let e = worst(-20, 20, |x| one(gelu, x), exact_gelu);
        assert!(e <= 1e-6, "gelu {e:e}");
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
