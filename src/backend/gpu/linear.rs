//! Linear layers: weights of 8 bits with their scales as the file has them, or floats.

use super::device::{Device, Parameter};
use super::memory::Block;
use super::shader::Shader;
use crate::backend::{Activation, Weight};
use crate::kernels::activation::GELU;
use crate::kernels::quant::{BLOCK, Dtype, integers};
use std::ops::Range;

/// How products are tiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// In workgroup memory: what a GPU is made for.
    Workgroup,
    /// In each invocation's registers: for software, where barriers are dear.
    Registers,
}

impl Tiling {
    /// Rows and quads of outputs of a workgroup.
    fn size(self) -> [usize; 2] {
        match self {
            Self::Workgroup => [128, 16],
            Self::Registers => [32, 32],
        }
    }
}

/// Weights and biases on the device. Outputs come in quads, the last of which may be padded with zeros.
pub struct Linear {
    inputs: usize,
    outputs: usize,
    weights: Weights,
    bias: wgpu::Buffer,
}

enum Weights {
    Bytes { words: wgpu::Buffer, scales: wgpu::Buffer },
    Floats(wgpu::Buffer),
}

impl Linear {
    /// Uploads weights of one input width, side by side.
    pub fn new(device: &Device, weights: &[Weight], bias: &[f32]) -> Self {
        let (inputs, outputs) = (weights[0].cols, weights.iter().map(|w| w.rows).sum::<usize>());
        let padded = outputs.next_multiple_of(4);
        let bytes = inputs.is_multiple_of(BLOCK) && weights.iter().all(|w| matches!(w.dtype, Dtype::Q8 | Dtype::Q4));
        let rows = weights.iter().flat_map(|weight| (0..weight.rows).map(move |row| (weight, row)));
        let weights = if bytes {
            let (mut words, mut scales) = (vec![0u8; inputs * padded], vec![0f32; inputs / BLOCK * padded]);
            for (output, (weight, row)) in rows.enumerate() {
                let size = weight.bytes.len() / weight.rows;
                for (block, encoded) in weight.bytes[row * size..][..size].chunks_exact(weight.dtype.block_bytes()).enumerate() {
                    let (integers, scale) = integers(encoded, weight.dtype);
                    scales[block * padded + output] = scale;
                    for (i, integer) in integers.iter().enumerate() {
                        words[(block * BLOCK + i) * padded + output] = *integer as u8;
                    }
                }
            }
            Weights::Bytes { words: device.upload(&words), scales: device.upload(&bytes_of(&scales)) }
        } else {
            let (mut values, mut row) = (vec![0f32; inputs * padded], vec![0.0; inputs]);
            for (output, (weight, r)) in rows.enumerate() {
                weight.read_row(r, &mut row);
                for (value, x) in values[output..].iter_mut().step_by(padded).zip(&row) {
                    *value = *x;
                }
            }
            Weights::Floats(device.upload(&bytes_of(&values)))
        };
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        Self { inputs, outputs, weights, bias: device.upload(&bytes_of(&bias)) }
    }

    /// Outputs of a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Applies the outputs `part`, whole quads of them, to `rows` rows of `x`.
    pub fn run(&self, device: &Device, tiling: Tiling, x: &Block, rows: usize, part: Range<usize>, activation: Activation) -> Block {
        let outputs = part.len().div_ceil(4);
        let y = device.block(rows * outputs * 4);
        let (file, weights): (_, &[&wgpu::Buffer]) = match &self.weights {
            Weights::Bytes { words, scales } => (include_str!("shaders/weights_bytes.wgsl"), &[words, scales]),
            Weights::Floats(values) => (include_str!("shaders/weights_floats.wgsl"), &[values]),
        };
        let shader = Self::shader(tiling, activation, file);
        let parameters = [rows, self.inputs / 4, part.start / 4, outputs, self.outputs.div_ceil(4)].map(Parameter::Count);
        let buffers = [&[x.buffer(), y.buffer(), &self.bias], weights].concat();
        let [tile_rows, tile_outputs] = tiling.size();
        device.dispatch(&shader, &parameters, &buffers, [outputs.div_ceil(tile_outputs), rows.div_ceil(tile_rows)]);
        y
    }

    fn shader(tiling: Tiling, activation: Activation, weights: &'static str) -> Shader {
        let activation = match activation {
            Activation::Identity => 0,
            Activation::Gelu => 1,
            Activation::Tanh => 2,
        };
        let main = match tiling {
            Tiling::Workgroup => include_str!("shaders/linear_tiled.wgsl"),
            Tiling::Registers => include_str!("shaders/linear_register.wgsl"),
        };
        let polynomial: String = GELU.iter().enumerate().map(|(i, p)| format!("const P{i} = {p:?}f;\n")).collect();
        Shader::new("linear", &[("ACTIVATION", activation)], &[&polynomial, include_str!("shaders/activation.wgsl"), main, weights])
    }
}

/// Floats as the device reads them.
pub fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}
