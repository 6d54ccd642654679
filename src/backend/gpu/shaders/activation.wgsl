// What follows a linear layer: ACTIVATION is 0 for nothing, 1 for GELU, 2 for the hyperbolic tangent.

fn activate(x: vec4f) -> vec4f {
  if (ACTIVATION == 1u) {
    return gelu(x);
  }
  if (ACTIVATION == 2u) {
    return tanh(clamp(x, vec4f(-10.0), vec4f(10.0)));
  }
  return x;
}

// What is positive of x, less |x| / p(|x|)^16, with the polynomial of the kernel on the CPU. Beyond 8 there is nothing left
// to take away, and the power would overflow.
fn gelu(x: vec4f) -> vec4f {
  let a = min(abs(x), vec4f(8.0));
  let p = P0 + a * (P1 + a * (P2 + a * (P3 + a * (P4 + a * (P5 + a * P6)))));
  let p2 = p * p;
  let p4 = p2 * p2;
  let p8 = p4 * p4;
  return max(x, vec4f()) - a / (p8 * p8);
}
