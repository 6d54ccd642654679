// The mean of the rows of each range.

struct Params {
  ranges: u32,
  // In quads.
  width: u32,
}

struct Range {
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> ranges: array<Range>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.ranges) {
    return;
  }
  let range = ranges[id.y];
  var sum = vec4f();
  for (var row = range.start; row < range.end; row++) {
    sum += x[row * params.width + id.x];
  }
  y[id.y * params.width + id.x] = sum / f32(range.end - range.start);
}
