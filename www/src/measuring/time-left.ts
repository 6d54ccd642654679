/** How long something goes on, going by how fast it went so far. */

import { timeText } from "./quantities";

/** Before this many milliseconds nothing is foretold. */
const FIRST = 2_000;

/** Watches steps that take about equally long. */
export class TimeLeft {
  readonly #now: () => number;
  #start: number;
  #from = 0;

  /** Begins now. `now` gives milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  /** Begins again from so many steps, as something else took time in between. */
  restart(done: number): void {
    this.#start = this.#now();
    this.#from = done;
  }

  /** Milliseconds that are left; undefined where it is too early to tell. */
  left(done: number, total: number): number | undefined {
    const [elapsed, steps] = [this.#now() - this.#start, done - this.#from];
    if (elapsed < FIRST || steps <= 0) return undefined;
    return (elapsed / steps) * Math.max(0, total - done);
  }

  /** The same in words: "about 3 min left"; empty where it is too early. */
  text(done: number, total: number): string {
    const left = this.left(done, total);
    return left === undefined ? "" : `about ${timeText(Math.max(1000, left))} left`;
  }
}
