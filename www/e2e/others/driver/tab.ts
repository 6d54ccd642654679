/** A browser and its tabs as a person uses them, whatever protocol they are driven by. */

import { keys, pointer, typing, type InputSource } from "./input";

/** A browser that has been started, without a window to be seen and with nothing in its storage. */
export interface Browser {
  /** Its name and version. */
  readonly name: string;
  /** A tab whose storage is its own. One at a time: close it before the next. */
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

/** What a protocol has to offer. */
export interface Wire {
  /** Goes to an address, and waits until its page is loaded. */
  go(address: string): Promise<void>;
  /** The browser's back. */
  back(): Promise<void>;
  /** Calls the function with this source, which takes and answers a string, or a promise of one. */
  call(source: string, argument: string): Promise<string>;
  /** Presses keys and buttons. */
  perform(sources: readonly InputSource[]): Promise<void>;
  /** Errors and warnings of the console so far, and errors that nobody caught. */
  complaints(): Promise<string[]>;
  /** Hosts other than this machine that were asked for something, or would have been. */
  strangers(): string[];
  /** Ends the tab, and all that it kept. */
  close(): Promise<void>;
}

/** A tab without a past: nothing is kept from those before it. */
export class Tab {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Goes to an address, and waits until its page is loaded. */
  open(address: string): Promise<void> {
    return this.#wire.go(address);
  }

  /** The browser's back. */
  back(): Promise<void> {
    return this.#wire.back();
  }

  /** Calls a function in the page. Arguments and answer go there and back as JSON; a promise is waited for. */
  async evaluate<A extends readonly unknown[], R>(work: (...given: A) => R, ...given: A): Promise<Awaited<R>> {
    const source = `async (given) => JSON.stringify({ answer: await (${work})(...JSON.parse(given)) })`;
    const { answer } = JSON.parse(await this.#wire.call(source, JSON.stringify(given))) as { answer: Awaited<R> };
    return answer;
  }

  /** Waits until a function answers something true in the page. */
  async until<A extends readonly unknown[]>(what: string, holds: (...given: A) => unknown, ...given: A): Promise<void> {
    const latest = Date.now() + 60_000;
    while (!(await this.evaluate(holds, ...given))) {
      if (Date.now() > latest) throw new Error(`It never came to this: ${what}. ${await this.#sight()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Presses a key, by its name in the DOM; with others that are held, as in `Shift+Tab`. */
  press(combination: string): Promise<void> {
    return this.#wire.perform([keys(combination.split("+"))]);
  }

  /** Types a text into what has the focus. */
  type(text: string): Promise<void> {
    return this.#wire.perform([typing(text)]);
  }

  /** Presses Tab until the focus is on something that fits. */
  async tabTo(selector: string): Promise<void> {
    for (let presses = 0; presses < 200; presses += 1) {
      await this.press("Tab");
      if (await this.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    }
    throw new Error(`Tab never reached ${selector}.`);
  }

  /** Clicks in the middle of the first element that fits once it stands still, if that is what is to be seen there. */
  async click(selector: string): Promise<void> {
    const [x, y] = await this.evaluate(async (wanted) => {
      const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      for (let before = ""; ; await frames()) {
        const element = document.querySelector(wanted);
        element?.scrollIntoView({ block: "center", behavior: "instant" });
        const box = element?.getBoundingClientRect();
        if (element === null || box === undefined || box.width === 0) throw new Error(`There is no ${wanted} to be seen.`);
        const [x, y] = [Math.floor(box.left + box.width / 2), Math.floor(box.top + box.height / 2)];
        const now = `${x} ${y}`;
        if (now === before) {
          if (!element.contains(document.elementFromPoint(x, y))) throw new Error(`${wanted} is covered by something else.`);
          return [x, y] as const;
        }
        before = now;
      }
    }, selector);
    await this.#wire.perform([pointer(x, y)]);
  }

  /** The text of the first element that fits. */
  text(selector: string): Promise<string> {
    return this.evaluate((wanted) => document.querySelector(wanted)?.textContent ?? "", selector);
  }

  /** Errors and warnings of the console so far, and errors that nobody caught. */
  complaints(): Promise<string[]> {
    return this.#wire.complaints();
  }

  /** Hosts other than this machine that were asked for something, or would have been. */
  strangers(): string[] {
    return this.#wire.strangers();
  }

  /** Ends the tab, and all that it kept. */
  close(): Promise<void> {
    return this.#wire.close();
  }

  /** What a person would see and hear, for whoever has to find out what went wrong. */
  async #sight(): Promise<string> {
    const said = await this.evaluate(() => {
      const parts = [...document.querySelectorAll<HTMLElement>("[role=status], [role=alert], [aria-busy], [aria-label=Loading], h1")];
      return parts.map((part) => part.innerText.replace(/\s+/g, " ").slice(0, 300)).filter((text) => text !== "");
    });
    return `The page says: ${JSON.stringify(said)}\nComplaints: ${JSON.stringify(await this.complaints())}`;
  }
}
