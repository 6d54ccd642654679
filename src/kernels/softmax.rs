//! Softmax.

use super::dot::{fold_lanes, lane_max, lane_sum};
use super::exp::{Exp, Exp2};
use super::{lanes, narrow};

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

/// Softmax of one row to the base of 2, in integers: `out[i] / sum` is 2^`row[i]` / (the sum of 2^`row`), the returned sum
/// being that of `out`. For the base of e, multiply by log2 e before; where the row ends within eight, fill up with negative
/// infinity.
///
/// The largest probability becomes 32767, or less where the sum would come to more than `budget` (and half of the number
/// of values, for rounding). A probability is off by at most half of 1 / `budget` or of the largest / 32767, and by 4e-6 of
/// itself. `row` is overwritten. The sum is 0 if the row is empty or its largest value is not finite.
pub fn softmax2_i16(row: &mut [[f32; 8]], budget: f32, out: &mut [[i16; 8]]) -> i32 {
    debug_assert_eq!(row.len(), out.len());
    let max = lane_max(row.as_flattened());
    if !max.is_finite() {
        out.fill([0; 8]);
        return 0;
    }
    let exp2 = Exp2::constants();
    let mut sums = [0.0; 8];
    for row in row.iter_mut() {
        for i in 0..8 {
            row[i] = exp2.of(row[i] - max);
            sums[i] += row[i];
        }
    }
    let one = (budget / fold_lanes(sums)).min(32767.0);
    let mut sums = lanes::zero();
    for (row, out) in row.iter().zip(out) {
        *out = narrow::round(row, one);
        sums = lanes::dot_add(sums, lanes::load(&lanes::Words(*out)), lanes::splat([1, 1]));
    }
    lanes::store(sums).into_iter().sum()
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
            let mut floats = row.clone();
            softmax(&mut floats, 0.5);
            let mut padded = vec![[f32::NEG_INFINITY; 8]; row.len().div_ceil(8)];
            padded.as_flattened_mut()[..row.len()].copy_from_slice(&row);
            padded.as_flattened_mut().iter_mut().for_each(|x| *x *= 0.5 * std::f32::consts::LOG2_E);
            let mut q = vec![[0; 8]; padded.len()];
            let sum = softmax2_i16(&mut padded, budget, &mut q);
            let q = q.as_flattened();
            prop_assert_eq!(sum, q.iter().map(|&q| i32::from(q)).sum::<i32>());
            prop_assert!(q[row.len()..].iter().all(|&q| q == 0));
            prop_assert!(sum as f32 <= budget + 100.0);
            let largest = floats.iter().copied().fold(0.0, f32::max);
            let step = (1.0 / budget).max(largest / 32767.0);
            for (p, q) in floats.iter().zip(q) {
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
        let mut out = [[1; 8]];
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(softmax2_i16(&mut [[bad; 8]], 1e5, &mut out), 0, "{bad}");
            assert_eq!(out, [[0; 8]]);
        }
        assert_eq!(softmax2_i16(&mut [], 1e5, &mut []), 0);
    }
}
