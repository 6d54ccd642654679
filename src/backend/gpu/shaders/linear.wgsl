// What all shaders of linear layers have in common.

struct Params {
  rows: u32,
  // Of the inputs, in quads.
  width: u32,
  // The first output, and their number, in quads.
  first: u32,
  outputs: u32,
  // All outputs of the weights, in quads.
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;

// Inputs that have their scale in common, in quads.
const BLOCK = 8u;
