/** Arithmetic on what the bi-encoder gives. */

/** The cosine of two unit vectors, summed in order, so that it is the same to the bit wherever it is computed. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
