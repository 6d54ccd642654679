// Word embeddings as they are, row after row.

@group(0) @binding(7) var<storage, read> values: array<vec4f>;

fn word(row: u32, quad: u32) -> vec4f {
  return values[row * params.width + quad];
}
