//! Several cross-encoders one after the other: a small one reads much, a larger one the best of that.

/// Puts the first `read` of a ranking in the order of their logits, best first, and leaves the others where they are. Ties keep
/// the order they come in. With each stage of a cascade it is called once more, with fewer.
pub fn reorder(ranking: &mut [usize], read: usize, logit: impl Fn(usize) -> f32) {
    let read = read.min(ranking.len());
    ranking[..read].sort_by(|&a, &b| logit(b).total_cmp(&logit(a)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_by_stage() {
        let mut ranking = [4, 2, 0, 3, 1];
        reorder(&mut ranking, 4, |i| [0.5, 9.0, 0.5, 2.0, -1.0][i]);
        assert_eq!(ranking, [3, 2, 0, 4, 1]);
        reorder(&mut ranking, 2, |i| [0.0, 0.0, 3.0, 1.0, 0.0][i]);
        assert_eq!(ranking, [2, 3, 0, 4, 1]);
        reorder(&mut ranking, 0, |_| unreachable!());
        reorder(&mut ranking, 99, |i| i as f32);
        assert_eq!(ranking, [4, 3, 2, 1, 0]);
    }
}
