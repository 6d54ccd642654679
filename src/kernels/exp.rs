//! Exponential function in plain arithmetic, so that it vectorizes and gives the same bits on every target.

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
            round: 12_582_912.0,
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

#[cfg(test)]
mod tests {
    use super::Exp;

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
    fn extremes_stay_finite() {
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e30) > 0.0 && exp(-1e30) < 1e-37);
        assert!(exp(1e30).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }
}
