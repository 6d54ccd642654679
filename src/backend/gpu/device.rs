//! A GPU: pipelines made once, memory used again, commands recorded until a result is read.

use super::memory::{Block, Pool};
use super::shader::Shader;
use crate::backend::DeviceError;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// Bytes of a dispatch's parameters, and where the next one's may begin.
const PARAMETERS: usize = 32;
const ALIGNMENT: usize = 256;
/// Dispatches recorded before they are submitted.
const DISPATCHES: usize = 256;
/// Bytes that are kept to be used again, but that nothing uses between two batches.
const MOST_UNUSED: u64 = 256 << 20;
/// Workgroups in one direction that every device allows.
const MOST_GROUPS: usize = 65_535;

/// A device with its queue.
pub struct Device {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
    software: bool,
    quads: bool,
    halves: bool,
    pipelines: RefCell<HashMap<Shader, Rc<wgpu::ComputePipeline>>>,
    recording: RefCell<Recording>,
    pool: Rc<Pool>,
    failure: Arc<Mutex<Option<DeviceError>>>,
}

/// Commands that have not been submitted.
struct Recording {
    encoder: Option<wgpu::CommandEncoder>,
    parameters: Vec<u8>,
    /// Where the parameters go when the commands are submitted.
    uniforms: wgpu::Buffer,
}

/// A parameter of a shader.
#[derive(Clone, Copy, Debug)]
pub enum Parameter {
    /// `u32`.
    Count(usize),
    /// `f32`.
    Value(f32),
}

impl Drop for Device {
    fn drop(&mut self) {
        // Its memory is given back now, not when somebody comes to tidying up.
        self.device.destroy();
    }
}

impl Device {
    /// Connects to the adapter that the system prefers.
    ///
    /// In browsers `subgroups` says whether devices are made with the feature of that name, which the library beneath doesn't know
    /// yet; natively it has no say. To be called only where the browser has WebGPU at all: the library insists on it.
    ///
    /// # Errors
    /// [`DeviceError::Unavailable`] if there is none that computes.
    pub async fn connect(subgroups: bool) -> Result<Rc<Self>, DeviceError> {
        let unavailable = |why: String| DeviceError::Unavailable(why);
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
        let adapter = instance.request_adapter(&options).await.map_err(|e| unavailable(e.to_string()))?;
        let required_features = adapter.features() & (wgpu::Features::SUBGROUP | wgpu::Features::SHADER_F16);
        let quads = if cfg!(target_arch = "wasm32") { subgroups } else { required_features.contains(wgpu::Features::SUBGROUP) };
        let halves = required_features.contains(wgpu::Features::SHADER_F16);
        let descriptor = wgpu::DeviceDescriptor { required_features, required_limits: wgpu::Limits::default(), ..Default::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|e| unavailable(e.to_string()))?;
        let failure = Arc::new(Mutex::new(None));
        let note = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let message = error.to_string();
            let out_of_memory = matches!(error, wgpu::Error::OutOfMemory { .. });
            keep_first(&note, if out_of_memory { DeviceError::OutOfMemory(message) } else { DeviceError::Failed(message) });
        }));
        let note = failure.clone();
        device.set_device_lost_callback(move |_, message| keep_first(&note, DeviceError::Lost(message)));
        let info = adapter.get_info();
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let name = if info.name.is_empty() { info.driver } else { info.name };
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: (ALIGNMENT * DISPATCHES) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Ok(Rc::new(Self {
            device,
            queue,
            name,
            software,
            quads,
            halves,
            pipelines: RefCell::default(),
            recording: RefCell::new(Recording { encoder: None, parameters: Vec::new(), uniforms }),
            pool: Rc::default(),
            failure,
        }))
    }

    /// What the adapter is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is no GPU, but a program that does what one does.
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// Whether four neighbouring invocations can hand values round.
    pub fn has_quads(&self) -> bool {
        self.quads
    }

    /// Whether it has floats of 16 bits.
    pub fn has_halves(&self) -> bool {
        self.halves
    }

    /// Gives the device back, as a browser does that takes it away.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// What went wrong first, if anything has.
    pub fn failure(&self) -> Option<DeviceError> {
        self.failure.lock().expect("never held in a panic").clone()
    }

    /// Memory for `len` floats, whatever is in it.
    pub fn block(&self, len: usize) -> Block {
        self.pool.take(&self.device, len * 4)
    }

    /// What lies unused.
    #[cfg(test)]
    pub fn pool(&self) -> &Rc<Pool> {
        &self.pool
    }

    /// A buffer with the given content.
    pub fn upload(&self, bytes: &[u8]) -> wgpu::Buffer {
        // Bindings must not be empty, and copies are of whole words.
        let size = bytes.len().next_multiple_of(4).max(16);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("content"),
            size: size as u64,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            // Where there is no memory, mapping would panic; a write only fails.
            mapped_at_creation: false,
        });
        let whole = bytes.len() / 4 * 4;
        self.queue.write_buffer(&buffer, 0, &bytes[..whole]);
        if whole < bytes.len() {
            let mut rest = [0; 4];
            rest[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
            self.queue.write_buffer(&buffer, whole as u64, &rest);
        }
        buffer
    }

    /// Records a run of `shader` with the parameters as binding 0 and the buffers from 1 on, in so many workgroups.
    pub fn dispatch(&self, shader: &Shader, parameters: &[Parameter], buffers: &[&wgpu::Buffer], groups: [usize; 2]) {
        if groups.iter().any(|n| *n > MOST_GROUPS) {
            let message = format!("{}: {groups:?} workgroups are more than devices have to allow", shader.name);
            keep_first(&self.failure, DeviceError::Failed(message));
            return;
        }
        let pipeline = self.pipeline(shader);
        let mut recording = self.recording.borrow_mut();
        if recording.parameters.len() == ALIGNMENT * DISPATCHES {
            self.submit(&mut recording);
        }
        let offset = recording.parameters.len();
        for parameter in parameters {
            recording.parameters.extend(match parameter {
                Parameter::Count(n) => u32::try_from(*n).expect("counts of a batch").to_le_bytes(),
                Parameter::Value(x) => x.to_le_bytes(),
            });
        }
        debug_assert!(recording.parameters.len() <= offset + PARAMETERS);
        recording.parameters.resize(offset + ALIGNMENT, 0);
        let uniform =
            wgpu::BufferBinding { buffer: &recording.uniforms, offset: offset as u64, size: wgpu::BufferSize::new(PARAMETERS as u64) };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(uniform) }];
        entries.extend((1..).zip(buffers).map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }));
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(shader.name),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let encoder = recording.encoder.get_or_insert_with(|| self.device.create_command_encoder(&Default::default()));
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(shader.name), timestamp_writes: None });
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(groups[0] as u32, groups[1] as u32, 1);
    }

    /// Records that floats of a block are copied to another, where they begin at float `to`.
    pub fn copy(&self, from: &Block, floats: Range<usize>, into: &Block, to: usize) {
        let bytes = |floats: usize| (floats * 4) as u64;
        let mut recording = self.recording.borrow_mut();
        let encoder = recording.encoder.get_or_insert_with(|| self.device.create_command_encoder(&Default::default()));
        encoder.copy_buffer_to_buffer(from.buffer(), bytes(floats.start), into.buffer(), bytes(to), bytes(floats.len()));
    }

    fn pipeline(&self, shader: &Shader) -> Rc<wgpu::ComputePipeline> {
        let make = || {
            // The library's own compiler doesn't know the line, nor does it need it.
            let quads = if cfg!(target_arch = "wasm32") && self.quads { "enable subgroups;\n" } else { "" };
            let halves = if self.halves { "enable f16;\n" } else { "" };
            let source = wgpu::ShaderSource::Wgsl(format!("{quads}{halves}{}", shader.source()).into());
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(shader.name), source });
            Rc::new(self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(shader.name),
                layout: None,
                module: &module,
                entry_point: None,
                compilation_options: Default::default(),
                cache: None,
            }))
        };
        self.pipelines.borrow_mut().entry(shader.clone()).or_insert_with(make).clone()
    }

    fn submit(&self, recording: &mut Recording) {
        if let Some(encoder) = recording.encoder.take() {
            self.queue.write_buffer(&recording.uniforms, 0, &recording.parameters);
            self.queue.submit([encoder.finish()]);
        }
        recording.parameters.clear();
    }

    /// Submits what was recorded and reads so many floats from the start of each block, one after the other.
    ///
    /// # Errors
    /// What went wrong on the device, now or before.
    pub async fn read(&self, blocks: &[(&Block, usize)]) -> Result<Vec<f32>, DeviceError> {
        let bytes = |len: usize| (len * 4) as u64;
        let size = blocks.iter().map(|(_, len)| bytes(*len)).sum();
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("results"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        {
            let mut recording = self.recording.borrow_mut();
            let encoder = recording.encoder.get_or_insert_with(|| self.device.create_command_encoder(&Default::default()));
            let mut to = 0;
            for (block, len) in blocks {
                encoder.copy_buffer_to_buffer(block.buffer(), 0, &staging, to, bytes(*len));
                to += bytes(*len);
            }
            self.submit(&mut recording);
        }
        self.pool.trim(MOST_UNUSED);
        let (sender, receiver) = futures_channel::oneshot::channel();
        staging.slice(..).map_async(wgpu::MapMode::Read, move |outcome| drop(sender.send(outcome)));
        // Natively nothing happens by itself; a browser calls back, and this does nothing.
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        let mapped = match polled {
            Ok(_) => receiver.await.is_ok_and(|outcome| outcome.is_ok()),
            Err(_) => false,
        };
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if !mapped {
            return Err(DeviceError::Lost("its memory can't be read".into()));
        }
        let bytes = staging.slice(..).get_mapped_range().map_err(|e| DeviceError::Failed(e.to_string()))?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

/// The first failure tells why; those after it follow from it.
fn keep_first(failure: &Mutex<Option<DeviceError>>, error: DeviceError) {
    failure.lock().expect("never held in a panic").get_or_insert(error);
}
