/** What the reader does, and what follows from it. */

import type { Manifest, SearchResult } from "tabrank";
import type { Corpus } from "./corpus";
import { codeOf } from "./errors";
import { Searching } from "./searching";
import type { Choice, Session } from "./session";
import { readSettings, writeSettings, type Settings } from "./state";
import { Dials } from "./view/dials";
import { byId } from "./view/dom";
import { Machine } from "./view/machine";
import { Pickers } from "./view/pickers";
import { LoadingPanel } from "./view/progress";
import { Question } from "./view/question";
import { Results } from "./view/results";
import { Status } from "./view/status";
import { renderTwins, TrapList } from "./view/traps";
import { TroublePanel } from "./view/trouble";
import { quoted } from "./words";

/** After these the engine is of no use any more, and only loading it afresh helps. */
const FATAL: ReadonlySet<string | undefined> = new Set(["worker-crashed", "internal", "disposed", "not-ready"]);

/** The page once its library is there. */
export class Page {
  readonly #corpus: Corpus;
  readonly #session: Session;
  readonly #trouble: TroublePanel;
  readonly #results: Results;
  readonly #status = new Status();
  readonly #loading = new LoadingPanel(byId("loading", HTMLElement));
  readonly #twins = byId("twins", HTMLElement);
  readonly #question = new Question({ onAsk: (text) => this.#ask(text), onStop: () => this.#searching.stop() });
  readonly #traps = new TrapList(byId("trap-list", HTMLElement), (text) => this.#choose(text));
  readonly #dials = new Dials({ onPool: (pool) => this.#repool(pool), onTopK: (topK) => this.#retop(topK) });
  readonly #pickers = new Pickers((role, id) => {
    void this.#open({ ...this.#settings, ...(role === "bi-encoder" ? { biEncoder: id } : { crossEncoder: id }) });
  });
  readonly #machine = new Machine((device) => void this.#open({ ...this.#settings, device }));
  readonly #searching = this.#makeSearching();
  #settings: Settings;
  /** What is asked as soon as there are models. */
  #waiting: string | undefined;
  #last: SearchResult | undefined;

  constructor(corpus: Corpus, session: Session, manifest: Manifest, trouble: TroublePanel) {
    this.#corpus = corpus;
    this.#session = session;
    this.#trouble = trouble;
    this.#results = new Results(corpus);
    this.#settings = readSettings(location.search);
    this.#waiting = this.#settings.query;
    this.#traps.render(corpus);
    this.#pickers.fill(manifest);
    this.#dials.set(this.#settings.pool, this.#settings.topK);
    this.#point(this.#settings.query);
    addEventListener("popstate", () => this.#goTo(readSettings(location.search)));
  }

  /** Loads the models that the address asks for, and asks its question. */
  async begin(): Promise<void> {
    await this.#open(this.#settings);
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
    if (text !== this.#settings.query) {
      this.#settings = { ...this.#settings, query: text };
      history.pushState(null, "", writeSettings(this.#settings));
    }
    this.#point(text);
    if (this.#session.info === undefined) {
      this.#waiting = text;
      this.#status.say("The models are still on their way. Your question is asked as soon as they are here.");
      return;
    }
    void this.#searching.run(this.#session, { query: text, pool: this.#settings.pool });
  }

  /** Asks again what was asked last, whatever has been typed since. */
  #repeat(): void {
    if (this.#last !== undefined || this.#searching.busy) this.#ask(this.#settings.query);
  }

  /** Marks the question among the traps, and shows its twin. */
  #point(text: string): void {
    const query = this.#corpus.labelled(text);
    this.#traps.mark(query);
    renderTwins(this.#twins, this.#corpus, query, (twin) => this.#choose(twin));
  }

  #repool(pool: number): void {
    this.#settings = { ...this.#settings, pool };
    this.#keepAddress();
    this.#repeat();
  }

  #retop(topK: number): void {
    this.#settings = { ...this.#settings, topK };
    this.#keepAddress();
    if (this.#last !== undefined) this.#results.show({ result: this.#last, topK, info: this.#session.info });
  }

  /** Opens models; on failure the previous ones stay in use, and the lists say so. */
  async #open(choice: Choice): Promise<void> {
    this.#trouble.clear();
    this.#searching.stop();
    this.#pickers.select(choice.biEncoder, choice.crossEncoder);
    this.#machine.select(choice.device);
    this.#loading.begin("Waiting for the models. You can read and type meanwhile.");
    this.#status.say("The models are being loaded.");
    try {
      const opened = await this.#session.open(choice, {
        onFile: (event) => this.#loading.update(event),
        onGpu: (gpu) => this.#machine.tell(gpu),
        onPassage: (done, total) => this.#loading.say(`The scout reads the library: ${done} of ${total} passages.`),
      });
      if (!opened) return;
    } catch (error) {
      this.#loading.end();
      this.#status.say("");
      const previous = this.#session.info;
      this.#pickers.select(this.#settings.biEncoder, this.#settings.crossEncoder);
      this.#machine.select(this.#settings.device);
      this.#trouble.show({
        what: "The models could not be loaded",
        error,
        consolation: previous === undefined ? "What you typed stays in the box." : "The models from before go on working.",
        retry: () => void this.#open(choice),
      });
      return;
    }
    this.#loading.end();
    const { biEncoder, crossEncoder, device } = choice;
    this.#settings = { ...this.#settings, biEncoder, crossEncoder, device };
    this.#keepAddress();
    if (this.#session.info !== undefined) this.#pickers.facts(this.#session.info);
    this.#resume();
  }

  /** With new models, asks what was waiting or asked last, unless the reader has begun to type something else. */
  #resume(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#last !== undefined) this.#repeat();
    else if (waiting !== undefined && waiting.trim() !== "" && waiting === this.#question.text) this.#ask(waiting);
    else this.#status.say("The models are here: press Search when your question is ready.");
  }

  #goTo(settings: Settings): void {
    const before = this.#settings;
    // Following a link inside the page changes nothing that the page is set to.
    if (writeSettings(settings) === writeSettings(before)) return;
    this.#settings = settings;
    this.#dials.set(settings.pool, settings.topK);
    this.#question.text = settings.query;
    this.#point(settings.query);
    const { biEncoder, crossEncoder, device } = settings;
    if (biEncoder === before.biEncoder && crossEncoder === before.crossEncoder && device === before.device) this.#repeat();
    else void this.#open(settings);
  }

  #keepAddress(): void {
    history.replaceState(null, "", writeSettings(this.#settings));
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
            if (FATAL.has(codeOf(error))) void this.#open(this.#settings);
            else this.#ask(query);
          },
        });
      },
    });
  }
}
