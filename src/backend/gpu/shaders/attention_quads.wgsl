// Attention, four queries of one sequence in a workgroup: each invocation has a query, and
// fetches a quarter of every key and value, which they hand round.

alias Spans = array<Group>;

// Queries that are neighbours, at most four, the tokens of their sequence, and those of them behind the gate.
struct Group {
  start: u32,
  end: u32,
  across_start: u32,
  across_end: u32,
  query: u32,
  queries: u32,
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = spans[id.x];
  let head = id.y;
  let query = group.query + min(lane, group.queries - 1u);
  let start = query * params.query_stride + head * QUADS;
  @each(i, QUADS) let q$i = queries[start + $iu] * params.scale;
  @each(i, QUADS) var a$i = vec4f();
  let gate = gates[head];
  var largest = -1e38;
  var sum = 0.0;
  for (var token = group.start; token < group.end; token++) {
    let key = token * params.stride + params.keys + head * QUADS + lane;
    let value = token * params.stride + params.values + head * QUADS + lane;
    @each(p, PARTS) let k$p = projected[key + 4u * $pu];
    @each(p, PARTS) let v$p = projected[value + 4u * $pu];
    var s = vec4f();
    @each(i, QUADS) s += q$i * quadBroadcast(k$[i / 4], $[i % 4]u);
    let score = (s.x + s.y) + (s.z + s.w) + select(0.0, gate, token >= group.across_start && token < group.across_end);
    let next = max(largest, score);
    let kept = exp(largest - next);
    let p = exp(score - next);
    largest = next;
    sum = sum * kept + p;
    @each(i, QUADS) a$i = a$i * kept + p * quadBroadcast(v$[i / 4], $[i % 4]u);
  }
  let to = query * params.heads * QUADS + head * QUADS;
  if (lane < group.queries) {
    @each(i, QUADS) y[to + $iu] = a$i / sum;
  }
}
