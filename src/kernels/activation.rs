//! Activation functions, elementwise and in place.

use super::exp::Exp;

/// Exact (erf) GELU, x/2 (1 + erf(x / sqrt 2)), as BERT checkpoints were trained with; not the tanh approximation.
/// Absolute error at most 1.5e-6 on [-20, 20].
pub fn gelu(values: &mut [f32]) {
    let erf = Erf::constants();
    for x in values {
        *x = 0.5 * *x * (1.0 + erf.of(*x * std::f32::consts::FRAC_1_SQRT_2));
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

/// Error function. Absolute error at most 5e-7 in f32; 1 and -1 to the bit from [`Erf::END`] on.
///
/// x P(x^2) / Q(x^2), P of degree 6 and Q of degree 4, fitted by weighted least squares, the weights raised where the
/// error was greatest until it was level (4e-8 in exact arithmetic).
#[derive(Clone, Copy)]
pub struct Erf {
    p: [f32; 7],
    q: [f32; 4],
    end: f32,
}

impl Erf {
    /// Where the function is 1 in f32.
    const END: f32 = 3.92;

    /// The coefficients, hidden from the compiler: see [`Exp::constants`].
    #[inline(always)]
    pub fn constants() -> Self {
        std::hint::black_box(Self {
            p: [1.128_378_7, 0.206_112_41, 0.051_397_033, 3.972_811e-3, 1.489_845e-4, -1.994_285e-6, 1.992_136_8e-8],
            q: [0.515_991_15, 0.117_563_81, 0.014_889_058, 1.024_103_3e-3],
            end: Self::END,
        })
    }

    /// erf(x).
    #[inline(always)]
    pub fn of(&self, x: f32) -> f32 {
        let Self { p, q, end } = self;
        let a = x.abs();
        let a = if a > *end { *end } else { a };
        // Estrin's order: shorter chains of dependent operations than Horner's.
        let t = a * a;
        let t2 = t * t;
        let t4 = t2 * t2;
        let p = ((p[0] + p[1] * t) + (p[2] + p[3] * t) * t2) + ((p[4] + p[5] * t) + p[6] * t2) * t4;
        let q = ((1.0 + q[0] * t) + (q[1] + q[2] * t) * t2) + q[3] * t4;
        let r = if a >= *end { q } else { a * p } / q;
        r.copysign(x)
    }
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
        assert!(worst(-6, 6, |x| Erf::constants().of(x), libm::erf) <= 5e-7);
        let exact_gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()));
        let e = worst(-20, 20, |x| one(gelu, x), exact_gelu);
        assert!(e <= 1.5e-6, "gelu {e:e}");
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
