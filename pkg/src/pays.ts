/**
 * Whether the build with relaxed SIMD is the quicker one on this processor. No browser says what a relaxed instruction is
 * compiled to, so it is measured: for two or three milliseconds, five to seven where the clock shows whole ones only, before
 * anything is fetched. Runs in the worker.
 */

/**
 * How many times the products of the 16-bit instruction the relaxed one must do in the same time. The relaxed build needs
 * two of it for what takes one there, as the rows are in two planes, and what it does at the end of each block takes another
 * third (src/kernels/gemm_i8.rs): 2 x 1.3.
 *
 * Expected are some 5 on ARM processors with `sdot` (one instruction for 16 products, against four for 8), 3 on x86 with
 * VNNI, 1.6 on ARM without `sdot`, and 0.9 to 1.3 on x86 without VNNI (three to five, against two for 8).
 */
const ENOUGH = 2.6;

/** The least time of one stretch of calls, in milliseconds. */
const STRETCH = 0.4;

/** Longer than this, also by a clock of whole milliseconds, a stretch is only where something else ran meanwhile. */
const DISTURBED = 1.2;

/** Pairs of stretches, disturbed ones included. */
const MOST_ROUNDS = 8;

/** Pairs of stretches that decide. */
const [FOR, AGAINST] = [3, 2];

/** Calls in one stretch, a few microseconds each: a clock that stands still for longer, as some browsers want it, is of no use. */
const MOST_CALLS = 2000;

/** The two loops: each does `times` times 64 dot products of vectors made of `value`, from 1 to 124. */
export interface Loops {
  relaxed(times: number, value: number): number;
  words(times: number, value: number): number;
}

/** Products of one dot instruction. */
const PRODUCTS = { relaxed: 16, words: 8 } as const;

/** Whether the relaxed build is the quicker one. False where that can't be found out. */
export function relaxedPays(loops: () => Loops = compileLoops, now = () => performance.now()): boolean {
  try {
    return measure(loops(), now);
  } catch {
    // A policy forbids compiling, say. The engine's start will tell.
    return false;
  }
}

/**
 * Three undisturbed rounds for it decide, or two against it, whichever come first, as not every disturbance shows. More are
 * wanted for it, as taking it where it doesn't pay costs time and other decimals than the visit before. False if there are
 * too few.
 */
function measure(loops: Loops, now: () => number): boolean {
  // Both are called alike from the beginning, so that both have got equally far if the browser compiles what is called
  // often a second time.
  let edge = next(now, () => {
    loops.relaxed(64, 1);
    loops.words(64, 1);
  });
  /** Products in a millisecond; not a number if the stretch was disturbed. */
  const speed = (name: keyof Loops): number => {
    let calls = 0;
    const start = edge;
    // Browsers blunt their clocks, by up to a millisecond: each stretch begins and ends as the clock advances.
    edge = next(now, () => (calls++, loops[name](128, 2)), start + STRETCH);
    return edge - start > DISTURBED ? NaN : (calls * PRODUCTS[name]) / (edge - start);
  };
  let [pro, contra] = [0, 0];
  for (let round = 0; round < MOST_ROUNDS && pro < FOR && contra < AGAINST; round++) {
    const ratio = speed("relaxed") / speed("words");
    if (ratio > ENOUGH) pro++;
    else if (ratio <= ENOUGH) contra++;
  }
  return pro === FOR;
}

/** Calls until the clock has advanced, and to `until` at least; returns when that was. */
function next(now: () => number, call: () => void, until = 0): number {
  const start = now();
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    call();
    const time = now();
    if (time > start && time >= until) return time;
  }
  throw new Error("the clock stands still");
}

/** An unsigned number as a LEB128. */
const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
/** A section or body, preceded by its length. */
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];

// Parameters; vectors of `value` and so on, which stay as they are; two other factors, which change all the time, lest a
// compiler does products once and for all; sums of some products; and the sum of all.
const [TIMES, VALUE, FACTORS, X, Y, SUMS, TOTAL] = [0, 1, [2, 3, 4, 5], 6, 7, [8, 9, 10, 11], 12] as const;

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
/** i32x4.add */
const ADD = [0xfd, 0xae, 0x01];
/** to = a + b */
const sum = (to: number, a: number, b: number) => [...get(a), ...get(b), ...ADD, ...set(to)];

/** to = from + the products of two vectors. The second has integers from 0 to 127, as the relaxed instruction wants it. */
type Dot = (to: number, from: number, x: number, factor: number) => number[];
/** i32x4.relaxed_dot_i8x16_i7x16_add_s */
const relaxed: Dot = (to, from, x, factor) => [...get(x), ...get(factor), ...get(from), 0xfd, 0x93, 0x02, ...set(to)];
/** i32x4.dot_i16x8_s and i32x4.add */
const words: Dot = (to, from, x, factor) => [...get(from), ...get(x), ...get(factor), 0xfd, 0xba, 0x01, ...ADD, ...set(to)];

/**
 * A function of `times` and `value`. Browsers first run what their simple compilers make of it, which here is much the same as
 * what others do: few variables are altered at a time, so that they stay in registers. Four sums of four products each don't
 * wait for one another, so that it is throughput which is measured.
 */
function body(dot: Dot): number[] {
  const [a, b, c, d] = FACTORS;
  const [s, t, u, v] = SUMS;
  /** Each sum plus two products, or the first two. */
  const eight = (from: readonly number[]) => [
    ...SUMS.flatMap((to, i) => dot(to, from[i] ?? to, X, FACTORS[i] ?? a)),
    ...SUMS.flatMap((to, i) => dot(to, to, Y, FACTORS[i] ?? a)),
  ];
  const sixteen = [
    ...sum(X, X, a), ...sum(Y, X, b), ...eight(FACTORS),
    ...sum(X, X, c), ...sum(Y, Y, d), ...eight(SUMS),
    ...sum(s, s, t), ...sum(u, u, v), ...sum(s, s, u), ...sum(TOTAL, TOTAL, s),
  ];
  return [
    // local variables: 11 vectors
    0x01, 0x0b, 0x7b,
    // the factors: i8x16.splat of VALUE, VALUE + 1, ...
    ...FACTORS.flatMap((local, i) => [...get(VALUE), 0x41, i, 0x6a, 0xfd, 0x0f, ...set(local)]),
    // loop
    0x03, 0x40,
    ...Array.from({ length: 4 }, () => sixteen).flat(),
    // TIMES = TIMES - 1, and again while it isn't 0; end of the loop
    ...get(TIMES), 0x41, 0x01, 0x6b, 0x22, TIMES, 0x0d, 0x00, 0x0b,
    // the result depends on everything: v128.any_true of TOTAL; end
    ...get(TOTAL), 0xfd, 0x53, 0x0b,
  ];
}

/** The module with both loops: 2 kB. */
export function moduleOfLoops(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => sized([...new TextEncoder().encode(text)]);
  return new Uint8Array([
    // "\0asm", version 1
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    // types: one, (i32, i32) -> i32
    0x01, ...sized([0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f]),
    // functions: two of type 0
    0x03, ...sized([0x02, 0x00, 0x00]),
    // exports: functions 0 and 1
    0x07, ...sized([0x02, ...name("relaxed"), 0x00, 0x00, ...name("words"), 0x00, 0x01]),
    // code
    0x0a, ...sized([0x02, ...sized(body(relaxed)), ...sized(body(words))]),
  ]);
}

function compileLoops(): Loops {
  // At once, which is allowed in workers, and nothing of this size.
  return new WebAssembly.Instance(new WebAssembly.Module(moduleOfLoops())).exports as unknown as Loops;
}
