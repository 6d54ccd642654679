/**
 * A server with the layout of the Hugging Face hub: descriptions of repositories, files that are redirected to a store of another
 * origin, ranges, CORS; and faults that a test decides on.
 */

import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { listen } from "./server.js";

/** What goes wrong with an answer. */
export type Fault =
  /** This status instead, perhaps with a wish to be left alone for so many seconds. */
  | { status: number; retryAfter?: number }
  /** The connection is cut after so many bytes. */
  | { cutAfter: number }
  /** A byte is another. */
  | "wrong"
  /** After half of it nothing more comes. */
  | "stall"
  /** It comes in small parts. */
  | "slow"
  /** The whole file is sent, whatever range was asked for. */
  | "no ranges";

/** A repository: its files, of which the large ones are not in Git itself. */
export interface Repository {
  files: Map<string, Uint8Array>;
  large: Set<string>;
  commit: string;
  licence?: string;
}

/** The hub. */
export interface Hub {
  url: URL;
  repositories: Map<string, Repository>;
  /** Faults of the next answers for a file, by its name, or for a description, by the name of the repository. */
  faults: Map<string, Fault[]>;
  /** What was asked for: paths, with the range behind them. */
  asked: string[];
  close(): Promise<void>;
}

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "range",
  "access-control-expose-headers": "content-range,content-length,etag",
};

/** Starts a hub, and the store that it redirects to. */
export async function startHub(): Promise<Hub> {
  const repositories: Hub["repositories"] = new Map();
  const faults: Hub["faults"] = new Map();
  const asked: string[] = [];
  const store = await listen((request, response) => {
    const [, repo = "", file = ""] = /^\/store\/([^/]+\/[^/]+)\/(.+)$/.exec(decodeURIComponent(request.url ?? "")) ?? [];
    const content = repositories.get(repo)?.files.get(file);
    const range = request.headers.range;
    asked.push(`${file}${range ? ` ${range}` : ""}`);
    if (request.method === "OPTIONS") response.writeHead(204, cors).end();
    else if (!content) response.writeHead(404, cors).end();
    else send(response, content, range, faults.get(file)?.shift());
  });
  const hub = await listen((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://hub");
    const path = decodeURIComponent(pathname);
    const [, described, revision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? [];
    const [, repo = "", at = "", file = ""] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const repository = repositories.get(described ?? repo);
    if (described) asked.push(path);
    const known = repository && [repository.commit, "main"].includes(described ? (revision ?? "") : at);
    const fault = described ? faults.get(described)?.shift() : undefined;
    if (request.method === "OPTIONS") response.writeHead(204, cors).end();
    else if (typeof fault === "object" && "status" in fault) response.writeHead(fault.status, cors).end();
    else if (described && known) {
      const body = fault === "wrong" ? "<html>" : JSON.stringify(description(described, repository));
      response.writeHead(200, { ...cors, "content-type": "application/json" }).end(body);
    } else if (known && repository.files.has(file)) {
      response.writeHead(302, { ...cors, location: new URL(`store/${repo}/${file}`, store.url).href }).end();
    } else {
      // Of repositories that aren't there the hub says that one may not see them.
      response.writeHead(repository ? 404 : 401, cors).end();
    }
  });
  return {
    url: hub.url,
    repositories,
    faults,
    asked,
    close: async () => {
      await Promise.all([hub.close(), store.close()]);
    },
  };
}

/** A repository of these files. Those of `large` have a SHA-256 with the hub, the others only what Git calls them. */
export function repositoryOf(files: Record<string, Uint8Array | string>, large: readonly string[] = ["model.safetensors"]): Repository {
  const content = Object.entries(files).map(([name, body]) => [name, Buffer.from(body)] as const);
  return { files: new Map(content), large: new Set(large), commit: createHash("sha1").update(content.join()).digest("hex"), licence: "apache-2.0" };
}

function description(id: string, { files, large, commit, licence }: Repository): unknown {
  const siblings = [...files].map(([rfilename, body]) => {
    const size = body.length;
    const blobId = createHash("sha1").update(`blob ${size}\0`).update(body).digest("hex");
    if (!large.has(rfilename)) return { rfilename, size, blobId };
    // Git itself has only a pointer to a large file.
    return { rfilename, size, blobId: "0".repeat(40), lfs: { sha256: createHash("sha256").update(body).digest("hex"), size, pointerSize: 134 } };
  });
  return { id, sha: commit, siblings, ...(licence ? { cardData: { license: licence } } : {}) };
}

function send(response: ServerResponse, content: Uint8Array, range: string | undefined, fault: Fault | undefined): void {
  if (typeof fault === "object" && "status" in fault) {
    if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
    response.writeHead(fault.status, cors).end();
    return;
  }
  const [, start, end] = (fault !== "no ranges" && /^bytes=(\d+)-(\d*)$/.exec(range ?? "")) || [];
  const from = Number(start ?? 0);
  const to = Math.min(end ? Number(end) + 1 : content.length, content.length);
  if (from >= content.length && from > 0) {
    response.writeHead(416, { ...cors, "content-range": `bytes */${content.length}` }).end();
    return;
  }
  const body = Buffer.from(content.subarray(from, to));
  if (fault === "wrong") body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
  response.writeHead(start === undefined ? 200 : 206, {
    ...cors,
    "content-type": "application/octet-stream",
    "content-length": body.length,
    ...(start === undefined ? {} : { "content-range": `bytes ${from}-${to - 1}/${content.length}` }),
  });
  if (fault === "stall") {
    response.write(body.subarray(0, body.length >> 1));
  } else if (fault === "slow") {
    const step = Math.ceil(body.length / 20);
    const next = (at: number) => {
      if (at >= body.length) response.end();
      else response.write(body.subarray(at, at + step), () => setTimeout(next, 5, at + step));
    };
    next(0);
  } else if (typeof fault === "object") {
    response.write(body.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 20));
  } else {
    response.end(body);
  }
}
