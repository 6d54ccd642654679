/** Numbers as they are written. */

/** A whole number with commas between its thousands. The browser's own formatting takes the main thread tens of milliseconds when it is
 * first used. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A number with what is counted: `1 row`, `3 rows`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}
