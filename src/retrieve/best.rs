//! The best of many hits, without sorting all of them.

use super::Hit;
use std::cmp::Ordering;

/// Hits beyond `k` that are taken in before the worst are thrown out again: the larger, the rarer the selections, and
/// the later the bar rises.
const SLACK: usize = 1024;

/// Collects hits in the order of their documents and keeps the `k` best.
pub(super) struct Best {
    k: usize,
    hits: Vec<Hit>,
    /// The score of the worst hit that is kept, once there are `k`. A later document must exceed it, because ties are in
    /// the order of the documents.
    bar: Option<f32>,
}

impl Best {
    pub fn new(k: usize) -> Self {
        Self { k, hits: Vec::new(), bar: None }
    }

    /// Considers a hit. Its document comes after those of all hits before.
    pub fn offer(&mut self, hit: Hit) {
        if self.bar.is_some_and(|bar| hit.score.total_cmp(&bar).is_le()) {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= self.k.saturating_add(SLACK.max(self.k)) {
            self.select();
        }
    }

    fn select(&mut self) {
        if let Some(last) = self.k.checked_sub(1).filter(|&last| last < self.hits.len()) {
            self.bar = Some(self.hits.select_nth_unstable_by(last, order).1.score);
        }
        self.hits.truncate(self.k);
    }

    /// The hits kept, best first; ties in the order of the documents.
    pub fn into_sorted(mut self) -> Vec<Hit> {
        self.select();
        self.hits.sort_unstable_by(order);
        self.hits
    }
}

/// Scores descending, then documents ascending: a total order, in which a stable sort by score leaves them.
fn order(a: &Hit, b: &Hit) -> Ordering {
    b.score.total_cmp(&a.score).then(a.document.cmp(&b.document))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best(scores: &[f32], k: usize) -> Vec<Hit> {
        let mut best = Best::new(k);
        scores.iter().enumerate().for_each(|(document, &score)| best.offer(Hit { document, score }));
        best.into_sorted()
    }

    fn bits(hits: &[Hit]) -> Vec<(usize, u32)> {
        hits.iter().map(|h| (h.document, h.score.to_bits())).collect()
    }

    proptest! {
        /// Few distinct values, so that ties are many; with what no score should be among them.
        #[test]
        fn as_a_stable_sort(
            some in prop::collection::vec(0usize..9, 0..5000),
            k in prop_oneof![0usize..5, 0usize..3000, Just(usize::MAX)],
            order in 0u8..3,
        ) {
            const VALUES: [f32; 9] = [0.5, 0.25, 0.75, -0.0, 0.0, -1.0, f32::NAN, f32::INFINITY, 0.1];
            let mut scores: Vec<f32> = some.into_iter().map(|i| VALUES[i]).collect();
            match order {
                0 => {}
                1 => scores.sort_by(f32::total_cmp),
                _ => scores.sort_by(|a, b| b.total_cmp(a)),
            }
            let mut want: Vec<Hit> = scores.iter().enumerate().map(|(document, &score)| Hit { document, score }).collect();
            want.sort_by(|a, b| b.score.total_cmp(&a.score));
            want.truncate(k);
            prop_assert_eq!(bits(&best(&scores, k)), bits(&want));
        }
    }
}
