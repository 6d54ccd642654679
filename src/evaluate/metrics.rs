//! Metrics of a ranking with graded relevance.
//!
//! A ranking is given as the grades of its documents, best rank first; `judged` are the grades of all judged documents
//! of the query. Conventions are those of trec_eval: nDCG with linear gain and logarithmic discount over the ideal order
//! of all judged documents. Binary metrics count grades from the [`Scale`]'s least on.

use serde::Serialize;

/// What grades mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The least grade that counts as an answer in binary metrics.
    pub relevant: u8,
}

impl Scale {
    /// That of this project's labels: 3 answers fully, 2 answers, 1 is a near miss.
    pub const LABELS: Self = Self { relevant: 2 };
    /// That of judgements where whatever is judged above 0 is relevant, as trec_eval takes it unless told otherwise.
    pub const JUDGEMENTS: Self = Self { relevant: 1 };

    /// Whether a grade counts as an answer.
    pub fn answers(self, grade: u8) -> bool {
        grade >= self.relevant
    }

    fn count(self, grades: &[u8]) -> usize {
        grades.iter().filter(|&&grade| self.answers(grade)).count()
    }
}

fn first(ranked: &[u8], k: usize) -> &[u8] {
    &ranked[..k.min(ranked.len())]
}

/// Share of answers among the first `k` ranks.
pub fn precision_at(k: usize, ranked: &[u8], scale: Scale) -> f64 {
    scale.count(first(ranked, k)) as f64 / k as f64
}

/// 1 if an answer is among the first `k` ranks, else 0.
pub fn hit_at(k: usize, ranked: &[u8], scale: Scale) -> f64 {
    f64::from(u8::from(scale.count(first(ranked, k)) > 0))
}

/// Share of all answers that are among the first `k` ranks: with the pool's size as `k`, the recall ceiling.
pub fn recall_at(k: usize, ranked: &[u8], judged: &[u8], scale: Scale) -> f64 {
    match scale.count(judged) {
        0 => 0.0,
        all => scale.count(first(ranked, k)) as f64 / all as f64,
    }
}

/// One over the rank of the first answer; 0 if there is none.
pub fn reciprocal_rank(ranked: &[u8], scale: Scale) -> f64 {
    ranked.iter().position(|&grade| scale.answers(grade)).map_or(0.0, |i| 1.0 / (i + 1) as f64)
}

/// Normalized discounted cumulative gain of the first `k` ranks.
///
/// Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
pub fn ndcg_at(k: usize, ranked: &[u8], judged: &[u8]) -> f64 {
    let gain =
        // From 0, as the sum of nothing would be -0.
        |grades: &[u8]| grades.iter().take(k).enumerate().fold(0.0, |sum, (i, &grade)| sum + f64::from(grade) / ((i + 2) as f64).log2());
    match gain(&descending(judged)) {
        0.0 => 0.0,
        best => gain(ranked) / best,
    }
}

/// Grades, the greatest first: counted, as there are so few different ones.
fn descending(grades: &[u8]) -> Vec<u8> {
    let mut counts = [0usize; 256];
    grades.iter().for_each(|&grade| counts[usize::from(grade)] += 1);
    (0..=u8::MAX).rev().flat_map(|grade| std::iter::repeat_n(grade, counts[usize::from(grade)])).collect()
}

/// Metrics of one ranking, or their mean over queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Share of queries whose first rank answers.
    #[serde(rename = "precision@1")]
    pub precision_1: f64,
    /// Share of answers among the first five.
    #[serde(rename = "precision@5")]
    pub precision_5: f64,
    /// Share of queries with an answer among the first five.
    #[serde(rename = "hit_rate@5")]
    pub hit_rate_5: f64,
    /// Mean reciprocal rank.
    pub mrr: f64,
    /// nDCG of the first ten.
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
}

impl Metrics {
    /// Metrics of one ranking.
    pub fn of(ranked: &[u8], judged: &[u8], scale: Scale) -> Self {
        Self {
            precision_1: precision_at(1, ranked, scale),
            precision_5: precision_at(5, ranked, scale),
            hit_rate_5: hit_at(5, ranked, scale),
            mrr: reciprocal_rank(ranked, scale),
            ndcg_10: ndcg_at(10, ranked, judged),
        }
    }

    /// The mean over queries; all zero over none.
    pub fn mean(all: &[Self]) -> Self {
        let n = all.len().max(1) as f64;
        let mean = |part: fn(&Self) -> f64| all.iter().map(part).sum::<f64>() / n;
        Self {
            precision_1: mean(|m| m.precision_1),
            precision_5: mean(|m| m.precision_5),
            hit_rate_5: mean(|m| m.hit_rate_5),
            mrr: mean(|m| m.mrr),
            ndcg_10: mean(|m| m.ndcg_10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: Scale = Scale::LABELS;

    #[test]
    fn by_hand() {
        // Judged: one full answer, one answer, one near miss. Ranked: near miss, nothing, full answer, answer.
        let (judged, ranked) = ([3, 2, 1], [1, 0, 3, 2]);
        assert_eq!(precision_at(1, &ranked, LABELS), 0.0);
        assert_eq!(precision_at(1, &ranked, Scale::JUDGEMENTS), 1.0);
        assert_eq!(precision_at(5, &ranked, LABELS), 2.0 / 5.0);
        assert_eq!(hit_at(2, &ranked, LABELS), 0.0);
        assert_eq!(hit_at(3, &ranked, LABELS), 1.0);
        assert_eq!(recall_at(3, &ranked, &judged, LABELS), 0.5);
        assert_eq!(recall_at(3, &ranked, &judged, Scale::JUDGEMENTS), 2.0 / 3.0);
        assert_eq!(reciprocal_rank(&ranked, LABELS), 1.0 / 3.0);
        let ideal = 3.0 + 2.0 / 3f64.log2() + 0.5;
        let got = 1.0 + 3.0 / 2.0 + 2.0 / 5f64.log2();
        assert!((ndcg_at(10, &ranked, &judged) - got / ideal).abs() < 1e-12);
        assert!((ndcg_at(10, &[3, 2, 1], &judged) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_judged_or_ranked() {
        assert_eq!(Metrics::of(&[], &[3], LABELS), Metrics::default());
        assert_eq!(Metrics::of(&[0, 0], &[], LABELS), Metrics::default());
        assert_eq!(Metrics::mean(&[]), Metrics::default());
        assert_eq!(recall_at(5, &[0], &[], LABELS), 0.0);
    }
}
