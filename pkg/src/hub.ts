/**
 * Models of the hub that no manifest names: what files a repository has, and what they must be, the hub itself says. Its word is
 * taken once, for a commit, and remembered, so that what was loaded once can be loaded without a connection.
 */

import { askAgain } from "./ask.js";
import { fetchText, partNames, WEIGHTS, type Checkpoint, type Part } from "./checkpoint.js";
import type { ConvertExtras } from "./engine.js";
import { ModelRefusedError, ModelUnavailableError } from "./errors.js";
import type { ModelRequest } from "./protocol.js";
import type { Store } from "./store.js";
import type { Supply } from "./supply.js";

/** As much of the hub's description of a repository as is read. */
interface Listing {
  sha: string;
  cardData?: { license?: unknown };
  siblings: { rfilename: string; size?: number; blobId?: string; lfs?: { sha256: string; size: number } }[];
}

/** What is remembered of a repository. */
interface Description {
  revision: string;
  parts: Part[];
  extras: Pick<ConvertExtras, "licence" | "query_prefix">;
}

type Request = ModelRequest & { from: "repository" };

/** Where sentence-transformers keeps the words that go before texts. */
const PROMPTS = "config_sentence_transformers.json";

const needed = ["config.json", "tokenizer.json", WEIGHTS];

/** A commit; anything else may be another commit tomorrow. */
const commit = /^[0-9a-f]{40}$/;

/** A repository as a checkpoint. */
export async function repository(request: Request, supply: Supply): Promise<Checkpoint> {
  return checkpoint(request, supply.hub, await describe(request, supply));
}

/** The same, if it is known without asking. */
export async function recalled(request: Request, { hub, store }: { hub: URL; store: Store }): Promise<Checkpoint | null> {
  const known = await store.recall<Description>(keyOf(request, hub), Number.POSITIVE_INFINITY);
  return known && checkpoint(request, hub, known);
}

function checkpoint({ id, repo, revision, quantization, extras }: Request, hub: URL, known: Description): Checkpoint {
  const url = new URL(`${repo}/tabrank-${quantization}.gguf`, hub);
  // What is asked for in another way is kept beside it; what the same revision was before isn't.
  url.search = new URLSearchParams(Object.entries({ revision, ...extras }).map(([name, value]) => [name, String(value)])).toString();
  const file = `${id} (${quantization})`;
  return { id, url, file, bytes: null, sha256: null, parts: known.parts, extras: { id, quantization, ...known.extras, ...extras } };
}

/** The address of the hub's description, under which ours is kept as well. */
function keyOf({ repo, revision }: Request, hub: URL): URL {
  return new URL(`api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`, hub);
}

async function describe(request: Request, supply: Supply): Promise<Description> {
  const { store } = supply;
  const url = keyOf(request, supply.hub);
  const known = await store?.recall<Description>(url, Number.POSITIVE_INFINITY);
  if (known && commit.test(request.revision)) return known;
  try {
    const listing = await list(request, url, supply);
    if (known?.revision === listing.sha) return known;
    const description = await read(request, listing, supply);
    await store?.remember(url, description);
    return description;
  } catch (error) {
    // What was there yesterday is as good, where the hub can't be reached or is ill.
    const away = error instanceof ModelUnavailableError && !error.missing;
    if (known && away) return known;
    throw error;
  }
}

/** The hub's list of a repository's files. */
async function list({ repo, revision }: Request, url: URL, { signal, patience }: Supply): Promise<Listing> {
  const { href } = url;
  const response = await askAgain(href, { cache: "no-cache", signal, patience });
  const { status } = response;
  if (!response.ok) {
    await response.body?.cancel();
    // The hub's way of saying that there is nothing of that name, or nothing that strangers may see.
    const missing = status === 401 || status === 404;
    const remedy = missing ? `Check the name ${repo} and the revision ${revision}; models with conditions of access can't be loaded.` : "Try again later.";
    throw new ModelUnavailableError(`${href} answered with HTTP ${status}. ${remedy}`, { url: href, status, missing });
  }
  const listing: unknown = await response.json().catch(() => null);
  if (!isListing(listing)) throw nonsense(href);
  return listing;
}

/** Chooses the files of a checkpoint, and reads what goes before queries. */
async function read({ id, repo }: Request, { sha, cardData, siblings }: Listing, supply: Supply): Promise<Description> {
  const part = ({ rfilename: name, lfs, size, blobId }: Listing["siblings"][number]): Part => ({
    name,
    repo,
    revision: sha,
    bytes: lfs?.size ?? size ?? null,
    sha256: lfs?.sha256 ?? null,
    ...(blobId === undefined ? {} : { blob: blobId }),
  });
  const find = (name: string) => siblings.filter(({ rfilename }) => rfilename === name).map(part);
  const absent = needed.filter((name) => find(name).length === 0);
  if (absent.length > 0) {
    const { href } = new URL(repo, supply.hub);
    throw new ModelUnavailableError(`${href} has no ${absent.join(", no ")} at ${sha}. Convert the model with \`tabrank convert\`, and give its address.`, {
      url: href,
      missing: true,
    });
  }
  const parts = partNames.flatMap(find);
  // Git's name of a file can be checked only once all of it is there, which weights never are.
  const unknown = parts.filter(({ name, sha256, blob }) => sha256 === null && (blob === undefined || name === WEIGHTS));
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(", ");
    throw new ModelUnavailableError(`The hub has no SHA-256 of ${repo}'s ${names}, so it can't be verified. Convert the model with \`tabrank convert\`, and give its address.`);
  }
  const [prompts] = find(PROMPTS);
  const licence = cardData?.license;
  const prefix = prompts ? queryPrefix(id, await fetchText(id, prompts, supply)) : {};
  return { revision: sha, parts, extras: { ...(typeof licence === "string" ? { licence } : {}), ...prefix } };
}

/** What sentence-transformers puts before queries. Before documents, the engine puts nothing. */
function queryPrefix(id: string, text: string): { query_prefix?: string } {
  let settings: { prompts?: Record<string, unknown> } | null;
  try {
    settings = JSON.parse(text) as typeof settings;
  } catch (cause) {
    throw new ModelRefusedError(`${PROMPTS} of ${id} is not JSON (${String(cause)}). Use another revision.`, "model-damaged", { cause });
  }
  const prompts = settings?.prompts;
  const documents = prompts?.["document"] ?? prompts?.["passage"] ?? "";
  if (documents !== "") {
    throw new ModelRefusedError(`${id} wants ${JSON.stringify(documents)} before documents, which is not handled. Use another model.`, "unsupported-model");
  }
  const query = prompts?.["query"];
  return typeof query === "string" && query !== "" ? { query_prefix: query } : {};
}

function isListing(value: unknown): value is Listing {
  const { sha, siblings } = (value ?? {}) as Partial<Listing>;
  return typeof sha === "string" && commit.test(sha) && Array.isArray(siblings) && siblings.every((file) => typeof file?.rfilename === "string");
}

function nonsense(what: string): ModelUnavailableError {
  return new ModelUnavailableError(`${what}: that is not how a hub describes a repository. Check that hubUrl is the address of one.`);
}
