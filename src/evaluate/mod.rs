//! Metrics of a ranking with graded relevance.
//!
//! A ranking is given as the grades of its documents, best rank first; `judged` are the grades of all judged documents
//! of the query. Conventions are those of trec_eval: nDCG with linear gain and logarithmic discount over the ideal order
//! of all judged documents. Binary metrics count grades from [`RELEVANT`] on.

use serde::Serialize;

/// The least grade that counts as an answer in binary metrics; 1 marks a near miss.
pub const RELEVANT: u8 = 2;

fn relevant(ranked: &[u8]) -> usize {
    ranked.iter().filter(|&&grade| grade >= RELEVANT).count()
}

fn first(ranked: &[u8], k: usize) -> &[u8] {
    &ranked[..k.min(ranked.len())]
}

/// Share of answers among the first `k` ranks.
pub fn precision_at(k: usize, ranked: &[u8]) -> f64 {
    relevant(first(ranked, k)) as f64 / k as f64
}

/// 1 if an answer is among the first `k` ranks, else 0.
pub fn hit_at(k: usize, ranked: &[u8]) -> f64 {
    f64::from(u8::from(relevant(first(ranked, k)) > 0))
}

/// Share of all answers that are among the first `k` ranks: with the pool's size as `k`, the recall ceiling.
pub fn recall_at(k: usize, ranked: &[u8], judged: &[u8]) -> f64 {
    match relevant(judged) {
        0 => 0.0,
        all => relevant(first(ranked, k)) as f64 / all as f64,
    }
}

/// One over the rank of the first answer; 0 if there is none.
pub fn reciprocal_rank(ranked: &[u8]) -> f64 {
    ranked.iter().position(|&grade| grade >= RELEVANT).map_or(0.0, |i| 1.0 / (i + 1) as f64)
}

/// Normalized discounted cumulative gain of the first `k` ranks.
///
/// Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
pub fn ndcg_at(k: usize, ranked: &[u8], judged: &[u8]) -> f64 {
    let gain =
        |grades: &[u8]| -> f64 { grades.iter().take(k).enumerate().map(|(i, &grade)| f64::from(grade) / ((i + 2) as f64).log2()).sum() };
    let mut ideal = judged.to_vec();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    match gain(&ideal) {
        0.0 => 0.0,
        best => gain(ranked) / best,
    }
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
    pub fn of(ranked: &[u8], judged: &[u8]) -> Self {
        Self {
            precision_1: precision_at(1, ranked),
            precision_5: precision_at(5, ranked),
            hit_rate_5: hit_at(5, ranked),
            mrr: reciprocal_rank(ranked),
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

    #[test]
    fn by_hand() {
        // Judged: one full answer, one answer, one near miss. Ranked: near miss, nothing, full answer, answer.
        let (judged, ranked) = ([3, 2, 1], [1, 0, 3, 2]);
        assert_eq!(precision_at(1, &ranked), 0.0);
        assert_eq!(precision_at(5, &ranked), 2.0 / 5.0);
        assert_eq!(hit_at(2, &ranked), 0.0);
        assert_eq!(hit_at(3, &ranked), 1.0);
        assert_eq!(recall_at(3, &ranked, &judged), 0.5);
        assert_eq!(reciprocal_rank(&ranked), 1.0 / 3.0);
        let ideal = 3.0 + 2.0 / 3f64.log2() + 0.5;
        let got = 1.0 + 3.0 / 2.0 + 2.0 / 5f64.log2();
        assert!((ndcg_at(10, &ranked, &judged) - got / ideal).abs() < 1e-12);
        assert!((ndcg_at(10, &[3, 2, 1], &judged) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_judged_or_ranked() {
        assert_eq!(Metrics::of(&[], &[3]), Metrics::default());
        assert_eq!(Metrics::of(&[0, 0], &[]), Metrics::default());
        assert_eq!(Metrics::mean(&[]), Metrics::default());
        assert_eq!(recall_at(5, &[0], &[]), 0.0);
    }
}
