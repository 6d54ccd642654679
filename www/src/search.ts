/** The view of search: what the reader does, and what follows from it. */

import type { SearchResult } from "tabrank";
import type { Address, Place } from "./address";
import type { Corpus } from "./corpus";
import { codeOf } from "./errors";
import type { Libraries } from "./libraries";
import type { Models } from "./models";
import { Searching } from "./searching";
import type { Session } from "./session";
import type { Settings } from "./state";
import { Dials } from "./view/dials";
import { byId } from "./view/dom";
import { LibraryLine } from "./view/library-line";
import { Question } from "./view/question";
import { Results } from "./view/results";
import { Status } from "./view/status";
import { renderTwins, TrapList } from "./view/traps";
import type { TroublePanel } from "./view/trouble";
import { quoted } from "./words";

/** What a search needs. */
export interface SearchParts {
  readonly libraries: Libraries;
  readonly session: Session;
  readonly models: Models;
  readonly address: Address;
  readonly trouble: TroublePanel;
}

/** Search, once the library is there. */
export class Search {
  readonly #libraries: Libraries;
  readonly #session: Session;
  readonly #models: Models;
  readonly #address: Address;
  readonly #trouble: TroublePanel;
  readonly #line: LibraryLine;
  readonly #results: Results;
  /** What is searched. */
  #corpus: Corpus;
  readonly #status = new Status();
  readonly #twins = byId("twins", HTMLElement);
  readonly #question = new Question({ onAsk: (text) => this.#ask(text), onStop: () => this.#searching.stop() });
  readonly #traps = new TrapList(byId("trap-list", HTMLElement), (text) => this.#choose(text));
  readonly #dials = new Dials({ onPool: (pool) => this.#repool(pool), onTopK: (topK) => this.#retop(topK) });
  readonly #searching = this.#makeSearching();
  /** Whether this view is the one that is shown; another one's reader waits for no search. */
  #shown = false;
  /** What the controls show. */
  #settings: Settings;
  /** What is asked as soon as there are models and somebody to see the answer. */
  #waiting: string | undefined;
  /** Whether the models have changed since the last search. */
  #outdated = false;
  #last: SearchResult | undefined;

  constructor({ libraries, session, models, address, trouble }: SearchParts) {
    this.#libraries = libraries;
    const { corpus } = libraries.inUse;
    this.#corpus = corpus;
    this.#session = session;
    this.#models = models;
    this.#address = address;
    this.#trouble = trouble;
    this.#results = new Results(corpus);
    this.#line = new LibraryLine(address);
    byId("ask", HTMLElement).before(this.#line.root);
    this.#settings = address.settings;
    this.#waiting = this.#settings.query;
    this.#traps.render(corpus);
    this.#tellLibrary();
    // The line's links carry what the page is set to.
    address.onChange(() => this.#tellLibrary());
    libraries.watch(() => this.#adopt());
    this.#dials.set(this.#settings.pool, this.#settings.topK);
    this.#point(this.#settings.query);
    models.watch({
      opening: () => {
        this.#searching.stop();
        this.#status.say("The models are being loaded.");
      },
      opened: () => {
        this.#outdated = true;
        if (this.#shown) this.#resume();
      },
      failed: () => this.#status.say(""),
    });
  }

  /** Takes up what the reader came for. */
  show({ settings }: Place): void {
    this.#shown = true;
    const before = this.#settings;
    this.#settings = settings;
    const { query, pool, topK } = settings;
    if (query !== before.query) {
      this.#question.text = query;
      this.#point(query);
      this.#waiting = query;
    }
    this.#dials.set(pool, topK);
    // Other models or another library are on their way, and the search with them.
    if (this.#session.state.kind !== "ready") return;
    if (!this.#libraries.settled(settings.corpus)) {
      this.#searching.stop();
      this.#status.say("The library is being fetched from where your browser keeps it.");
      return;
    }
    if (this.#waiting !== undefined || this.#outdated) this.#resume();
    else if (pool !== before.pool) this.#repeat();
    else if (topK !== before.topK) this.#retop(topK);
  }

  /** Leaves the models to whatever is shown instead. */
  leave(): void {
    this.#shown = false;
    if (!this.#searching.busy) return;
    this.#waiting = this.#address.settings.query;
    this.#searching.stop();
  }

  /** Takes the library that is in use now, or what is known of it now. */
  #adopt(): void {
    const { corpus } = this.#libraries.inUse;
    const another = corpus.passages !== this.#corpus.passages;
    const others = corpus !== this.#corpus;
    this.#corpus = corpus;
    this.#settings = this.#address.settings;
    this.#tellLibrary();
    if (others) {
      this.#results.corpus = corpus;
      this.#traps.render(corpus);
    }
    if (another) {
      this.#searching.stop();
      this.#last = undefined;
      this.#results.clear();
      this.#question.text = this.#settings.query;
      this.#waiting = this.#settings.query;
      this.#status.say("");
    }
    this.#point(this.#settings.query);
    if (!this.#shown || this.#session.state.kind !== "ready") return;
    if (this.#waiting !== undefined) this.#resume();
    else if (others) this.#retop(this.#settings.topK);
  }

  #tellLibrary(): void {
    const { own, absent } = this.#libraries;
    this.#line.show({ own, absent, bench: this.#address.href({ own: [["bench", "corpus"]] }) });
  }

  #choose(text: string): void {
    this.#question.text = text;
    this.#ask(text);
  }

  /** Asks a question, or keeps it until there are models. */
  #ask(text: string): void {
    if (text.trim() === "") {
      this.#status.say("");
      this.#question.askPolitely();
      return;
    }
    if (text !== this.#address.settings.query) this.#address.add({ settings: { ...this.#address.settings, query: text } });
    this.#settings = this.#address.settings;
    this.#point(text);
    if (this.#session.info === undefined) {
      this.#waiting = text;
      this.#status.say("The models are still on their way. Your question is asked as soon as they are here.");
      return;
    }
    this.#waiting = undefined;
    void this.#searching.run(this.#session, { query: text, pool: this.#settings.pool });
  }

  /** Asks again what was asked last, whatever has been typed since. */
  #repeat(): void {
    const { query } = this.#address.settings;
    if (query.trim() !== "" && (this.#last !== undefined || this.#searching.busy)) this.#ask(query);
  }

  /** Marks the question among the traps, and shows its twin. */
  #point(text: string): void {
    const query = this.#corpus.labelled(text);
    this.#traps.mark(query);
    renderTwins(this.#twins, this.#corpus, query, (twin) => this.#choose(twin));
  }

  #repool(pool: number): void {
    this.#address.keep({ settings: { ...this.#address.settings, pool } });
    this.#settings = this.#address.settings;
    this.#repeat();
  }

  #retop(topK: number): void {
    this.#address.keep({ settings: { ...this.#address.settings, topK } });
    this.#settings = this.#address.settings;
    if (this.#last !== undefined) this.#results.show({ result: this.#last, topK, info: this.#session.info });
  }

  /** Asks what was waiting or asked last, unless the reader has begun to type something else. */
  #resume(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#outdated = false;
    if (waiting !== undefined && waiting.trim() !== "" && waiting === this.#question.text) this.#ask(waiting);
    else if (this.#last !== undefined) this.#repeat();
    else this.#status.say("The models are here: press Search when your question is ready.");
  }

  #makeSearching(): Searching {
    const busy = (value: boolean): void => {
      this.#question.busy = value;
      this.#results.busy = value;
    };
    return new Searching({
      started: ({ query }) => {
        this.#trouble.clear();
        busy(true);
        this.#status.say(`Searching for ${quoted(query)}.`);
      },
      step: (done, total) => this.#question.step(done, total),
      finished: (_search, result) => {
        busy(false);
        this.#last = result;
        const { topK } = this.#settings;
        this.#status.whisper(this.#results.show({ result, topK, info: this.#session.info }));
      },
      stopped: () => {
        busy(false);
        this.#status.say(this.#last === undefined ? "Stopped." : `Stopped. The results are still those for ${quoted(this.#last.query)}.`);
      },
      failed: ({ query }, error) => {
        busy(false);
        this.#status.say("");
        if (codeOf(error) === "empty-query") {
          this.#question.askPolitely();
          return;
        }
        this.#trouble.show({
          what: "The search failed",
          error,
          consolation: "What you typed stays in the box.",
          retry: () => {
            this.#waiting = query;
            if (!this.#models.recover(error)) this.#ask(query);
          },
        });
      },
    });
  }
}
