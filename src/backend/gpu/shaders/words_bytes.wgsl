// Word embeddings of 8 bits with a scale for each 32 values, row after row.

@group(0) @binding(7) var<storage, read> words: array<u32>;
@group(0) @binding(8) var<storage, read> scales: array<f32>;

fn word(row: u32, quad: u32) -> vec4f {
  return vec4f(unpack4xI8(words[row * params.width + quad])) * scales[(row * params.width + quad) / 8u];
}
