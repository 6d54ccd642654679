// The norm of a row, and the sum over the invocations that share a row, in the same order every time.

struct Params {
  rows: u32,
  // In quads.
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;

var<workgroup> partial: array<f32, LANES * ROWS>;

fn total(value: vec4f, local: vec3u) -> f32 {
  let own = (value.x + value.y) + (value.z + value.w);
  if (LANES == 1u) {
    return own;
  }
  let start = local.y * LANES;
  workgroupBarrier();
  partial[start + local.x] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
      partial[start + local.x] += partial[start + local.x + half];
    }
  }
  workgroupBarrier();
  return partial[start];
}

// Norms a row of x from `row` on, whose values, `width` quads of them, sum up to `sum` over the invocations that share it. An
// invocation has every LANES-th quad up to `end`: none where the row is there only to keep its neighbours company.
fn norm_row(sum: vec4f, row: u32, end: u32, local: vec3u) {
  let mean = total(sum, local) / f32(4u * params.width);
  var squares = vec4f();
  for (var i = local.x; i < end; i += LANES) {
    let value = x[row + i] - mean;
    squares += value * value;
  }
  let inverse = inverseSqrt(total(squares, local) / f32(4u * params.width) + params.epsilon);
  for (var i = local.x; i < end; i += LANES) {
    x[row + i] = (x[row + i] - mean) * inverse * weight[i] + bias[i];
  }
}
