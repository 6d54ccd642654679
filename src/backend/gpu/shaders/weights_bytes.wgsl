// Weights of 8 bits with a scale for each 32 inputs. For each input, four outputs together in a word.

@group(0) @binding(4) var<storage, read> words: array<u32>;
@group(0) @binding(5) var<storage, read> scales: array<vec4f>;

fn weight(input: u32, output: u32) -> vec4f {
  return vec4f(unpack4xI8(words[input * params.stride + output]));
}

fn scale(input: u32, output: u32) -> vec4f {
  return scales[input / BLOCK * params.stride + output];
}
