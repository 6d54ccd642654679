// Copies of the given rows.

struct Params {
  rows: u32,
  // In quads.
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  y[id.y * params.width + id.x] = x[rows[id.y] * params.width + id.x];
}
