//! The encoder's arithmetic on a GPU, by WebGPU in browsers and by Vulkan natively.
//!
//! Weights of 8-bit and 4-bit files stay integers with their scales; everything else is in f32, except that linear layers
//! multiply halves where the device has them. Sequences are packed without
//! padding, so that nothing has to be masked. Operations are recorded and submitted when a result is read; only that result
//! comes back. A row's results don't depend on the rows beside it: each output is summed up by one invocation in an order
//! that knows nothing of the batch.

mod device;
mod linear;
mod memory;
mod shader;
#[cfg(test)]
mod tests;

pub use device::Device;
pub use linear::{Linear, Tiling};

use super::{Activation, Attention, Backend, Carried, DeviceError, FeedForward, Packing, Weight, Words};
use crate::kernels::quant::{BLOCK, Dtype, dequantize, integers};
use device::Parameter::{Count, Value};
use linear::bytes_of;
use memory::Block;
use shader::Shader;
use std::ops::Range;
use std::rc::Rc;

/// Enough to keep a large GPU busy; the largest buffers are 48 MB.
const BATCH_TOKENS: usize = 8192;
/// Software takes the better part of a second for so many.
const SOFTWARE_BATCH_TOKENS: usize = 256;

/// Runs on a GPU.
#[derive(Clone)]
pub struct Gpu {
    device: Rc<Device>,
    tiling: Tiling,
}

/// Values on the device, `[rows, width]`, rows padded to whole quads.
pub struct Buffer {
    block: Block,
    rows: usize,
    width: usize,
}

/// Scale and shift of a layer norm.
pub struct Norm {
    weight: wgpu::Buffer,
    bias: wgpu::Buffer,
    epsilon: f32,
}

/// Embedding tables.
pub struct Tables {
    words: WordTable,
    positions: wgpu::Buffer,
    segments: wgpu::Buffer,
    width: usize,
}

enum WordTable {
    Bytes { words: wgpu::Buffer, scales: wgpu::Buffer },
    Floats(wgpu::Buffer),
}

impl Gpu {
    /// A backend on a device, with the tiling that suits it.
    pub fn on(device: Rc<Device>) -> Self {
        let tiling = match (device.is_software(), device.has_quads(), device.has_halves()) {
            (true, true, _) => Tiling::Quads,
            (false, _, true) => Tiling::Halves,
            _ => Tiling::Workgroup,
        };
        Self::new(device, tiling)
    }

    /// A backend on a device.
    pub fn new(device: Rc<Device>, tiling: Tiling) -> Self {
        Self { device, tiling }
    }

    /// What linear layers multiply: `f32` or `f16`.
    pub fn precision(&self) -> &'static str {
        if self.tiling == Tiling::Halves { "f16" } else { "f32" }
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Lanes that share a row, and rows of a workgroup, where rows are summed up.
    fn lanes(&self) -> [u32; 2] {
        match self.tiling {
            Tiling::Workgroup | Tiling::Halves => [32, 4],
            // Each invocation by itself: there is no barrier then.
            Tiling::Quads => [1, 64],
        }
    }

    fn run(&self, linear: &Linear, x: &Buffer, part: Range<usize>, activation: Activation) -> Buffer {
        let width = part.len();
        Buffer { block: linear.run(&self.device, &x.block, x.rows, part, activation), rows: x.rows, width }
    }

    /// `norm(x + added)` in the place of `x`.
    fn add_norm(&self, norm: &Norm, x: &mut Buffer, added: &Buffer) {
        let [lanes, rows] = self.lanes();
        let files = [include_str!("shaders/norm_row.wgsl"), include_str!("shaders/norm.wgsl")];
        let shader = Shader::new("norm", &[("LANES", lanes), ("ROWS", rows)], &files);
        let parameters = [Count(x.rows), Count(x.width / 4), Value(norm.epsilon)];
        let buffers = [x.block.buffer(), added.block.buffer(), &norm.weight, &norm.bias];
        self.device.dispatch(&shader, &parameters, &buffers, [1, x.rows.div_ceil(rows as usize)]);
    }

    fn gather(&self, x: &Buffer, rows: &[usize]) -> Buffer {
        let places = self.device.upload(&rows.iter().flat_map(|row| (*row as u32).to_le_bytes()).collect::<Vec<_>>());
        self.pick(&Shader::new("gather", &[], &[include_str!("shaders/gather.wgsl")]), x, &places, rows.len())
    }

    /// `rows` rows, each made of the rows of `x` that `places` names for it.
    fn pick(&self, shader: &Shader, x: &Buffer, places: &wgpu::Buffer, rows: usize) -> Buffer {
        let out = Buffer { block: self.device.block(rows * x.width), rows, width: x.width };
        let buffers = [x.block.buffer(), places, out.block.buffer()];
        self.device.dispatch(shader, &[Count(rows), Count(x.width / 4)], &buffers, [(x.width / 4).div_ceil(64), rows]);
        out
    }

    /// What the shaders of attention read of their queries; and how many workgroups they take for a head.
    fn spans(&self, attending: impl Iterator<Item = Attending>) -> (wgpu::Buffer, usize) {
        match self.tiling {
            Tiling::Workgroup | Tiling::Halves => {
                let spans = attending.flat_map(|Attending { queries, tokens, across }| {
                    std::iter::repeat_n([tokens.start, tokens.end, across.start, across.end], queries.len())
                });
                let spans: Vec<_> = spans.collect();
                (self.upload_numbers(spans.iter().flatten()), spans.len().div_ceil(64))
            }
            Tiling::Quads => {
                let groups = attending.flat_map(|Attending { queries, tokens, across }| {
                    let fours = queries.clone().step_by(4);
                    fours.map(move |first| [tokens.start, tokens.end, across.start, across.end, first, (queries.end - first).min(4)])
                });
                let groups: Vec<_> = groups.collect();
                (self.upload_numbers(groups.iter().flatten()), groups.len())
            }
        }
    }

    fn upload_numbers<'n>(&self, numbers: impl Iterator<Item = &'n usize>) -> wgpu::Buffer {
        self.device.upload(&numbers.flat_map(|n| (*n as u32).to_le_bytes()).collect::<Vec<_>>())
    }
}

/// Queries that attend to the same tokens: to some of them through a gate.
struct Attending {
    queries: Range<usize>,
    tokens: Range<usize>,
    across: Range<usize>,
}

impl Backend for Gpu {
    type Buffer = Buffer;
    type Linear = Linear;
    type Norm = Norm;
    type Numbers = wgpu::Buffer;
    type Tables = Tables;

    fn batch_tokens(&self) -> usize {
        if self.device.is_software() { SOFTWARE_BATCH_TOKENS } else { BATCH_TOKENS }
    }

    fn describe(&self) -> String {
        format!("webgpu ({}, {})", self.device.name(), self.precision())
    }

    fn linear(&self, weights: &[Weight], bias: &[f32]) -> Linear {
        Linear::new(&self.device, self.tiling, weights, bias)
    }

    fn norm(&self, weight: &[f32], bias: &[f32], epsilon: f32) -> Norm {
        Norm { weight: self.device.upload(&bytes_of(weight)), bias: self.device.upload(&bytes_of(bias)), epsilon }
    }

    fn numbers(&self, values: &[f32]) -> wgpu::Buffer {
        self.device.upload(&bytes_of(values))
    }

    fn tables(&self, words: Words, positions: Vec<f32>, segments: Vec<f32>) -> Tables {
        let Words { dtype, width, bytes } = words;
        let words = if matches!(dtype, Dtype::Q8 | Dtype::Q4) {
            let (mut words, mut scales) = (Vec::new(), Vec::new());
            for encoded in bytes.chunks_exact(dtype.block_bytes()) {
                let (integers, scale) = integers(encoded, dtype);
                words.extend(integers.map(|integer| integer as u8));
                scales.push(scale);
            }
            debug_assert!(width.is_multiple_of(BLOCK));
            WordTable::Bytes { words: self.device.upload(&words), scales: self.device.upload(&bytes_of(&scales)) }
        } else {
            let mut values = vec![0.0; bytes.len() / dtype.block_bytes()];
            dequantize(&bytes, dtype, &mut values);
            WordTable::Floats(self.device.upload(&bytes_of(&values)))
        };
        let [positions, segments] = [positions, segments].map(|table| self.device.upload(&bytes_of(&table)));
        Tables { words, positions, segments, width }
    }

    fn embed(&self, tables: &Tables, norm: &Norm, packing: &Packing) -> Buffer {
        let [lanes, rows] = self.lanes();
        let positions = packing.ranges().flat_map(|range| 0..range.len() as u32);
        let tokens = packing.ids.iter().zip(&packing.types).zip(positions);
        let tokens: Vec<u8> =
            tokens.flat_map(|((id, segment), position)| [*id, u32::from(*segment), position]).flat_map(u32::to_le_bytes).collect();
        let tokens = self.device.upload(&tokens);
        let out = Buffer { block: self.device.block(packing.tokens() * tables.width), rows: packing.tokens(), width: tables.width };
        let (file, words): (_, &[&wgpu::Buffer]) = match &tables.words {
            WordTable::Bytes { words, scales } => (include_str!("shaders/words_bytes.wgsl"), &[words, scales]),
            WordTable::Floats(values) => (include_str!("shaders/words_floats.wgsl"), &[values]),
        };
        let files = [include_str!("shaders/norm_row.wgsl"), include_str!("shaders/embed.wgsl"), file];
        let shader = Shader::new("embed", &[("LANES", lanes), ("ROWS", rows)], &files);
        let own = [out.block.buffer(), &tokens, &norm.weight, &norm.bias, &tables.positions, &tables.segments];
        let parameters = [Count(out.rows), Count(out.width / 4), Value(norm.epsilon)];
        self.device.dispatch(&shader, &parameters, &[&own, words].concat(), [1, out.rows.div_ceil(rows as usize)]);
        out
    }

    fn apply(&self, linear: &Linear, x: &Buffer, activation: Activation) -> Buffer {
        self.run(linear, x, 0..linear.outputs(), activation)
    }

    fn attend(&self, attention: &Attention<Self>, x: &mut Buffer, packing: &Packing, carried: Carried) {
        let Attention { qkv, output, norm, heads, gates } = attention;
        let (width, quads) = (x.width, x.width / 4);
        let (queries, projected, spans);
        let (query_stride, keys, values);
        let alone = |queries, tokens| Attending { queries, tokens, across: 0..0 };
        match carried {
            Carried::All => {
                projected = self.run(qkv, x, 0..3 * width, Activation::Identity);
                queries = None;
                (query_stride, keys, values) = (3 * quads, quads, 2 * quads);
                spans = match gates {
                    None => self.spans(packing.ranges().map(|tokens| alone(tokens.clone(), tokens))),
                    Some(_) => self.spans(packing.pairs().flat_map(|(tokens, second)| {
                        let (one, other) = (tokens.start..second, second..tokens.end);
                        let first = Attending { queries: one.clone(), tokens: tokens.clone(), across: other.clone() };
                        [first, Attending { queries: other, tokens, across: one }]
                    })),
                };
            }
            Carried::First => {
                debug_assert!(gates.is_none());
                projected = self.run(qkv, x, width..3 * width, Activation::Identity);
                *x = self.gather(x, &packing.offsets[..packing.sequences()]);
                queries = Some(self.run(qkv, x, 0..width, Activation::Identity));
                (query_stride, keys, values) = (quads, 0, quads);
                spans = self.spans(packing.ranges().enumerate().map(|(i, tokens)| alone(i..i + 1, tokens)));
            }
        }
        let attended = Buffer { block: self.device.block(x.rows * width), rows: x.rows, width };
        let main = match self.tiling {
            Tiling::Workgroup | Tiling::Halves => include_str!("shaders/attention_queries.wgsl"),
            Tiling::Quads => include_str!("shaders/attention_quads.wgsl"),
        };
        let size = (quads / heads) as u32;
        let constants = [("QUADS", size), ("PARTS", size / 4)];
        let shader = Shader::new("attention", &constants, &[include_str!("shaders/attention.wgsl"), main]);
        let scale = Value(1.0 / ((width / heads) as f32).sqrt());
        let counts = [x.rows, *heads, query_stride, projected.width / 4, keys, values].map(Count);
        let queries = queries.as_ref().unwrap_or(&projected);
        // Where nothing is across, no gate is used, and any buffer will do.
        let gates = gates.as_ref().unwrap_or(&spans.0);
        let buffers = [queries.block.buffer(), projected.block.buffer(), &spans.0, attended.block.buffer(), gates];
        self.device.dispatch(&shader, &[&counts[..], &[scale]].concat(), &buffers, [spans.1, *heads]);
        let mixed = self.apply(output, &attended, Activation::Identity);
        self.add_norm(norm, x, &mixed);
    }

    fn feed_forward(&self, feed_forward: &FeedForward<Self>, x: &mut Buffer) {
        let inner = self.apply(&feed_forward.up, x, Activation::Gelu);
        let mixed = self.apply(&feed_forward.down, &inner, Activation::Identity);
        self.add_norm(&feed_forward.norm, x, &mixed);
    }

    fn collect(&self, parts: &[(&Buffer, Range<usize>)]) -> Buffer {
        let width = parts.first().map_or(0, |(x, _)| x.width);
        let rows = parts.iter().map(|(_, rows)| rows.len()).sum();
        let block = self.device.block(rows * width);
        let mut end = 0;
        for (x, rows) in parts {
            self.device.copy(&x.block, rows.start * width..rows.end * width, &block, end);
            end += rows.len() * width;
        }
        Buffer { block, rows, width }
    }

    fn mean(&self, x: &Buffer, ranges: &[Range<usize>]) -> Buffer {
        let places = self.upload_numbers(ranges.iter().flat_map(|range| [&range.start, &range.end]));
        self.pick(&Shader::new("mean", &[], &[include_str!("shaders/mean.wgsl")]), x, &places, ranges.len())
    }

    fn nearest(&self, x: &Buffer, terms: &wgpu::Buffer, pairs: &[[Range<usize>; 2]]) -> Buffer {
        let [lanes, shared] = self.lanes();
        let searches = pairs.iter().flat_map(|[queries, passage]| queries.clone().map(|row| [row, passage.start, passage.end]));
        let searches: Vec<_> = searches.collect();
        let places = self.upload_numbers(searches.iter().flatten());
        let out = Buffer { block: self.device.block(4 * searches.len()), rows: searches.len(), width: 2 };
        let shader = Shader::new("nearest", &[("LANES", lanes), ("ROWS", shared)], &[include_str!("shaders/nearest.wgsl")]);
        let buffers = [x.block.buffer(), &places, terms, out.block.buffer()];
        self.device.dispatch(&shader, &[Count(out.rows), Count(x.width / 4)], &buffers, [1, out.rows.div_ceil(shared as usize)]);
        out
    }

    async fn read_all<const N: usize>(&self, buffers: [Buffer; N]) -> Result<[Vec<f32>; N], DeviceError> {
        let stride = |x: &Buffer| x.width.next_multiple_of(4);
        let blocks = buffers.each_ref().map(|x| (&x.block, x.rows * stride(x)));
        let values = self.device.read(&blocks).await?;
        let mut rest = &values[..];
        Ok(buffers.each_ref().map(|x| {
            let (own, after) = rest.split_at(x.rows * stride(x));
            rest = after;
            own.chunks_exact(stride(x)).flat_map(|row| &row[..x.width]).copied().collect()
        }))
    }
}
