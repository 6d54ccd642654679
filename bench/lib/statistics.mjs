// Numbers about numbers.

/** @param {readonly number[]} values */
const ascending = (values) => [...values].sort((a, b) => a - b);

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = ascending(values);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? /** @type {number} */ (sorted[half]) : (Number(sorted[half - 1]) + Number(sorted[half])) / 2;
}

/** The 95th percentile by nearest rank: below 20 values it is the greatest. @param {readonly number[]} values */
export const p95 = (values) => /** @type {number} */ (ascending(values)[Math.ceil(values.length * 0.95) - 1]);

/** Largest and mean absolute difference. @param {readonly number[]} a @param {readonly number[]} b */
export function difference(a, b) {
  const differences = a.map((x, i) => Math.abs(x - Number(b[i])));
  return { max: Math.max(...differences), mean: differences.reduce((sum, d) => sum + d, 0) / differences.length };
}

/** Kendall's tau-b: how far two scores agree about the order. @param {readonly number[]} a @param {readonly number[]} b */
export function kendall(a, b) {
  let agreement = 0;
  let ordered = 0;
  let orderedOther = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const one = Math.sign(Number(a[i]) - Number(a[j]));
      const other = Math.sign(Number(b[i]) - Number(b[j]));
      agreement += one * other;
      ordered += Math.abs(one);
      orderedOther += Math.abs(other);
    }
  }
  return agreement / Math.sqrt(ordered * orderedOther);
}

/** @param {number} value @param {number} digits */
export const round = (value, digits) => Number(value.toFixed(digits));
