// y = activation(x W^T + b), a tile of 16 rows by 16 outputs in each invocation's registers. Four neighbours have the same rows:
// each fetches one input of four, and they hand them round. No workgroup memory and no barriers. For software, where a fetch takes
// as long as dozens of multiplications, being done for one invocation after the other and checked each time.

alias Input = f32;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first_row = id.y * 16u;
  let output = id.x * 4u;
  let lane = id.x % 4u;
  // What is too much is done again, lest neighbours go different ways.
  let last = params.rows - 1u;
  let last_output = 4u * params.stride - 1u;
  @each(r, 16) let row$r = 4u * min(first_row + $ru, last) * params.width + lane;
  @each(c, 16) let n$c = min(4u * (params.first + output) + $cu, last_output);
  @each(r, 16) @each(c, 16) var a$r_$c = 0.0;
  for (var block = 0u; block < params.width; block += BLOCK) {
    @each(c, 16) let scale$c = scale(n$c, block);
    for (var k = block; k < min(block + BLOCK, params.width); k++) {
      @each(c, 16) let w$c = weight(n$c, k) * scale$c;
      @each(r, 16) let f$r = x[row$r + 4u * k];
      @each(r, 16) let x$r = vec4f(quadBroadcast(f$r, 0u), quadBroadcast(f$r, 1u), quadBroadcast(f$r, 2u), quadBroadcast(f$r, 3u));
      @each(r, 16) @each(c, 16) a$r_$c += dot(x$r, w$c);
    }
  }
  @each(q, 4) let there$q = output + $qu < params.outputs;
  @each(q, 4) let bias$q = bias[min(params.first + output + $qu, params.stride - 1u)];
  @each(r, 16) let to$r = (first_row + $ru) * params.outputs + output;
  @each(r, 16) if (first_row + $ru < params.rows && there0) { y[to$r] = activate(vec4f(a$r_0, a$r_1, a$r_2, a$r_3) + bias0); }
  @each(r, 16) if (first_row + $ru < params.rows && there1) { y[to$r + 1u] = activate(vec4f(a$r_4, a$r_5, a$r_6, a$r_7) + bias1); }
  @each(r, 16) if (first_row + $ru < params.rows && there2) { y[to$r + 2u] = activate(vec4f(a$r_8, a$r_9, a$r_10, a$r_11) + bias2); }
  @each(r, 16) if (first_row + $ru < params.rows && there3) { y[to$r + 3u] = activate(vec4f(a$r_12, a$r_13, a$r_14, a$r_15) + bias3); }
}
