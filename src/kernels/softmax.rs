//! Softmax.

use super::dot::{lane_max, lane_sum};
use super::exp::{Exp, Exp2};
use super::four::{Floats, Ints};
use super::gemm_i16::{PANEL, Packed};
use super::lanes::Words;
use super::narrow::ROUND;

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

/// Softmax of columns to the base of 2, in integers, packed for a product: `out[r][c] / sums[c]` is 2^`rows[r][c]` / (the sum
/// of 2^`rows[..][c]`), `sums[c]`, which is returned, being the sum of `out[..][c]`. For the base of e, multiply by log2 e before.
///
/// A column's largest probability becomes 32767, or less where the sum would come to more than `budget` (and half of the
/// number of values, for rounding). A probability is off by at most half of 1 / `budget` or of the largest / 32767, and by
/// 4e-6 of itself. `rows` are overwritten. The sum is 0 for a column of no rows, or with values among which one is not a number
/// or the largest is not finite; what is in `out` for such a column means nothing.
pub fn softmax2_columns(rows: &mut [[f32; PANEL]], budget: f32, out: &mut Packed) -> [i32; PANEL] {
    let out = out.overwrite(rows.len(), PANEL);
    let exp2 = Exp2::constants();
    let mut sums = [0; PANEL];
    // Four columns from top to bottom, then the next four: what belongs to them stays in registers.
    for (v, sums) in sums.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let four = |row: &[f32; PANEL]| Floats::load(&row.as_chunks::<4>().0[v]);
        let mut max = Floats::splat(f32::NEG_INFINITY);
        for row in rows.iter() {
            max = max.max(four(row));
        }
        let mut sum = Floats::splat(0.0);
        for row in rows.iter_mut() {
            let x = exp2.of(four(row) - max);
            sum = sum + x;
            row.as_chunks_mut::<4>().0[v] = x.array();
        }
        let floats = sum.array();
        let one = floats.map(|sum| if sum * 32767.0 > budget { budget / sum } else { 32767.0 });
        let rounded = round_pairs(rows, Floats::load(&one), out, v);
        *sums = std::array::from_fn(|i| if floats[i].is_finite() { rounded[i] } else { 0 });
    }
    sums
}

/// Rounds four columns, times `one`, into the vectors `v` of a panel; their sums.
#[inline(always)]
fn round_pairs(rows: &[[f32; PANEL]], one: Floats, out: &mut [[Words; PANEL / 4]], v: usize) -> [i32; 4] {
    let round = Floats::splat(std::hint::black_box(ROUND));
    let low = Ints::splat(std::hint::black_box(0xffff));
    let bits = |row: &[f32; PANEL]| (Floats::load(&row.as_chunks::<4>().0[v]) * one + round).bits();
    let (pairs, last) = rows.as_chunks::<2>();
    let mut sum = Ints::splat(0);
    for ([a, b], out) in pairs.iter().zip(&mut *out) {
        let (a, b) = (bits(a), bits(b));
        sum = sum + (a + b);
        out[v] = Words::of_pairs(((a & low) | (b << 16)).array());
    }
    if let [last] = last {
        let a = bits(last);
        sum = sum + a;
        out[pairs.len()][v] = Words::of_pairs((a & low).array());
    }
    // What the sums have too much: the bits of `ROUND`, once for each row.
    let excess = (rows.len() as i32).wrapping_mul(ROUND.to_bits() as i32);
    sum.array().map(|sum| sum.wrapping_sub(excess))
}

#[cfg(test)]
mod tests {
    use super::super::{bits, floats, noise};
    use super::*;
    use proptest::prelude::*;
    use std::hint::black_box;

    /// [`softmax2_columns`] of one column, one value at a time.
    fn one_column(values: &[f32], budget: f32) -> (Vec<i16>, i32) {
        let max = values.iter().fold(f32::NEG_INFINITY, |max, x| if max < *x { *x } else { max });
        let exp2 = |x: f32| Exp2::constants().of(Floats::splat(black_box(x - max))).array()[0];
        let powers: Vec<f32> = values.iter().map(|x| exp2(*x)).collect();
        let sum = powers.iter().fold(0.0, |sum, x| sum + x);
        let one = if sum * 32767.0 > budget { budget / sum } else { 32767.0 };
        let rounded: Vec<i16> = powers.iter().map(|x| (x * one).round_ties_even() as i16).collect();
        let sum = if sum.is_finite() { rounded.iter().map(|x| i32::from(*x)).sum() } else { 0 };
        (rounded, sum)
    }

    proptest! {
        #[test]
        fn equals_itself_one_value_at_a_time(row in prop::collection::vec(floats(), 1..70), scale in 1e-3f32..10.0) {
            let mut got = row.clone();
            softmax(&mut got, scale);
            let (max, exp) = (lane_max(&row) * scale, Exp::constants());
            let powers: Vec<f32> = row.iter().map(|x| exp.of(black_box(*x) * scale - max)).collect();
            let inverse = 1.0 / lane_sum(&powers);
            prop_assert_eq!(bits(&got), bits(&powers.iter().map(|x| black_box(*x) * inverse).collect::<Vec<_>>()));
        }

        #[test]
        fn columns_too(values in prop::collection::vec(floats(), 1..70 * PANEL), equal: bool, budget in 4e3f32..3e5) {
            let row = |i: usize| std::array::from_fn(|c| values[if equal { c % values.len() } else { (i * PANEL + c) % values.len() }]);
            let mut rows: Vec<[f32; PANEL]> = (0..values.len().div_ceil(PANEL)).map(row).collect();
            let columns: Vec<Vec<f32>> = (0..PANEL).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
            let mut packed = Packed::default();
            let sums = softmax2_columns(&mut rows, budget, &mut packed);
            let q = packed.rows();
            for (c, column) in columns.iter().enumerate() {
                let (want, sum) = one_column(column, budget);
                prop_assert_eq!(sums[c], sum);
                if sum > 0 {
                    prop_assert_eq!(q.iter().map(|row| row[c]).collect::<Vec<_>>(), want);
                }
            }
        }

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

    fn transposed(columns: &[Vec<f32>], scale: f32) -> Vec<[f32; PANEL]> {
        (0..columns[0].len()).map(|r| std::array::from_fn(|c| columns[c][r] * scale)).collect()
    }

    proptest! {
        #[test]
        fn integers_stand_for_the_same_probabilities(n in 1usize..200, budget in 4e3f32..3e5, seed: u64) {
            let columns: Vec<Vec<f32>> =
                (0..PANEL as u64).map(|c| noise(seed ^ (c << 32)).map(|s| (s >> 40) as f32 / 2e5 - 40.0).take(n).collect()).collect();
            let mut packed = Packed::default();
            let sums = softmax2_columns(&mut transposed(&columns, 0.5 * std::f32::consts::LOG2_E), budget, &mut packed);
            let q = packed.rows();
            for (c, mut floats) in columns.into_iter().enumerate() {
                softmax(&mut floats, 0.5);
                prop_assert_eq!(sums[c], q.iter().map(|row| i32::from(row[c])).sum::<i32>());
                prop_assert!(sums[c] as f32 <= budget + 0.5 * n as f32);
                let largest = floats.iter().copied().fold(0.0, f32::max);
                let step = (1.0 / budget).max(largest / 32767.0);
                for (p, q) in floats.iter().zip(&q) {
                    // The sum is off as well, by the roundings of all.
                    let error = step * (0.51 + 0.5 * n as f32 * p) + 8e-6 * p;
                    prop_assert!((p - f32::from(q[c]) / sums[c] as f32).abs() <= error + 1e-6, "{p} {} of {}", q[c], sums[c]);
                }
            }
        }
    }

    #[test]
    fn extremes() {
        let mut row = [3e38, -3e38, 3e38];
        softmax(&mut row, 1.0);
        assert!((row[0] - 0.5).abs() < 1e-6 && row[1] < 1e-30);
        softmax(&mut [], 1.0);
        // A column that is not finite shows, and leaves the others alone.
        let mut rows = [[0.0; PANEL], [-1e30; PANEL]];
        rows[1][3] = f32::NAN;
        rows[0][4] = f32::INFINITY;
        (rows[0][5], rows[1][5]) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        rows[1][6] = f32::NEG_INFINITY;
        let mut packed = Packed::default();
        let sums = softmax2_columns(&mut rows, 1e5, &mut packed);
        let q = packed.rows();
        for c in 0..PANEL {
            if (3..6).contains(&c) {
                assert_eq!(sums[c], 0, "{c}");
            } else {
                assert_eq!((q[0][c], q[1][c], sums[c]), (32767, 0, 32767), "{c}");
            }
        }
        assert_eq!(softmax2_columns(&mut [], 1e5, &mut packed), [0; PANEL]);
    }
}
