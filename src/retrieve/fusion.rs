//! One ranking out of two or more.

use super::Hit;
use super::best::Best;

/// How rankings become one.
#[derive(Clone, Debug, PartialEq)]
pub enum Fusion {
    /// Reciprocal rank fusion: a document's score is the sum of 1 / (k + rank) over the rankings that have it. Only ranks count.
    ///
    /// Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods" (2009),
    /// where k is 60.
    ReciprocalRank {
        /// The greater, the less the first ranks stand out.
        k: f32,
    },
    /// The sum of the scores, each ranking's brought to 0..1 (its worst hit 0, its best 1) and weighted. A document that a ranking
    /// doesn't have gets nothing from it, and hits of a ranking whose scores are all the same get 1.
    WeightedSum {
        /// A weight for each ranking.
        weights: Vec<f32>,
    },
}

/// The constant of the paper.
impl Default for Fusion {
    fn default() -> Self {
        Self::ReciprocalRank { k: 60.0 }
    }
}

/// The `k` best documents of the rankings taken together, best first; ties in the documents' order.
///
/// # Panics
/// If there are not as many weights as rankings.
pub fn fuse(rankings: &[&[Hit]], fusion: &Fusion, k: usize) -> Vec<Hit> {
    let documents = rankings.iter().flat_map(|hits| hits.iter()).map(|hit| hit.document + 1).max().unwrap_or(0);
    let mut scores: Vec<Option<f32>> = vec![None; documents];
    let mut add = |document: usize, score: f32| scores[document] = Some(scores[document].unwrap_or(0.0) + score);
    match fusion {
        Fusion::ReciprocalRank { k } => {
            for hits in rankings {
                for (rank, hit) in (1u32..).zip(*hits) {
                    add(hit.document, 1.0 / (k + rank as f32));
                }
            }
        }
        Fusion::WeightedSum { weights } => {
            assert_eq!(weights.len(), rankings.len(), "each ranking has a weight");
            for (hits, weight) in rankings.iter().zip(weights) {
                let (low, high) = hits.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), hit| (l.min(hit.score), h.max(hit.score)));
                for hit in *hits {
                    let share = if high > low { (hit.score - low) / (high - low) } else { 1.0 };
                    add(hit.document, weight * share);
                }
            }
        }
    }
    let mut best = Best::new(k);
    for (document, score) in scores.into_iter().enumerate() {
        if let Some(score) = score {
            best.offer(Hit { document, score });
        }
    }
    best.into_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(scores: &[(usize, f32)]) -> Vec<Hit> {
        scores.iter().map(|&(document, score)| Hit { document, score }).collect()
    }

    fn documents(hits: &[Hit]) -> Vec<usize> {
        hits.iter().map(|hit| hit.document).collect()
    }

    #[test]
    fn by_hand() {
        let (a, b) = (hits(&[(7, 0.9), (3, 0.5), (1, 0.1)]), hits(&[(3, 20.0), (9, 10.0)]));
        let rank = fuse(&[&a, &b], &Fusion::default(), 9);
        assert_eq!(documents(&rank), [3, 7, 9, 1]);
        assert!((rank[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-7);
        let sum = fuse(&[&a, &b], &Fusion::WeightedSum { weights: vec![0.75, 0.25] }, 2);
        // 7: 0.75 x 1; 3: 0.75 x 0.5 + 0.25 x 1.
        assert_eq!(documents(&sum), [7, 3]);
        assert!((sum[1].score - 0.625).abs() < 1e-6);
    }

    #[test]
    fn of_nothing_and_of_equals() {
        assert!(fuse(&[], &Fusion::default(), 5).is_empty());
        assert!(fuse(&[&[], &[]], &Fusion::WeightedSum { weights: vec![1.0, 1.0] }, 5).is_empty());
        let same = hits(&[(5, 2.0), (6, 2.0)]);
        let fused = fuse(&[&same], &Fusion::WeightedSum { weights: vec![0.5] }, 5);
        assert_eq!(fused, hits(&[(5, 0.5), (6, 0.5)]));
    }

    fn ranking() -> impl Strategy<Value = Vec<Hit>> {
        prop::collection::vec(-9f32..9.0, 0..20).prop_map(|mut scores| {
            scores.sort_by(|a, b| b.total_cmp(a));
            // Documents in another order than their ranks.
            scores.iter().enumerate().map(|(i, &score)| Hit { document: i * 7 % 23, score }).collect()
        })
    }

    proptest! {
        /// All the weight on one ranking leaves it as it was, but for what it doesn't have.
        #[test]
        fn a_weight_of_nothing_says_nothing(a in ranking(), b in ranking()) {
            let fused = fuse(&[&a, &b], &Fusion::WeightedSum { weights: vec![1.0, 0.0] }, usize::MAX);
            let kept: Vec<usize> = documents(&fused).into_iter().filter(|d| a.iter().any(|hit| hit.document == *d)).collect();
            let score = |d: &usize| a.iter().find(|hit| hit.document == *d).unwrap().score;
            prop_assert!(kept.is_sorted_by(|x, y| score(x) >= score(y) - 1e-5));
        }

        #[test]
        fn every_document_comes_once(a in ranking(), b in ranking(), k in 0usize..30) {
            let all: std::collections::BTreeSet<usize> = a.iter().chain(&b).map(|hit| hit.document).collect();
            for fusion in [Fusion::default(), Fusion::WeightedSum { weights: vec![0.3, 0.7] }] {
                let fused = fuse(&[&a, &b], &fusion, k);
                prop_assert_eq!(fused.len(), k.min(all.len()));
                prop_assert!(fused.is_sorted_by(|a, b| a.score > b.score || (a.score == b.score && a.document < b.document)));
                prop_assert!(documents(&fuse(&[&a, &b], &fusion, usize::MAX)).iter().all(|d| all.contains(d)));
            }
        }
    }
}
