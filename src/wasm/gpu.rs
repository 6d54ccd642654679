//! Both models on a GPU, beside those on the CPU.

use super::{FileBuffer, js};
use crate::Error;
use crate::backend::Cpu;
use crate::backend::gpu::{Device, Gpu};
use crate::model::{BiEncoder, CrossEncoder, Embedding, Query};
use crate::pipeline::{self, Candidates, Collection, Kind, Retriever};
use crate::rerank::{self, Checkpoint, Scored};
use crate::trial::{self, Agreement, Cost, Distrust, Watch};
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A device with the models that were loaded onto it, not yet trusted.
#[wasm_bindgen]
pub struct GpuModels {
    device: Rc<Device>,
    bi_encoder: Option<BiEncoder<Gpu>>,
    cross_encoder: Option<CrossEncoder<Gpu>>,
}

#[wasm_bindgen]
impl GpuModels {
    /// Connects to a device; `subgroups` says whether devices are made with that feature. Rejects with an error of the code
    /// `gpu-failed` if there is none.
    pub async fn connect(subgroups: bool) -> Result<GpuModels, JsValue> {
        let device = Device::connect(subgroups).await.map_err(|e| js::error(e.into()))?;
        Ok(Self { device, bi_encoder: None, cross_encoder: None })
    }

    /// Loads the bi-encoder's file, the same that was loaded onto the CPU.
    #[wasm_bindgen(js_name = loadBiEncoder)]
    pub fn load_bi_encoder(&mut self, file: FileBuffer) -> Result<(), JsValue> {
        let model = BiEncoder::load(file.bytes, Gpu::on(self.device.clone())).map_err(|e| js::error(e.into()))?;
        self.bi_encoder = Some(model);
        Ok(())
    }

    /// Loads the cross-encoder's file, the same that was loaded onto the CPU.
    #[wasm_bindgen(js_name = loadCrossEncoder)]
    pub fn load_cross_encoder(&mut self, file: FileBuffer) -> Result<(), JsValue> {
        let model = CrossEncoder::load(file.bytes, Gpu::on(self.device.clone())).map_err(|e| js::error(e.into()))?;
        self.cross_encoder = Some(model);
        Ok(())
    }
}

/// Models on a GPU that passed the trial.
pub struct OnGpu {
    bi_encoder: Option<BiEncoder<Gpu>>,
    cross_encoder: CrossEncoder<Gpu>,
    watch: Watch,
}

/// What came out of a trial.
#[derive(Serialize)]
pub struct Report {
    agreement: Agreement,
    precision: &'static str,
    cpu: Option<Cost>,
    gpu: Option<Cost>,
}

/// How much longer than the CPU a GPU may take for one pair and still be of interest for many.
const PATIENCE: f64 = 8.0;

/// Compares the models on the GPU with those on the CPU, and times both if asked to. Without a bi-encoder here there must be none
/// there either.
pub async fn put_on_trial(
    bi_encoder: Option<&BiEncoder<Cpu>>,
    cross_encoder: &CrossEncoder<Cpu>,
    models: GpuModels,
    measure: bool,
    checkpoint: &impl Checkpoint,
) -> Result<(OnGpu, Report), Error> {
    let GpuModels { bi_encoder: bi, cross_encoder: Some(cross), device } = models else {
        return Err(Error::NotReady("the cross-encoder on the GPU"));
    };
    if bi_encoder.is_some() && bi.is_none() {
        return Err(Error::NotReady("the bi-encoder on the GPU"));
    }
    let precision = Gpu::on(device).precision();
    let agreement = trial::compare(bi_encoder.zip(bi.as_ref()), (cross_encoder, &cross)).await?;
    let (mut cpu, mut gpu) = (None, None);
    if measure {
        let known = trial::cost(cross_encoder, f64::INFINITY, checkpoint).await?;
        // Some 70 tokens are in the pair that decides.
        let patience = PATIENCE * (known.batch + 70.0 * known.token);
        gpu = Some(trial::cost(&cross, patience, checkpoint).await.map_err(on_device)?);
        cpu = Some(known);
    }
    Ok((OnGpu { bi_encoder: bi, cross_encoder: cross, watch: Watch::default() }, Report { agreement, precision, cpu, gpu }))
}

impl OnGpu {
    /// As [`rerank::score_passages`].
    pub async fn score(
        &self,
        on_cpu: &CrossEncoder<Cpu>,
        query: &Query,
        passages: &[&str],
        checkpoint: &impl Checkpoint,
    ) -> Result<Vec<Scored>, Error> {
        let scores = rerank::score_passages(&self.cross_encoder, query, passages, checkpoint).await.map_err(on_device)?;
        self.watch.look(on_cpu, query, passages, &scores).await?;
        Ok(scores)
    }

    /// As [`pipeline::retrieve`].
    pub async fn retrieve(&self, collection: &Collection, query: &str, pool: usize, retriever: &Retriever) -> Result<Candidates, Error> {
        pipeline::retrieve(Some(self.bi_encoder()?), collection, query, pool, retriever).await.map_err(on_device)
    }

    /// As [`pipeline::embed`].
    pub async fn embed(&self, texts: &[&str], kind: Kind, checkpoint: &impl Checkpoint) -> Result<Vec<Embedding>, Error> {
        pipeline::embed(self.bi_encoder()?, texts, kind, checkpoint).await.map_err(on_device)
    }

    /// Forgets what is kept of the texts scored so far.
    pub fn forget(&self) {
        self.cross_encoder.encoder().forget();
    }

    fn bi_encoder(&self) -> Result<&BiEncoder<Gpu>, Error> {
        self.bi_encoder.as_ref().ok_or(Error::NotReady("the bi-encoder on the GPU"))
    }
}

/// An error of a model on a device, which may be the device's.
fn on_device(error: Error) -> Error {
    match error {
        Error::Model(error) => Distrust::from(error).into(),
        error => error,
    }
}
