// Attention, one head of one query for each invocation.

alias Spans = array<Span>;

// Tokens of a query's sequence, and those of them behind the gate.
struct Span {
  start: u32,
  end: u32,
  across_start: u32,
  across_end: u32,
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  // Neighbours read the same keys: queries lie side by side, not heads.
  let query = id.x;
  let head = id.y;
  if (query >= params.queries) {
    return;
  }
  let span = spans[query];
  let start = query * params.query_stride + head * QUADS;
  @each(i, QUADS) let q$i = queries[start + $iu] * params.scale;
  @each(i, QUADS) var a$i = vec4f();
  let gate = gates[head];
  var largest = -1e38;
  var sum = 0.0;
  for (var token = span.start; token < span.end; token++) {
    let key = token * params.stride + params.keys + head * QUADS;
    var s = vec4f();
    @each(i, QUADS) s += q$i * projected[key + $iu];
    let score = (s.x + s.y) + (s.z + s.w) + select(0.0, gate, token >= span.across_start && token < span.across_end);
    let next = max(largest, score);
    let kept = exp(largest - next);
    let p = exp(score - next);
    largest = next;
    sum = sum * kept + p;
    let value = token * params.stride + params.values + head * QUADS;
    @each(i, QUADS) a$i = a$i * kept + p * projected[value + $iu];
  }
  let to = query * params.heads * QUADS + head * QUADS;
  @each(i, QUADS) y[to + $iu] = a$i / sum;
}
