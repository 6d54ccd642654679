// Scaled dot-product attention: one head of one query for each invocation, over the tokens of the query's sequence. The
// softmax's sum and largest score are kept up as the tokens pass by (Milakov and Gimelshein, "Online normalizer calculation
// for softmax", 2018). A head is QUADS quads wide.

struct Params {
  queries: u32,
  heads: u32,
  // From one query to the next, in quads; and for keys and values.
  query_stride: u32,
  stride: u32,
  // Where in their row keys and values begin, in quads.
  keys: u32,
  values: u32,
  scale: f32,
}

// Tokens of a query's sequence.
struct Span {
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> queries: array<vec4f>;
@group(0) @binding(2) var<storage, read> projected: array<vec4f>;
@group(0) @binding(3) var<storage, read> spans: array<Span>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

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
  var largest = -1e38;
  var sum = 0.0;
  for (var token = span.start; token < span.end; token++) {
    let key = token * params.stride + params.keys + head * QUADS;
    var s = vec4f();
    @each(i, QUADS) s += q$i * projected[key + $iu];
    let score = (s.x + s.y) + (s.z + s.w);
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
