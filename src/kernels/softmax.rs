//! Softmax.

use super::dot::{lane_max, lane_sum};
use super::exp::{Exp, Exp2};
use super::four::{Floats, Ints};
use super::gemm_i16::{PANEL, Packed};
use super::lanes::{self, Words};
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

/// The probability of a column's largest score: a little below 2^15, as `Exp2` may come out higher than it should.
const LARGEST: f32 = 32760.0;

/// Rounds as [`ROUND`] does. What remains of its bits when they are shifted up by 16 cancels those of `ROUND`, so that two rounded
/// numbers become a pair without a mask.
const ROUND_UPPER: f32 = ROUND - (ROUND.to_bits() >> 16) as f32;

/// Rows of scores that are next to each other, and what turns them into exponents.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The columns' largest scores among these rows.
    pub most: [i32; PANEL],
    /// What is added to the columns' exponents: never positive, and 0 for the part with the column's largest exponent.
    pub added: [f32; PANEL],
}

/// Softmax of columns to the base of 2, in integers, packed for a product: `out[r][c] / sums[c]` is 2^x\[r\]\[c\] / (the sum of
/// 2^x[..]\[c\]), `sums[c]`, which is returned, being the sum of `out[..][c]`, and the exponent x\[r\]\[c\] being
/// (`scores[r][c]` - `most[c]`) `scales[c]` + `added[c]`, with `most` and `added` of the first part for rows before `split`, of the
/// second, which must not be empty, for all others. For the base of e, have log2 e in the scales, none of which is negative. No
/// score's magnitude is above 2^30.
///
/// A column's largest probability becomes 32760, or less where the sum would come to more than `budget` (and half of the
/// number of values, for rounding). A probability is off by at most 1 / `budget` or half of the largest / 32760, and by 8e-6 of
/// itself. For a scale that is not finite, what comes out means nothing.
pub fn softmax2_columns(
    scores: &[[i32; PANEL]],
    split: usize,
    parts: &[Part; 2],
    scales: &[f32; PANEL],
    budget: i32,
    out: &mut Packed,
) -> [i32; PANEL] {
    let out = out.overwrite(scores.len(), PANEL);
    let exp2 = Exp2::constants(LARGEST);
    let (lower, upper) = (exp2.round, Floats::splat(std::hint::black_box(ROUND_UPPER)));
    let (pairs, last) = scores.as_chunks::<2>();
    // Before the pair that has rows of both parts, if there is one, and after it.
    let (before, after) = (split / 2, split.div_ceil(2));
    let mut sums = [0; PANEL];
    // Four columns from top to bottom, then the next four: what belongs to them stays in registers.
    for (v, sums) in sums.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let scale = Floats::load(&scales.as_chunks::<4>().0[v]);
        let [first, second] =
            parts.each_ref().map(|part| (Ints::load(&part.most.as_chunks::<4>().0[v]), Floats::load(&part.added.as_chunks::<4>().0[v])));
        let exp2 = |row: &[i32; PANEL], (most, added)| exp2.of((Ints::load(&row.as_chunks::<4>().0[v]) - most).convert() * scale + added);
        let mut sum = Ints::splat(0);
        for (range, of_a, of_b) in [(0..before, first, first), (before..after, first, second), (after..pairs.len(), second, second)] {
            for ([a, b], out) in pairs[range.clone()].iter().zip(&mut out[range]) {
                let (a, b) = ((exp2(a, of_a) + lower).bits(), (exp2(b, of_b) + upper).bits());
                sum = sum + (a + b);
                out[v] = (a + (b << 16)).words();
            }
        }
        if let [last] = last {
            let (a, b) = ((exp2(last, second) + lower).bits(), upper.bits());
            sum = sum + (a + b);
            out[pairs.len()][v] = (a + (b << 16)).words();
        }
        // What the sums have too much, once for each pair.
        let excess = (ROUND.to_bits() as i32).wrapping_add(ROUND_UPPER.to_bits() as i32).wrapping_mul(out.len() as i32);
        *sums = sum.array().map(|sum| sum.wrapping_sub(excess));
    }
    if sums.iter().any(|sum| *sum > budget) {
        sums = reduce(&sums, budget, out);
    }
    sums
}

/// Makes columns' sums fit the budget, and leaves those alone that do. Returns the new sums.
fn reduce(sums: &[i32; PANEL], budget: i32, rows: &mut [[Words; PANEL / 4]]) -> [i32; PANEL] {
    // What is taken away, in 2^15ths, so that nothing is where nothing has to be.
    let by = sums.map(|sum| if sum > budget { 32768 - (budget as f32 / sum as f32 * 32768.0) as i32 } else { 0 });
    let mut sums = [0; PANEL];
    let ones = lanes::load(&Words(std::hint::black_box([1; 8])));
    for (v, (sums, by)) in sums.as_chunks_mut::<4>().0.iter_mut().zip(by.as_chunks::<4>().0).enumerate() {
        let by = lanes::load(&Words(std::array::from_fn(|i| by[i / 2].min(32767) as i16)));
        let mut sum = lanes::zero();
        for row in &mut *rows {
            let reduced = lanes::reduce(lanes::load(&row[v]), by);
            sum = lanes::dot_add(sum, reduced, ones);
            row[v] = lanes::words(reduced);
        }
        *sums = lanes::store(sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::{bits, floats, noise};
    use super::*;
    use proptest::prelude::*;
    use std::hint::black_box;
    use std::ops::Range;

    /// One part alone.
    fn whole(most: [i32; PANEL]) -> [Part; 2] {
        [Part { most, added: [0.0; PANEL] }; 2]
    }

    /// [`softmax2_columns`] of one column, one value at a time; of each part, the largest score and what is added.
    fn one_column(scores: &[i32], split: usize, parts: [(i32, f32); 2], scale: f32, budget: i32) -> (Vec<i16>, i32) {
        let exp2 = |(i, x): (usize, &i32)| {
            let (most, added) = parts[usize::from(i >= split)];
            Exp2::constants(LARGEST).of(Floats::splat(black_box((x - most) as f32 * scale)) + Floats::splat(added)).array()[0]
        };
        let mut rounded: Vec<i32> = scores.iter().enumerate().map(|x| exp2(x).round_ties_even() as i32).collect();
        let sum: i32 = rounded.iter().sum();
        if sum > budget {
            let by = 32768 - (budget as f32 / sum as f32 * 32768.0) as i32;
            rounded.iter_mut().for_each(|x| *x -= (*x * by.min(32767) + (1 << 14)) >> 15);
        }
        (rounded.iter().map(|x| *x as i16).collect(), rounded.iter().sum())
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
        fn columns_too(
            values in prop::collection::vec(prop_oneof![-(1i32 << 30)..=1 << 30, -1000i32..1000, Just(-(1 << 30)), Just(1 << 30)], 1..70 * PANEL),
            equal: bool,
            scales in prop::array::uniform8(prop_oneof![Just(0f32), Just(1e-40), 1e-9f32..1e-2, Just(1e30)]),
            split: prop::sample::Index,
            added in prop::array::uniform8(prop_oneof![Just(0f32), -10f32..0.0, Just(-1e9), Just(f32::NEG_INFINITY)]),
            budget in 4_000..300_000,
        ) {
            let row = |i: usize| std::array::from_fn(|c| values[if equal { c % values.len() } else { (i * PANEL + c) % values.len() }]);
            let rows: Vec<[i32; PANEL]> = (0..values.len().div_ceil(PANEL)).map(row).collect();
            let columns: [Vec<i32>; PANEL] = std::array::from_fn(|c| rows.iter().map(|row| row[c]).collect());
            let split = split.index(rows.len());
            let most = |of: Range<usize>| columns.each_ref().map(|column| column[of.clone()].iter().max().copied().unwrap_or(i32::MIN));
            // Of even columns the first part is lower, of odd ones the second.
            let parts = [(most(0..split), 0), (most(split..rows.len()), 1)];
            let parts = parts.map(|(most, part)| Part { most, added: std::array::from_fn(|c| if c % 2 == part { added[c] } else { 0.0 }) });
            let mut packed = Packed::default();
            let sums = softmax2_columns(&rows, split, &parts, &scales, budget, &mut packed);
            let q = packed.rows();
            for (c, column) in columns.iter().enumerate() {
                let (want, sum) = one_column(column, split, parts.map(|part| (part.most[c], part.added[c])), scales[c], budget);
                prop_assert_eq!(sums[c], sum);
                prop_assert_eq!(q.iter().map(|row| row[c]).collect::<Vec<_>>(), want);
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

    proptest! {
        #[test]
        fn integers_stand_for_the_same_probabilities(n in 1usize..200, budget in 4_000..300_000, seed: u64) {
            let columns: Vec<Vec<i32>> = (0..PANEL as u64).map(|c| noise(seed ^ (c << 32)).map(|s| (s >> 33) as i32 - (1 << 30)).take(n).collect()).collect();
            let scores: Vec<[i32; PANEL]> = (0..n).map(|r| std::array::from_fn(|c| columns[c][r])).collect();
            let most = std::array::from_fn(|c| *columns[c].iter().max().expect("n of them"));
            let scales: [f32; PANEL] = std::array::from_fn(|c| if c == 0 { 0.0 } else { (8 * c) as f32 / (1 << 30) as f32 });
            let mut packed = Packed::default();
            let sums = softmax2_columns(&scores, 0, &whole(most), &scales.map(|scale| scale * std::f32::consts::LOG2_E), budget, &mut packed);
            let q = packed.rows();
            for (c, integers) in columns.into_iter().enumerate() {
                let mut floats: Vec<f32> = integers.iter().map(|x| (x - most[c]) as f32).collect();
                softmax(&mut floats, scales[c].max(1e-30));
                prop_assert_eq!(sums[c], q.iter().map(|row| i32::from(row[c])).sum::<i32>());
                prop_assert!(sums[c] as f32 <= 1.001 * budget as f32 + 0.5 * n as f32);
                let largest = floats.iter().copied().fold(0.0, f32::max);
                let step = (2.0 / budget as f32).max(largest / LARGEST);
                for (p, q) in floats.iter().zip(&q) {
                    // The sum is off as well, by the roundings of all.
                    let error = step * (0.51 + 0.5 * n as f32 * p) + 1e-5 * p;
                    prop_assert!((p - f32::from(q[c]) / sums[c] as f32).abs() <= error + 1e-6, "{p} {} of {}", q[c], sums[c]);
                }
            }
        }

        /// Whatever the columns beside it, reduced or not.
        #[test]
        fn a_column_is_for_itself(n in 2usize..60, seed: u64) {
            let column: Vec<i32> = noise(seed).map(|s| (s >> 45) as i32).take(n).collect();
            let most = *column.iter().max().expect("n of them");
            let run = |other: f32| {
                let mut packed = Packed::default();
                let scores: Vec<[i32; PANEL]> = column.iter().map(|x| [*x; PANEL]).collect();
                let scales = std::array::from_fn(|c| if c == 5 { 1e-4 } else { other });
                let sums = softmax2_columns(&scores, 0, &whole([most; PANEL]), &scales, 40_000, &mut packed);
                (sums[5], packed.rows().iter().map(|row| row[5]).collect::<Vec<_>>())
            };
            prop_assert_eq!(run(0.0), run(1.0));
        }
    }

    #[test]
    fn extremes() {
        let mut row = [3e38, -3e38, 3e38];
        softmax(&mut row, 1.0);
        assert!((row[0] - 0.5).abs() < 1e-6 && row[1] < 1e-30);
        softmax(&mut [], 1.0);
        let mut packed = Packed::default();
        let far = (1 << 30) - 1;
        let sums = softmax2_columns(
            &[[far; PANEL], [-far; PANEL], [-far; PANEL]],
            0,
            &whole([far; PANEL]),
            &[1e30; PANEL],
            1_000_000,
            &mut packed,
        );
        let largest = packed.rows()[0][0];
        assert!((32750..=32767).contains(&largest));
        assert_eq!(packed.rows(), [[largest; PANEL], [0; PANEL], [0; PANEL]]);
        assert_eq!(sums, [i32::from(largest); PANEL]);
        assert_eq!(softmax2_columns(&[], 0, &whole([0; PANEL]), &[1.0; PANEL], 1_000_000, &mut packed), [0; PANEL]);
    }
}
