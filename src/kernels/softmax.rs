//! Softmax.

use super::dot::{lane_max, lane_sum};
use super::{exp::Exp, integer};

/// Softmax of one row in place, after multiplying it by `scale`, which is positive; shifted by the maximum, so no overflow.
/// An empty row stays empty.
pub fn softmax(row: &mut [f32], scale: f32) {
    let max = lane_max(row) * scale;
    let exp = Exp::constants();
    for x in row.iter_mut() {
        *x = exp.of(*x * scale - max);
    }
    let inverse = 1.0 / lane_sum(row);
    for x in row.iter_mut() {
        *x *= inverse;
    }
}

/// Softmax of one row, multiplied by `scale`, in integers: `out[i] / sum` is the probability of `row[i]`, the returned
/// sum being that of `out`.
///
/// The largest probability becomes 32767, or less where the sum would come to more than `budget` (and half of the number
/// of values, for rounding). A probability is off by at most half of 1 / `budget` or of the largest / 32767. `row` is
/// overwritten. The sum is 0 if the row is empty or its largest value is not finite.
pub fn softmax_i16(row: &mut [f32], scale: f32, budget: f32, out: &mut [i16]) -> i32 {
    debug_assert_eq!(row.len(), out.len());
    let max = lane_max(row) * scale;
    if !max.is_finite() {
        out.fill(0);
        return 0;
    }
    let exp = Exp::constants();
    for x in row.iter_mut() {
        *x = exp.of(*x * scale - max);
    }
    let one = (budget / lane_sum(row)).min(32767.0);
    integer::round(row, one, out);
    out.iter().map(|&q| i32::from(q)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_f64(row in prop::collection::vec(-40f32..40.0, 1..200)) {
            let mut got = row.clone();
            softmax(&mut got, 0.5);
            let exact: Vec<f64> = row.iter().map(|&x| (f64::from(x) * 0.5).exp()).collect();
            let sum: f64 = exact.iter().sum();
            for (g, e) in got.iter().zip(&exact) {
                prop_assert!((f64::from(*g) - e / sum).abs() < 1e-6);
            }
        }
    }

    proptest! {
        #[test]
        fn integers_stand_for_the_same_probabilities(row in prop::collection::vec(-40f32..40.0, 1..200), budget in 4e3f32..3e5) {
            let (mut floats, mut rest, mut q) = (row.clone(), row.clone(), vec![0; row.len()]);
            softmax(&mut floats, 0.5);
            let sum = softmax_i16(&mut rest, 0.5, budget, &mut q);
            prop_assert!(sum as f32 <= budget + 100.0);
            let largest = floats.iter().copied().fold(0.0, f32::max);
            let step = (1.0 / budget).max(largest / 32767.0);
            for (p, q) in floats.iter().zip(&q) {
                // The sum is off as well, by the roundings of all.
                let error = step * (0.51 + 0.5 * floats.len() as f32 * p);
                prop_assert!((p - f32::from(*q) / sum as f32).abs() <= error + 1e-6, "{p} {q} of {sum}");
            }
        }
    }

    #[test]
    fn extremes() {
        let mut row = [3e38, -3e38, 3e38];
        softmax(&mut row, 1.0);
        assert!((row[0] - 0.5).abs() < 1e-6 && row[1] < 1e-30);
        softmax(&mut [], 1.0);
    }
}
