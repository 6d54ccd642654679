// y = activation(x W^T + b), a tile of 128 rows by 64 outputs in a workgroup of 16 by 16: 8 rows by 4 outputs for each
// invocation, 16 inputs at a time in 12 KB of workgroup memory, or half of that. Products of halves are summed up as halves for
// 16 inputs, whatever the number of inputs, and from there on as floats.

alias Input = vec4f;

// For each input, four rows together.
var<workgroup> rows: array<Tile, 512>;
// For each input, four outputs together.
var<workgroup> weights: array<Tile, 256>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let first_row = group.y * 128u;
  let first_output = group.x * 16u;
  let last = params.rows - 1u;
  let input = index / 16u;
  let quad = min(params.first + first_output + index % 16u, params.stride - 1u);
  // Of the rows that this invocation fetches: which four, and which inputs of them.
  let four = index % 32u;
  let part = index / 32u;
  @each(r, 4) let fetched$r = min(first_row + 4u * four + $ru, last) * params.width;
  @each(r, 8) var a$r = Tile();
  @each(r, 8) var sum$r = vec4f();
  for (var k = 0u; k < params.width; k += 4u) {
    workgroupBarrier();
    if (part < 4u) {
      let at = min(k + part, params.width - 1u);
      let there = f32(k + part < params.width);
      @each(r, 4) let x$r = x[fetched$r + at] * there;
      rows[(4u * part) * 32u + four] = Tile(vec4f(x0.x, x1.x, x2.x, x3.x));
      rows[(4u * part + 1u) * 32u + four] = Tile(vec4f(x0.y, x1.y, x2.y, x3.y));
      rows[(4u * part + 2u) * 32u + four] = Tile(vec4f(x0.z, x1.z, x2.z, x3.z));
      rows[(4u * part + 3u) * 32u + four] = Tile(vec4f(x0.w, x1.w, x2.w, x3.w));
    }
    let origin = min(4u * k + input, 4u * params.width - 1u);
    weights[index] = Tile(weight(origin, quad) * scale(origin / 4u, quad));
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      let w = weights[i * 16u + local.x];
      let s = rows[i * 32u + 2u * local.y];
      let t = rows[i * 32u + 2u * local.y + 1u];
      a0 += s.x * w;
      a1 += s.y * w;
      a2 += s.z * w;
      a3 += s.w * w;
      a4 += t.x * w;
      a5 += t.y * w;
      a6 += t.z * w;
      a7 += t.w * w;
    }
    @each(r, FOLDED) sum$r += vec4f(a$r);
    @each(r, FOLDED) a$r = Tile();
  }
  let output = first_output + local.x;
  if (output >= params.outputs) {
    return;
  }
  let b = bias[params.first + output];
  let row = first_row + 8u * local.y;
  @each(r, 8) if (row + $ru < params.rows) { y[(row + $ru) * params.outputs + output] = activate(sum$r + vec4f(a$r) + b); }
}
