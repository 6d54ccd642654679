//! A device's trial, with models that are wrong in the place of a device that is.

mod common;

use common::*;
use pollster::block_on;
use tabrank::backend::Cpu;
use tabrank::model::{BiEncoder, CrossEncoder};
use tabrank::rerank::{Unwatched, score_passages};
use tabrank::trial::{self, Distrust, Watch};

type Models = (BiEncoder<Cpu>, CrossEncoder<Cpu>);

/// Both models; `alter` does something to each file.
fn models(alter: impl Fn(&mut [u8])) -> Models {
    let [bi, cross] = [bi_encoder_bytes(), cross_encoder_bytes()].map(|file| {
        let mut file = file.to_vec();
        alter(&mut file);
        file
    });
    (BiEncoder::load(bi, Cpu::default()).unwrap(), CrossEncoder::load(cross, Cpu::default()).unwrap())
}

/// Alters the weights at the end of a file: those of the last layers.
fn damage(file: &mut [u8]) {
    let start = file.len() - 40_000;
    // Quantized values, between them a scale of two bytes now and then: small enough to leave it finite.
    for byte in file[start..].iter_mut().step_by(3) {
        *byte ^= 1 << 3;
    }
}

fn compare((bi, cross): &Models, (other_bi, other_cross): &Models) -> Result<trial::Agreement, Distrust> {
    block_on(trial::compare(Some((bi, other_bi)), (cross, other_cross)))
}

#[test]
fn the_same_agrees_and_something_else_does_not() {
    let (right, wrong) = (models(|_| {}), models(damage));
    let agreement = compare(&right, &right).unwrap();
    assert_eq!(agreement.logits, 0.0);
    assert!(agreement.cosine.unwrap() > 0.99999);
    let alone = block_on(trial::compare::<Cpu, Cpu>(None, (&right.1, &right.1))).unwrap();
    assert_eq!((alone.logits, alone.cosine), (0.0, None));
    let mixed = (models(|_| {}).0, wrong.1);
    assert!(matches!(compare(&right, &mixed), Err(Distrust::Logits { .. })));
    let mixed = (wrong.0, models(|_| {}).1);
    assert!(matches!(compare(&right, &mixed), Err(Distrust::Vectors(_))));
}

#[test]
fn work_is_looked_at_again_when_there_is_more_of_it() {
    let (_, model) = models(|_| {});
    let query = model.query("a harbour").unwrap();
    let passages: Vec<String> = (0..40).map(|i| format!("quay number {i}")).collect();
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    let mut scores = block_on(score_passages(&model, &query, &passages, &Unwatched)).unwrap();
    let watch = Watch::default();
    let mut look = |number: usize, wrong: bool| {
        for score in &mut scores {
            score.logit += if wrong { 1.0 } else { 0.0 };
        }
        let outcome = block_on(watch.look(&model, &query, &passages[..number], &scores[..number]));
        for score in &mut scores {
            score.logit -= if wrong { 1.0 } else { 0.0 };
        }
        outcome.is_ok()
    };
    assert!(look(5, false));
    assert!(look(7, true), "so many have been looked at");
    assert!(!look(8, true), "more than before");
    assert!(look(8, false));
    assert!(!look(40, true));
    assert!(look(0, true), "nothing is nothing");
}

#[test]
fn time_is_a_line_through_two_measurements() {
    let (_, model) = models(|_| {});
    let cost = block_on(trial::cost(&model, f64::INFINITY, &Unwatched)).unwrap();
    assert!(cost.token > 0.0 && cost.batch >= 0.0, "{cost:?}");
    let hasty = block_on(trial::cost(&model, 0.0, &Unwatched)).unwrap();
    assert!(hasty.token > 0.0 && hasty.batch == 0.0, "{hasty:?}");
}
