//! Exponential function in plain arithmetic, so that it vectorizes and gives the same bits on every target.

use super::four::Floats;
use super::narrow::ROUND;

/// e^x. Relative error at most 3e-7; inputs below -87 and above 88 are clamped there; what is not a number stays so.
///
/// Cody-Waite range reduction, x = n ln 2 + r with |r| <= ln 2 / 2, then the Taylor polynomial of degree 7 in r
/// (its remainder, r^8 / 8!, is below 6e-9).
#[derive(Clone, Copy)]
pub struct Exp {
    low: f32,
    high: f32,
    log2_e: f32,
    round: f32,
    ln2_high: f32,
    ln2_low: f32,
    taylor: [f32; 6],
}

impl Exp {
    /// The constants, to be had once before a loop and hidden from the compiler: browsers build every vector constant
    /// that they see in a loop anew each time around, which costs more than the arithmetic; what was loaded they keep.
    #[inline(always)]
    pub fn constants() -> Self {
        std::hint::black_box(Self {
            low: -87.0,
            high: 88.0,
            log2_e: std::f32::consts::LOG2_E,
            // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer in one vector operation each.
            round: ROUND,
            ln2_high: 0.693_359_4, // few bits, so n * ln2_high is exact
            ln2_low: -2.121_944_4e-4,
            taylor: [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5],
        })
    }

    /// e^x.
    #[inline(always)]
    pub fn of(&self, x: f32) -> f32 {
        // Comparisons, not f32::max and min: those treat NaN in a way that WebAssembly has no vector instruction for.
        let x = if x < self.low { self.low } else { x };
        let x = if x > self.high { self.high } else { x };
        let shifted = x * self.log2_e + self.round;
        let n = shifted - self.round;
        let r = (x - n * self.ln2_high) - n * self.ln2_low;
        // Estrin's order: shorter chains of dependent operations than Horner's.
        let [c7, c6, c5, c4, c3, c2] = self.taylor;
        let r2 = r * r;
        let p = ((1.0 + r) + (c2 + c3 * r) * r2) + ((c4 + c5 * r) + (c6 + c7 * r) * r2) * (r2 * r2);
        // The low bits of the shifted number are n.
        p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
    }
}

/// A multiple of 2^x for x up to 0, as exactly as 16-bit integers need it. Relative error at most 4e-6; inputs below -100 are
/// clamped there.
///
/// x = n + f with |f| <= 1/2, then the polynomial of degree 4 in f whose greatest relative error is the least, 2.6e-6 in exact
/// arithmetic.
#[derive(Clone, Copy)]
pub struct Exp2 {
    low: Floats,
    /// [`ROUND`], for others to round by too: there are few registers.
    pub(super) round: Floats,
    c: [Floats; 5],
}

impl Exp2 {
    /// The constants for `multiple` times 2^x, hidden from the compiler: see [`Exp::constants`].
    #[inline(always)]
    pub fn constants(multiple: f32) -> Self {
        let [low, round] = std::hint::black_box([-100.0, ROUND]);
        let c = std::hint::black_box([0.999_999_3, 0.693_121_8, 0.240_247_45, 0.055_917_86, 9.570_102e-3]);
        Self { low: Floats::splat(low), round: Floats::splat(round), c: c.map(|c| Floats::splat(c * multiple)) }
    }

    /// The multiple of 2^x.
    #[inline(always)]
    pub fn of(&self, x: Floats) -> Floats {
        let x = x.max(self.low);
        let shifted = x + self.round;
        let f = x - (shifted - self.round);
        // Horner's order: there are other values to compute while one waits, so fewer operations count for more.
        let [c0, c1, c2, c3, c4] = self.c;
        let p = (((c4 * f + c3) * f + c2) * f + c1) * f + c0;
        // The low bits of the shifted number are n, which is added to the exponent.
        (p.bits() + (shifted.bits() << 23)).floats()
    }
}

#[cfg(test)]
mod tests {
    use super::{Exp, Exp2, Floats};

    fn exp(x: f32) -> f32 {
        Exp::constants().of(x)
    }

    #[test]
    fn relative_error_is_as_stated() {
        let mut worst = 0f64;
        for i in -870_000..=880_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).exp();
            worst = worst.max(((f64::from(exp(x)) - exact) / exact).abs());
        }
        assert!(worst <= 3e-7, "{worst:e}");
    }

    #[test]
    fn the_coarse_one_too() {
        let exp2 = |x| Exp2::constants(100.0).of(Floats::splat(x)).array()[0];
        let mut worst = 0f64;
        for i in -1_000_000..=0 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).exp2() * 100.0;
            worst = worst.max(((f64::from(exp2(x)) - exact) / exact).abs());
        }
        assert!(worst <= 4e-6, "{worst:e}");
        assert_eq!(exp2(f32::NEG_INFINITY), exp2(-100.0));
    }

    #[test]
    fn extremes_stay_finite() {
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e30) > 0.0 && exp(-1e30) < 1e-37);
        assert!(exp(1e30).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }
}
