//! Dealing sequences into batches.

use std::ops::Range;

/// Splits sequences of the given lengths, in order, into runs of at most `budget` tokens in all; a sequence longer than
/// that is a run of its own. The split changes no score, only how long one step takes.
pub fn batches(lengths: &[usize], budget: usize) -> Vec<Range<usize>> {
    let (mut out, mut start, mut tokens) = (Vec::new(), 0, 0);
    for (i, &length) in lengths.iter().enumerate() {
        if i > start && tokens + length > budget {
            out.push(start..i);
            (start, tokens) = (i, 0);
        }
        tokens += length;
    }
    if start < lengths.len() {
        out.push(start..lengths.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::batches;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_cover_all_in_order_within_the_budget(lengths in prop::collection::vec(1usize..600, 0..60), budget in 1usize..900) {
            let runs = batches(&lengths, budget);
            prop_assert_eq!(runs.iter().cloned().flatten().collect::<Vec<_>>(), (0..lengths.len()).collect::<Vec<_>>());
            for run in runs {
                prop_assert!(run.len() == 1 || lengths[run].iter().sum::<usize>() <= budget);
            }
        }
    }
}
