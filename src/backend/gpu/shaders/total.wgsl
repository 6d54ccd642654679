// The sum over the invocations that share a row, in the same order every time.

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
