/** Times, sizes and counts in words, over a range that is wider than that of any one unit. */

import { grouped } from "../numbers";

const TIMES: readonly (readonly [unit: string, milliseconds: number, many?: string])[] = [
  ["µs", 1e-3],
  ["ms", 1],
  ["s", 1e3],
  ["min", 60e3],
  ["h", 3_600e3],
  ["day", 86_400e3, "days"],
  ["year", 31_557_600e3, "years"],
];

/** A time from milliseconds, with two digits or the whole number: 0.12 µs, 6.4 ms, 130 ms, 2.5 h, 3.0 years. */
export function timeText(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds <= 0) return "0 ms";
  // The greatest unit of which there is at least one, as it will be written; the next begins at 100 s, 100 min, 48 h.
  const from = (position: number): number => (TIMES[position]?.[1] ?? 0) * ({ 3: 1.66, 4: 1.66, 5: 2 }[position] ?? 1);
  let position = 0;
  while (position < TIMES.length - 1 && written(milliseconds) >= from(position + 1)) position += 1;
  const [unit, size, many] = TIMES[position] ?? ["ms", 1];
  const number = numberText(milliseconds / size);
  return `${number} ${number === "1.0" || many === undefined ? unit : many}`;
}

/** A time that is set rather than measured: 1 s, where a measured one would be 1.0 s. */
export function setTimeText(milliseconds: number): string {
  return timeText(milliseconds).replace(/\.0(?= )/, "");
}

const SIZES = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** A size from bytes, in powers of a thousand. */
export function sizeText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(written(bytes)) / 3));
  return power === 0 ? `${Math.round(bytes)} bytes` : `${numberText(bytes / 1000 ** power)} ${SIZES[power]}`;
}

/** A whole number with commas between thousands. */
export function countText(count: number): string {
  return grouped(Math.round(count));
}

/** A count that is a round number, in words from a million on: 1,000, 200,000, 5 million. */
export function roundCountText(count: number): string {
  return count >= 1e6 ? `${Number((count / 1e6).toPrecision(3))} million` : countText(count);
}

/** Two digits, or all of a whole number above 99. */
function numberText(value: number): string {
  const digits = written(value);
  if (digits >= 100) return countText(value);
  return digits >= 10 ? digits.toFixed(0) : digits.toPrecision(2).replace(/^(0\.0*\d)0$/, "$10");
}

/** The value as it will be written. */
function written(value: number): number {
  return Number(value.toPrecision(value >= 100 ? 3 : 2));
}

/** A number with so many significant digits: what is beyond them is no more than noise. */
export function significant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
