// Of a row: the greatest cosine with a row of another text, and its product with the terms when it is brought to length 1. LANES
// invocations share a row; ROWS rows share a workgroup.

struct Params {
  rows: u32,
  // In quads.
  width: u32,
}

// The row, and the rows of the other text.
struct Search {
  row: u32,
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> searches: array<Search>;
@group(0) @binding(3) var<storage, read> terms: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

var<workgroup> partial: array<f32, LANES * ROWS>;

fn total(value: vec4f) -> f32 {
  return (value.x + value.y) + (value.z + value.w);
}

fn inverse_length(squares: vec4f) -> f32 {
  return inverseSqrt(max(total(squares), 1e-24));
}

// The greatest value of the invocations that share a row.
fn greatest(own: f32, local: vec3u) -> f32 {
  if (LANES == 1u) {
    return own;
  }
  let start = local.y * LANES;
  partial[start + local.x] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
      partial[start + local.x] = max(partial[start + local.x], partial[start + local.x + half]);
    }
  }
  workgroupBarrier();
  return partial[start];
}

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let there = id.y < params.rows;
  let search = searches[min(id.y, params.rows - 1u)];
  let row = search.row * params.width;
  var squares = vec4f();
  var counts = vec4f();
  for (var i = 0u; i < params.width; i++) {
    let value = x[row + i];
    squares += value * value;
    counts += value * terms[i];
  }
  let inverse = inverse_length(squares);
  var most = -1.0;
  let end = select(search.start, search.end, there);
  for (var other = search.start + local.x; other < end; other += LANES) {
    var product = vec4f();
    var others = vec4f();
    for (var i = 0u; i < params.width; i++) {
      let value = x[other * params.width + i];
      product += x[row + i] * value;
      others += value * value;
    }
    most = max(most, total(product) * inverse * inverse_length(others));
  }
  most = greatest(most, local);
  if (there && local.x == 0u) {
    y[id.y] = vec4f(most, total(counts) * inverse, 0.0, 0.0);
  }
}
