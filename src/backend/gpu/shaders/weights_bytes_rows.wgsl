// Weights of 8 bits with a scale for each 32 inputs. For each output, four inputs together in a word, the first three of them 128
// too large: so each is a mask away from a number, with a power of two that multiplication takes off. Software has no shifts by
// different amounts.

@group(0) @binding(4) var<storage, read> words: array<u32>;
@group(0) @binding(5) var<storage, read> scales: array<f32>;

fn weight(output: u32, input: u32) -> vec4f {
  let masked = vec4u(words[output * params.width + input]) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff000000u);
  return vec4f(vec4i(masked)) * vec4f(1.0, 1.0 / 256.0, 1.0 / 65536.0, 1.0 / 16777216.0) - vec4f(128.0, 128.0, 128.0, 0.0);
}

fn scale(output: u32, input: u32) -> f32 {
  return scales[(output * params.width + input) / BLOCK];
}
