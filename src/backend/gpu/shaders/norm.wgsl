// x = norm(x + added), row by row. LANES invocations share a row; ROWS rows share a workgroup.

@group(0) @binding(2) var<storage, read> added: array<vec4f>;

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let there = id.y < params.rows;
  let row = min(id.y, params.rows - 1u) * params.width;
  let end = select(0u, params.width, there);
  var sum = vec4f();
  for (var i = local.x; i < end; i += LANES) {
    let value = x[row + i] + added[row + i];
    x[row + i] = value;
    sum += value;
  }
  norm_row(sum, row, end, local);
}
