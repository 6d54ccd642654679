/** An order in which the first few of many are spread over all of them, so that a part stands for the whole. */

/** The numbers from 0 to `n` - 1; wherever one stops, those so far lie about evenly. */
export function spread(n: number): number[] {
  if (n < 3) return Array.from({ length: n }, (_, i) => i);
  // Steps of the golden section leave the most even gaps; one without a common divisor with n meets every number once.
  let step = Math.max(1, Math.round(n * 0.618));
  while (divisor(step, n) > 1) step += 1;
  return Array.from({ length: n }, (_, i) => (i * step) % n);
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
