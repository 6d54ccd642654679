/** Starts the page: what needs no models first, then the library, then the models. */

import "./style/main.css";
import { listModels } from "tabrank";
import { Address } from "./address";
import type { Library } from "./app";
import { shippedCollection } from "./collection";
import { Corpus, parseJsonLines, type LabelledQuery, type Passage } from "./corpus";
import { Libraries } from "./libraries";
import { Models } from "./models";
import { keepOffline } from "./offline/register";
import { Router } from "./router";
import { beside, Session } from "./session";
import { byId } from "./view/dom";
import { themeSwitch } from "./view/theme";
import { TroublePanel } from "./view/trouble";

const trouble = new TroublePanel(byId("trouble", HTMLElement));
const address = new Address();

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

/** Fetches the library, again and again as long as the reader wants to. */
async function library(): Promise<Library> {
  try {
    const [manifest, passages, queries] = await Promise.all([
      listModels(beside("models/")),
      fetched("corpus/passages.jsonl").then((response) => response.text()),
      fetched("corpus/queries.jsonl").then((response) => response.text()),
    ]);
    const corpus = new Corpus(parseJsonLines<Passage>(passages, "passages.jsonl"), parseJsonLines<LabelledQuery>(queries, "queries.jsonl"));
    const session = new Session(shippedCollection(corpus, prebuiltIndex));
    const libraries = new Libraries(session, address);
    await libraries.start();
    return { corpus, libraries, manifest, session, models: new Models({ session, libraries, manifest, address, trouble }) };
  } catch (error) {
    return new Promise((resolve) => {
      trouble.show({ what: "The library could not be fetched", error, consolation: undefined, retry: () => resolve(library()) });
    });
  }
}

themeSwitch(byId("theme", HTMLElement));
const app = { address, trouble, library: library() };
void new Router(app).start();
void app.library.then(async ({ models }) => {
  await models.open(address.settings);
  if (models.info !== undefined) await keepOffline();
});
