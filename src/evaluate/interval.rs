//! What a mean over a sample of queries says about the queries that weren't asked.
//!
//! Percentile bootstrap: queries are drawn anew from those there are, with replacement, and the mean is taken, many times; the
//! interval holds the middle 95 % of these means. Before and after are drawn together, query by query, so that the interval of
//! the difference isn't widened by some queries being harder than others. Efron and Tibshirani, "An Introduction to the
//! Bootstrap" (1993); for retrieval, Sakai, "Evaluating evaluation metrics based on the bootstrap" (2006).

use serde::Serialize;

/// Samples drawn. The ends of an interval are then some 250 samples from the extreme, and steady in the third digit.
const SAMPLES: usize = 10_000;
/// Share of the samples beyond each end.
const TAIL: f64 = 0.025;
/// The same numbers give the same interval, everywhere.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// A mean, and where 95 % of the means of redrawn samples lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Mean over the queries.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval of the difference is above 0.
    Helps,
    /// The whole interval is below 0.
    Hurts,
    /// 0 is in the interval: these queries show no difference.
    Unclear,
}

/// A metric before and after, query by query.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Number of queries.
    pub n: usize,
    /// Before.
    pub before: Interval,
    /// After.
    pub after: Interval,
    /// After minus before.
    pub difference: Interval,
    /// Queries for which it is greater afterwards.
    pub better: usize,
    /// Queries for which it is less afterwards.
    pub worse: usize,
    /// What that comes to.
    pub verdict: Verdict,
}

/// Compares a metric's values before and after, which are in the same order of the queries. Of fewer than two queries nothing
/// can be said: the verdict is [`Verdict::Unclear`].
///
/// # Panics
/// If there are not as many values before as after.
pub fn compare(before: &[f64], after: &[f64]) -> Comparison {
    assert_eq!(before.len(), after.len(), "the values are of the same queries");
    let n = before.len();
    let (mut befores, mut afters, mut differences) =
        (Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES));
    let mut random = SplitMix64(SEED);
    if n > 0 {
        for _ in 0..SAMPLES {
            let (mut b, mut a) = (0.0, 0.0);
            for _ in 0..n {
                let one = random.below(n);
                b += before[one];
                a += after[one];
            }
            befores.push(b / n as f64);
            afters.push(a / n as f64);
            differences.push((a - b) / n as f64);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n.max(1) as f64;
    let (b, a) = (mean(before), mean(after));
    let difference = interval(a - b, differences);
    let verdict = match difference {
        _ if n < 2 => Verdict::Unclear,
        Interval { low, .. } if low > 0.0 => Verdict::Helps,
        Interval { high, .. } if high < 0.0 => Verdict::Hurts,
        _ => Verdict::Unclear,
    };
    Comparison {
        n,
        before: interval(b, befores),
        after: interval(a, afters),
        difference,
        better: before.iter().zip(after).filter(|(b, a)| a > b).count(),
        worse: before.iter().zip(after).filter(|(b, a)| a < b).count(),
        verdict,
    }
}

fn interval(mean: f64, mut samples: Vec<f64>) -> Interval {
    if samples.is_empty() {
        return Interval::default();
    }
    samples.sort_unstable_by(f64::total_cmp);
    let beyond = (samples.len() as f64 * TAIL) as usize;
    Interval { mean, low: samples[beyond], high: samples[samples.len() - 1 - beyond] }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`. Its bias is that of 64 bits against `n`: none that could be seen.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where the normal distribution is a good description, the bootstrap has to agree with it.
    #[test]
    fn as_the_normal_distribution_has_it() {
        let before: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let after: Vec<f64> = (0..400).map(|i| f64::from(i % 4 != 0)).collect();
        let c = compare(&before, &after);
        // Means 0.5 and 0.75; standard errors of 400 coins: sqrt(p (1 - p) / 400).
        let half = |p: f64| 1.96 * (p * (1.0 - p) / 400.0).sqrt();
        for (got, p) in [(c.before, 0.5), (c.after, 0.75)] {
            assert!((got.mean - p).abs() < 1e-12);
            assert!((got.high - p - half(p)).abs() < 0.004 && (p - got.low - half(p)).abs() < 0.004, "{got:?}");
        }
        assert_eq!((c.n, c.better, c.worse, c.verdict), (400, 100, 0, Verdict::Helps));
        assert_eq!(compare(&after, &before).verdict, Verdict::Hurts);
    }

    #[test]
    fn a_few_changes_show_nothing() {
        let before = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let mut after = before;
        (after[1], after[0]) = (1.0, 0.5);
        let c = compare(&before, &after);
        assert_eq!((c.verdict, c.better, c.worse), (Verdict::Unclear, 1, 1));
        assert!(c.difference.low < 0.0 && c.difference.high > 0.0);
        assert_eq!(compare(&[0.0], &[1.0]).verdict, Verdict::Unclear);
        assert_eq!(compare(&[], &[]).difference, Interval::default());
    }

    proptest! {
        #[test]
        fn the_mean_is_inside(pairs in prop::collection::vec((0f64..1.0, 0f64..1.0), 1..40)) {
            let (before, after): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let c = compare(&before, &after);
            prop_assert_eq!(c, compare(&before, &after));
            for Interval { mean, low, high } in [c.before, c.after, c.difference] {
                prop_assert!(low <= mean + 1e-12 && mean <= high + 1e-12);
            }
        }
    }
}
