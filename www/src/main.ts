/** Starts the page: what needs no models first, then the library, then the models. */

import "./style/main.css";
import { listModels } from "tabrank";
import { Corpus, parseJsonLines, type LabelledQuery, type Passage } from "./corpus";
import { Page } from "./page";
import { beside, Session } from "./session";
import { readSettings } from "./state";
import { byId } from "./view/dom";
import { themeSwitch } from "./view/theme";
import { TroublePanel } from "./view/trouble";

const trouble = new TroublePanel(byId("trouble", HTMLElement));

/** Fetches a file of this site. */
async function fetched(path: string): Promise<Response> {
  const response = await fetch(beside(path));
  if (!response.ok) throw new Error(`The server answered ${response.status} when asked for ${path}.`);
  return response;
}

/** The vectors of the corpus; without them the scout reads the library itself, which only takes longer. */
async function prebuiltIndex(): Promise<ArrayBuffer | undefined> {
  try {
    return await (await fetched("corpus/index.safetensors")).arrayBuffer();
  } catch {
    return undefined;
  }
}

async function start(): Promise<void> {
  let page: Page;
  try {
    const [manifest, passages, queries] = await Promise.all([
      listModels(beside("models/")),
      fetched("corpus/passages.jsonl").then((response) => response.text()),
      fetched("corpus/queries.jsonl").then((response) => response.text()),
    ]);
    const corpus = new Corpus(parseJsonLines<Passage>(passages, "passages.jsonl"), parseJsonLines<LabelledQuery>(queries, "queries.jsonl"));
    page = new Page(corpus, new Session(corpus, prebuiltIndex), manifest, trouble);
  } catch (error) {
    trouble.show({ what: "The library could not be fetched", error, consolation: undefined, retry: () => void start() });
    return;
  }
  await page.begin();
}

themeSwitch(byId("theme", HTMLElement));
byId("query", HTMLTextAreaElement).value = readSettings(location.search).query;
// Where there is room for it beside the results, the list of traps is open from the start.
byId("traps", HTMLDetailsElement).open = matchMedia("(min-width: 75rem)").matches;
void start();
