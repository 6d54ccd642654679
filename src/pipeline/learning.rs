//! How much the dense ranking should weigh against the lexical one, learned from labelled queries by cross-validation.
//!
//! The weight is looked for where nDCG@10 is best, on a grid: with one number to learn from some hundred queries, a finer search
//! would find noise. To be told fairly how good that is, each query is ranked with a weight that it had no part in.

use crate::evaluate::{Metrics, Scale, ndcg_at};
use crate::retrieve::{Fusion, Hit, fuse};
use serde::Serialize;

/// Steps of the weight from 0 to 1.
const STEPS: usize = 20;

/// What both retrievers found for one labelled query.
#[derive(Clone, Debug)]
pub struct Rankings {
    /// By cosine.
    pub dense: Vec<Hit>,
    /// By BM25.
    pub lexical: Vec<Hit>,
    /// Grades of the judged documents, by their positions.
    pub judged: Vec<(usize, u8)>,
}

/// Queries that were held out, and the weight that the others gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fold {
    /// Weight of the dense ranking; the lexical one has the rest.
    pub weight: f32,
    /// Mean nDCG@10 of the queries it was learned on.
    pub learned_on: f64,
    /// Mean nDCG@10 of the queries held out.
    pub held_out: f64,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learned {
    /// The weight of the dense ranking that all queries together give.
    pub weight: f32,
    /// Mean nDCG@10 of all queries at each weight of the grid, 0 to 1.
    pub curve: Vec<(f32, f64)>,
    /// The folds.
    pub folds: Vec<Fold>,
    /// For each query its weight, learned without it.
    pub weights: Vec<f32>,
    /// For each query its metrics with that weight.
    pub held_out: Vec<Metrics>,
}

impl Rankings {
    /// The fused ranking with this weight of the dense one.
    pub fn fused(&self, weight: f32, k: usize) -> Vec<Hit> {
        fuse(&[&self.dense, &self.lexical], &Fusion::WeightedSum { weights: vec![weight, 1.0 - weight] }, k)
    }

    fn grades(&self, hits: &[Hit]) -> Vec<u8> {
        hits.iter().map(|hit| self.judged.iter().find(|(document, _)| *document == hit.document).map_or(0, |(_, grade)| *grade)).collect()
    }

    fn judgements(&self) -> Vec<u8> {
        self.judged.iter().map(|(_, grade)| *grade).collect()
    }
}

fn grid() -> impl Iterator<Item = f32> {
    (0..=STEPS).map(|step| step as f32 / STEPS as f32)
}

/// Learns the weight. Queries go to the folds in turn, so that what stands together in the file, which is often alike, is spread.
/// With fewer queries than folds, there are as many folds as queries; with one query, it is held out from nothing, and has the
/// weight one half.
///
/// # Panics
/// If `folds` is less than 2.
pub fn learn(queries: &[Rankings], folds: usize, scale: Scale) -> Learned {
    assert!(folds >= 2, "something has to be held out");
    let folds = folds.min(queries.len());
    // For each query, nDCG@10 at each weight.
    let curves: Vec<Vec<f64>> = queries
        .iter()
        .map(|query| {
            let judged = query.judgements();
            grid().map(|weight| ndcg_at(10, &query.grades(&query.fused(weight, 10)), &judged)).collect()
        })
        .collect();
    let mean_at = |step: usize, of: &dyn Fn(usize) -> bool| {
        let (sum, n) =
            curves.iter().enumerate().filter(|(i, _)| of(*i)).fold((0.0, 0usize), |(sum, n), (_, curve)| (sum + curve[step], n + 1));
        if n == 0 { 0.0 } else { sum / n as f64 }
    };
    let best = |of: &dyn Fn(usize) -> bool| -> (usize, f64) {
        let means: Vec<f64> = (0..=STEPS).map(|step| mean_at(step, of)).collect();
        let top = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Of several that are equally good, the one nearest the middle: it is the one least at the mercy of the next query.
        let step = (0..=STEPS).filter(|&step| means[step] == top).min_by_key(|step| step.abs_diff(STEPS / 2)).unwrap_or(STEPS / 2);
        (step, top)
    };
    let of_fold: Vec<(Fold, usize)> = (0..folds)
        .map(|fold| {
            let (step, learned_on) = best(&|i| i % folds != fold);
            (Fold { weight: step as f32 / STEPS as f32, learned_on, held_out: mean_at(step, &|i| i % folds == fold) }, step)
        })
        .collect();
    let weights: Vec<f32> = (0..queries.len()).map(|i| of_fold[i % folds].0.weight).collect();
    let held_out = queries
        .iter()
        .zip(&weights)
        .map(|(query, &weight)| Metrics::of(&query.grades(&query.fused(weight, usize::MAX)), &query.judgements(), scale))
        .collect();
    Learned {
        weight: best(&|_| true).0 as f32 / STEPS as f32,
        curve: grid().enumerate().map(|(step, weight)| (weight, mean_at(step, &|_| true))).collect(),
        folds: of_fold.into_iter().map(|(fold, _)| fold).collect(),
        weights,
        held_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(documents: &[usize]) -> Vec<Hit> {
        documents.iter().enumerate().map(|(i, &document)| Hit { document, score: 1.0 - i as f32 / 10.0 }).collect()
    }

    /// Queries of which the dense ranking is right, or the lexical one.
    fn query(dense_is_right: bool) -> Rankings {
        let (right, wrong) = (hits(&[1, 2, 3, 4]), hits(&[9, 8, 7, 1]));
        let (dense, lexical) = if dense_is_right { (right, wrong) } else { (wrong, right) };
        Rankings { dense, lexical, judged: vec![(1, 3), (2, 2)] }
    }

    #[test]
    fn the_better_ranking_gets_the_weight() {
        let queries: Vec<Rankings> = (0..20).map(|i| query(i % 10 != 0)).collect();
        let learned = learn(&queries, 5, Scale::LABELS);
        assert!(learned.weight > 0.5, "{}", learned.weight);
        assert_eq!((learned.folds.len(), learned.weights.len(), learned.held_out.len(), learned.curve.len()), (5, 20, 20, 21));
        let at = |weight: f32| learned.curve.iter().find(|(w, _)| *w == weight).unwrap().1;
        assert!(at(learned.weight) >= at(0.0) && at(learned.weight) >= at(1.0));
        let mean = learned.held_out.iter().map(|m| m.ndcg_10).sum::<f64>() / 20.0;
        let folds = learned.folds.iter().map(|f| f.held_out).sum::<f64>() / 5.0;
        assert!((mean - folds).abs() < 1e-12);
    }

    /// A query that is unlike all others has no say in its own weight.
    #[test]
    fn a_query_is_ranked_with_a_weight_it_did_not_teach() {
        let queries: Vec<Rankings> = (0..5).map(|i| query(i != 2)).collect();
        let learned = learn(&queries, 5, Scale::LABELS);
        assert!(learned.weights[2] > 0.5 && learned.held_out[2].precision_1 == 0.0);
    }

    #[test]
    fn with_next_to_nothing() {
        assert_eq!(learn(&[], 5, Scale::LABELS).weights, [0f32; 0]);
        assert_eq!(learn(&[query(true)], 5, Scale::LABELS).weights, [0.5]);
        let unjudged = Rankings { judged: vec![], ..query(true) };
        assert_eq!(learn(&[unjudged.clone(), unjudged], 5, Scale::LABELS).weight, 0.5);
    }
}
