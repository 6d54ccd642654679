/** Long work in slices, so that the page answers in between. */

/** How long a slice may last. A frame has 16 ms. */
const SLICE_MS = 12;

/** Called as work goes on; what is counted is said where it is taken. */
export type Progress = (done: number, total: number) => void;

/** What every long operation can be told. */
export interface Going {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Progress | undefined;
}

/** Tells when a slice is over, and lets others work then. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  /** Throws the signal's reason if it was given before. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /** Whether it is time for a rest. */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** Lets whatever waits have its turn; throws the signal's reason if it was given. */
  async rest(): Promise<void> {
    await turn();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}

/** Ends the task that is going on. A message comes at once; timers are held back by up to a second in tabs that nobody looks at. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
