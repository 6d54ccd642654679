// What the shaders of attention have in common: scaled dot-product attention of queries over the tokens of their sequence. The
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

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> queries: array<vec4f>;
@group(0) @binding(2) var<storage, read> projected: array<vec4f>;
@group(0) @binding(3) var<storage, read> spans: Spans;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
// What a head adds to scores across.
@group(0) @binding(5) var<storage, read> gates: array<f32>;
