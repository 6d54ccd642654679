// y = activation(x W^T + b), a tile of 8 rows by 8 outputs in each invocation's registers: no workgroup memory, no barriers.
// For devices on which these are dear, as software is.

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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 8u;
  let output = id.x * 2u;
  if (row >= params.rows || output >= params.outputs) {
    return;
  }
  let last = params.rows - 1u;
  let n = params.first + output;
  // Outputs come in quads; the second one of a pair may be missing.
  let m = min(n + 1u, params.stride - 1u);
  @each(r, 8) let row$r = min(row + $ru, last) * params.width;
  @each(r, 8) var a$r = vec4f();
  @each(r, 8) var b$r = vec4f();
  for (var block = 0u; block < params.width; block += BLOCK) {
    let scale_n = scale(block, n);
    let scale_m = scale(block, m);
    for (var k = block; k < min(block + BLOCK, params.width); k++) {
      @each(r, 8) let x$r = x[row$r + k];
      @each(j, 4) let w$j = weight(4u * k + $ju, n) * scale_n;
      @each(j, 4) let v$j = weight(4u * k + $ju, m) * scale_m;
      @each(r, 8) a$r += x$r.x * w0 + x$r.y * w1 + x$r.z * w2 + x$r.w * w3;
      @each(r, 8) b$r += x$r.x * v0 + x$r.y * v1 + x$r.z * v2 + x$r.w * v3;
    }
  }
  let bias_n = bias[n];
  let bias_m = bias[m];
  let both = output + 1u < params.outputs;
  @each(r, 8) if (row + $ru < params.rows) { let at = (row + $ru) * params.outputs + output; y[at] = activate(a$r + bias_n); if (both) { y[at + 1u] = activate(b$r + bias_m); } }
}
