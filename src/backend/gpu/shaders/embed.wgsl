// norm(word + segment + position) of each token. LANES invocations share a token; ROWS tokens share a workgroup.

struct Token {
  word: u32,
  segment: u32,
  position: u32,
}

@group(0) @binding(2) var<storage, read> tokens: array<Token>;
@group(0) @binding(5) var<storage, read> positions: array<vec4f>;
@group(0) @binding(6) var<storage, read> segments: array<vec4f>;

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let there = id.y < params.rows;
  let token = tokens[min(id.y, params.rows - 1u)];
  let row = min(id.y, params.rows - 1u) * params.width;
  let end = select(0u, params.width, there);
  var sum = vec4f();
  for (var i = local.x; i < end; i += LANES) {
    let value = word(token.word, i) + segments[token.segment * params.width + i] + positions[token.position * params.width + i];
    x[row + i] = value;
    sum += value;
  }
  norm_row(sum, row, end, local);
}
