//! Second stage: a cross-encoder's logits over candidates, and the order they give.

mod cascade;

pub use cascade::reorder;

use crate::Error;
use crate::backend::Backend;
use crate::model::{CrossEncoder, ModelError, Pair, Pause, Paused, Query, batches};
use serde::Serialize;
use std::cell::Cell;
use std::future::Future;
use std::time::Duration;
use web_time::Instant;

/// Texts tokenized before the next batch is computed, so that progress and cancellation are prompt.
pub const TEXTS_AT_A_TIME: usize = 64;

/// Where a long operation reports how far it is and learns whether to go on.
pub trait Checkpoint {
    /// Called after each batch, and in the midst of one that takes long. [`Error::Stopped`] ends the operation.
    fn reach(&self, done: usize, total: usize) -> impl Future<Output = Result<(), Error>>;
}

/// A checkpoint that never stops anything.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Checkpoint for Unwatched {
    async fn reach(&self, _done: usize, _total: usize) -> Result<(), Error> {
        Ok(())
    }
}

/// Time between two looks at a checkpoint, so that a long text can be stopped too.
const LOOK: Duration = Duration::from_millis(25);

/// A checkpoint to be looked at between layers, once [`LOOK`] has passed since the last time.
pub struct Pacer<'c, C> {
    checkpoint: &'c C,
    done: usize,
    total: usize,
    last: Cell<Instant>,
}

impl<'c, C: Checkpoint> Pacer<'c, C> {
    /// For an operation of `total` steps.
    pub fn new(checkpoint: &'c C, total: usize) -> Self {
        Self { checkpoint, done: 0, total, last: Cell::new(Instant::now()) }
    }

    /// Reports that `done` steps are done.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the checkpoint says so.
    pub async fn reach(&mut self, done: usize) -> Result<(), Error> {
        self.done = done;
        let outcome = self.checkpoint.reach(done, self.total).await;
        self.last.set(Instant::now());
        outcome
    }
}

impl<C: Checkpoint> Pause for Pacer<'_, C> {
    fn pause(&self) -> Paused<'_> {
        Box::pin(async {
            if self.last.get().elapsed() < LOOK {
                return Ok(());
            }
            let outcome = self.checkpoint.reach(self.done, self.total).await;
            self.last.set(Instant::now());
            outcome.map_err(|_| ModelError::Stopped)
        })
    }
}

/// A candidate's score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// Position among the candidates.
    pub index: usize,
    /// Raw logit.
    pub logit: f32,
    /// Whether query and passage together were longer than the model reads.
    pub truncated: bool,
}

/// Scores each passage against the query, in the order of the passages. No passages, no scores.
///
/// # Errors
/// [`crate::model::ModelError::EmptyQuery`] if the query has no token, [`Error::Stopped`] if the checkpoint says so.
pub async fn score<B: Backend>(
    model: &CrossEncoder<B>,
    query: &str,
    passages: &[&str],
    checkpoint: &impl Checkpoint,
) -> Result<Vec<Scored>, Error> {
    if passages.is_empty() {
        return Ok(Vec::new());
    }
    score_passages(model, &model.query(query)?, passages, checkpoint).await
}

/// [`score`] for a query that was tokenized before, as where its passages come in parcels.
///
/// # Errors
/// [`Error::Stopped`] if the checkpoint says so.
pub async fn score_passages<B: Backend>(
    model: &CrossEncoder<B>,
    query: &Query,
    passages: &[&str],
    checkpoint: &impl Checkpoint,
) -> Result<Vec<Scored>, Error> {
    let mut scores = Vec::with_capacity(passages.len());
    let mut pacer = Pacer::new(checkpoint, passages.len());
    for some in passages.chunks(TEXTS_AT_A_TIME) {
        let pairs = some.iter().map(|passage| model.pair(query, passage)).collect::<Result<Vec<Pair>, _>>()?;
        let lengths: Vec<usize> = pairs.iter().map(Pair::tokens).collect();
        for batch in batches(&lengths, model.encoder().backend().batch_tokens()) {
            for (pair, logit) in pairs[batch.clone()].iter().zip(model.score_pausing(&pairs[batch], &pacer).await?) {
                scores.push(Scored { index: scores.len(), logit, truncated: pair.truncated() });
            }
            pacer.reach(scores.len()).await?;
        }
    }
    Ok(scores)
}

/// Puts scores in order, best first; ties keep the order they came in.
pub fn best_first(scores: &mut [Scored]) {
    scores.sort_by(|a, b| b.logit.total_cmp(&a.logit));
}
