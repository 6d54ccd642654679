//! Whether another device computes what the CPU does, and how long each of them takes.
//!
//! GPUs and their drivers are many, and some are wrong without saying so. So a device is first given texts whose scores are
//! computed on the CPU as well, and its work is looked at again whenever it is given more at a time than ever before.

use crate::Error;
use crate::backend::{Backend, DeviceError};
use crate::model::{BiEncoder, CrossEncoder, ModelError, Pair, Query};
use crate::rerank::{Checkpoint, Scored};
use serde::Serialize;
use std::cell::Cell;
use web_time::Instant;

/// Difference between two devices' logits that is taken for rounding, and as a part of the logit itself: the CPU
/// rounds rows to some ten bits, and models have logits of very different size. What is wrong is so by far more.
pub const MOST_LOGITS: f32 = 0.1;
/// See there.
pub const MOST_OF_LOGIT: f32 = 0.03;
/// Cosine of two devices' vectors of one text, at least.
pub const LEAST_COSINE: f32 = 0.9995;

const QUERY: &str = "a harbour town that can be reached without changing trains";
const PASSAGE: &str = "The branch line ends at the quay, and the last train back leaves before the lamps are lit. ";
/// How often [`PASSAGE`] is repeated in each text: sequences of very different lengths, none of them a multiple of a tile.
const REPEATS: [usize; 4] = [0, 1, 3, 6];
/// As many pairs of some 64 tokens as are timed together: few, and many.
const FEW: usize = 1;
const MANY: usize = 6;

/// Of so many last scores one is looked at.
const LOOK_AMONG: usize = 8;

/// Why a device isn't used.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// It can't be used, or no longer.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// It computes something else than the CPU.
    #[error("the GPU computes other logits than the CPU: {found} instead of {expected}")]
    Logits {
        /// The CPU's.
        expected: f32,
        /// The device's.
        found: f32,
    },
    /// It computes something else than the CPU.
    #[error("the GPU computes other vectors than the CPU: the cosine of two vectors of one text is {0}")]
    Vectors(f32),
    /// What is wrong has nothing to do with the device.
    #[error(transparent)]
    Model(ModelError),
}

impl From<ModelError> for Distrust {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Device(error) => Self::Device(error),
            // The same weights were finite on the CPU.
            ModelError::NotFinite => Self::Device(DeviceError::Failed("it computes what is not a number".into())),
            error => Self::Model(error),
        }
    }
}

impl From<Distrust> for Error {
    fn from(distrust: Distrust) -> Self {
        match distrust {
            Distrust::Model(error) => error.into(),
            distrust => Self::Distrust(distrust),
        }
    }
}

/// How near a device is to the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Greatest difference of logits.
    pub logits: f32,
    /// Least cosine of two vectors of one text; absent without a bi-encoder.
    pub cosine: Option<f32>,
}

/// How long scoring takes, as a line through two measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Milliseconds for each batch.
    pub batch: f64,
    /// Milliseconds for each token.
    pub token: f64,
}

/// Compares the models on a device, the second of each pair, with the same on the CPU. There may be no bi-encoder.
///
/// # Errors
/// See [`Distrust`].
pub async fn compare<C: Backend, G: Backend>(
    bi_encoders: Option<(&BiEncoder<C>, &BiEncoder<G>)>,
    (cross_encoder, other_cross): (&CrossEncoder<C>, &CrossEncoder<G>),
) -> Result<Agreement, Distrust> {
    let pairs = pairs(cross_encoder, REPEATS.map(|n| PASSAGE.repeat(n)))?;
    let expected = cross_encoder.score(&pairs).await?;
    let found = other_cross.score(&pairs).await?;
    let mut logits = 0f32;
    for (expected, found) in expected.into_iter().zip(found) {
        logits = logits.max(difference(expected, found)?);
    }
    let Some((bi_encoder, other_bi)) = bi_encoders else {
        return Ok(Agreement { logits, cosine: None });
    };
    let texts: Result<Vec<_>, _> = REPEATS.iter().map(|n| bi_encoder.document(&PASSAGE.repeat(*n))).collect();
    let texts = texts?;
    let (expected, found) = (bi_encoder.embed(&texts).await?, other_bi.embed(&texts).await?);
    let mut cosine = 1f32;
    for (expected, found) in expected.iter().zip(&found) {
        let this: f32 = expected.vector.iter().zip(&found.vector).map(|(a, b)| a * b).sum();
        if this.is_nan() || this < LEAST_COSINE {
            return Err(Distrust::Vectors(this));
        }
        cosine = cosine.min(this);
    }
    Ok(Agreement { logits, cosine: Some(cosine) })
}

fn difference(expected: f32, found: f32) -> Result<f32, Distrust> {
    let difference = (expected - found).abs();
    if difference <= MOST_LOGITS + MOST_OF_LOGIT * expected.abs() { Ok(difference) } else { Err(Distrust::Logits { expected, found }) }
}

/// Looks at a device's scores when they are of more passages at a time than any before.
#[derive(Debug, Default)]
pub struct Watch {
    /// Binary digits of the number of passages up to which its work has been looked at.
    seen: Cell<u32>,
}

impl Watch {
    /// Compares one of the scores with the CPU's, if there are so many for the first time.
    ///
    /// # Errors
    /// [`Distrust::Logits`].
    pub async fn look<C: Backend>(
        &self,
        cross_encoder: &CrossEncoder<C>,
        query: &Query,
        passages: &[&str],
        scores: &[Scored],
    ) -> Result<(), Distrust> {
        let digits = usize::BITS - scores.len().leading_zeros();
        if digits <= self.seen.get() {
            return Ok(());
        }
        // What is wrong is most likely so at the end. A short one takes little time.
        let last = &scores[scores.len().saturating_sub(LOOK_AMONG)..];
        let Some(shortest) = last.iter().min_by_key(|score| passages[score.index].len()) else {
            return Ok(());
        };
        let pair = cross_encoder.pair(query, passages[shortest.index])?;
        difference(cross_encoder.score(&[pair]).await?[0], shortest.logit)?;
        self.seen.set(digits);
        Ok(())
    }
}

/// Times a cross-encoder, with a look at the checkpoint before each batch. If a single pair takes longer than `patience`
/// milliseconds, only that is measured.
///
/// # Errors
/// As [`CrossEncoder::score`]; [`Error::Stopped`] if the checkpoint says so.
pub async fn cost<B: Backend>(model: &CrossEncoder<B>, patience: f64, checkpoint: &impl Checkpoint) -> Result<Cost, Error> {
    let passages = |number| (0..number).map(|i| format!("{} {i}", PASSAGE.repeat(3)));
    let (few, many) = (pairs(model, passages(FEW))?, pairs(model, passages(MANY))?);
    let tokens = |pairs: &[Pair]| pairs.iter().map(Pair::tokens).sum::<usize>() as f64;
    // The first time, memory has to be had.
    let first = time(model, &few, 1, checkpoint).await?;
    if first > patience {
        return Ok(Cost { batch: 0.0, token: first / tokens(&few) });
    }
    let short = time(model, &few, 3, checkpoint).await?;
    let long = time(model, &many, 3, checkpoint).await?;
    let token = ((long - short) / (tokens(&many) - tokens(&few))).max(0.0);
    Ok(Cost { batch: (short - token * tokens(&few)).max(0.0), token })
}

/// The least of several times, in milliseconds: whatever else runs can only add to it.
async fn time<B: Backend>(model: &CrossEncoder<B>, pairs: &[Pair], rounds: usize, checkpoint: &impl Checkpoint) -> Result<f64, Error> {
    let mut least = f64::INFINITY;
    for round in 0..rounds {
        checkpoint.reach(round, rounds).await?;
        // Texts are new as a rule, and no two of a pool the same.
        model.encoder().forget();
        let start = Instant::now();
        model.score(pairs).await?;
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(least)
}

/// Passages with the query of all trials.
fn pairs<B: Backend>(model: &CrossEncoder<B>, passages: impl IntoIterator<Item = String>) -> Result<Vec<Pair>, ModelError> {
    let query = model.query(QUERY)?;
    passages.into_iter().map(|passage| model.pair(&query, &passage)).collect()
}
