//! Linear layers: weights of 8 bits with their scales as the file has them, or floats.

use super::device::{Device, Parameter};
use super::memory::Block;
use super::shader::Shader;
use crate::backend::{Activation, Weight};
use crate::kernels::activation::GELU;
use crate::kernels::quant::{BLOCK, Dtype, integers};
use std::ops::Range;
use std::sync::LazyLock;

/// How products are tiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// In workgroup memory: what a GPU is made for.
    Workgroup,
    /// In workgroup memory as floats of 16 bits, which GPUs fetch and multiply in pairs. Needs [`Device::has_halves`].
    Halves,
    /// In each invocation's registers, four neighbours sharing what they fetch: for software, where barriers are dear. Needs
    /// [`Device::has_quads`].
    Quads,
}

impl Tiling {
    /// Rows and quads of outputs of a workgroup.
    fn size(self) -> [usize; 2] {
        match self {
            Self::Workgroup | Self::Halves => [128, 16],
            Self::Quads => [16, 32],
        }
    }

    /// Where the weight of an input and an output lies in memory, counted in weights, if there are so many of both.
    fn place(self, input: usize, output: usize, inputs: usize, outputs: usize) -> usize {
        match self {
            Self::Workgroup | Self::Halves => input * outputs + output,
            Self::Quads => output * inputs + input,
        }
    }

    /// The file with the function `weight`, for bytes or for floats.
    fn weights(self, bytes: bool) -> &'static str {
        match (self, bytes) {
            (Self::Workgroup | Self::Halves, true) => include_str!("shaders/weights_bytes.wgsl"),
            (Self::Workgroup | Self::Halves, false) => include_str!("shaders/weights_floats.wgsl"),
            (Self::Quads, true) => include_str!("shaders/weights_bytes_rows.wgsl"),
            (Self::Quads, false) => include_str!("shaders/weights_floats_rows.wgsl"),
        }
    }

    /// A byte of a weight, the `i`-th of its word.
    fn byte(self, integer: i8, i: usize) -> u8 {
        if self == Self::Quads && i < 3 { (integer as u8).wrapping_add(128) } else { integer as u8 }
    }
}

/// The kernel's polynomial, as activation.wgsl reads it.
static POLYNOMIAL: LazyLock<String> = LazyLock::new(|| GELU.iter().enumerate().map(|(i, p)| format!("const P{i} = {p:?}f;\n")).collect());

/// Weights and biases on the device. Outputs come in quads, the last of which may be padded with zeros.
pub struct Linear {
    tiling: Tiling,
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
    pub fn new(device: &Device, tiling: Tiling, weights: &[Weight], bias: &[f32]) -> Self {
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
                    scales[tiling.place(block, output, inputs / BLOCK, padded)] = scale;
                    for (i, integer) in integers.iter().enumerate() {
                        let place = tiling.place(block * BLOCK + i, output, inputs, padded);
                        words[place] = tiling.byte(*integer, i % 4);
                    }
                }
            }
            Weights::Bytes { words: device.upload(&words), scales: device.upload(&bytes_of(&scales)) }
        } else {
            let (mut values, mut row) = (vec![0f32; inputs * padded], vec![0.0; inputs]);
            for (output, (weight, r)) in rows.enumerate() {
                weight.read_row(r, &mut row);
                for (input, x) in row.iter().enumerate() {
                    values[tiling.place(input, output, inputs, padded)] = *x;
                }
            }
            Weights::Floats(device.upload(&bytes_of(&values)))
        };
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        Self { tiling, inputs, outputs, weights, bias: device.upload(&bytes_of(&bias)) }
    }

    /// Outputs of a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Applies the outputs `part`, whole quads of them, to `rows` rows of `x`.
    pub fn run(&self, device: &Device, x: &Block, rows: usize, part: Range<usize>, activation: Activation) -> Block {
        let outputs = part.len().div_ceil(4);
        let y = device.block(rows * outputs * 4);
        let (bytes, weights): (_, &[&wgpu::Buffer]) = match &self.weights {
            Weights::Bytes { words, scales } => (true, &[words, scales]),
            Weights::Floats(values) => (false, &[values]),
        };
        let shader = self.shader(activation, bytes);
        let parameters = [rows, self.inputs / 4, part.start / 4, outputs, self.outputs.div_ceil(4)].map(Parameter::Count);
        let buffers = [&[x.buffer(), y.buffer(), &self.bias], weights].concat();
        let [tile_rows, tile_outputs] = self.tiling.size();
        device.dispatch(&shader, &parameters, &buffers, [outputs.div_ceil(tile_outputs), rows.div_ceil(tile_rows)]);
        y
    }

    fn shader(&self, activation: Activation, bytes: bool) -> Shader {
        let activation = match activation {
            Activation::Identity => 0,
            Activation::Gelu => 1,
            Activation::Tanh => 2,
        };
        let (tile, folded, main) = match self.tiling {
            Tiling::Workgroup => ("alias Tile = vec4f;", 0, include_str!("shaders/linear_tiled.wgsl")),
            Tiling::Halves => ("alias Tile = vec4h;", 8, include_str!("shaders/linear_tiled.wgsl")),
            Tiling::Quads => ("", 0, include_str!("shaders/linear_quads.wgsl")),
        };
        let files = [
            &POLYNOMIAL[..],
            include_str!("shaders/activation.wgsl"),
            include_str!("shaders/linear.wgsl"),
            tile,
            main,
            self.tiling.weights(bytes),
        ];
        Shader::new("linear", &[("ACTIVATION", activation), ("FOLDED", folded)], &files)
    }
}

/// Floats as the device reads them.
pub fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}
