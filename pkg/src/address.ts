/** Addresses as callers give them. */

import { BadInputError } from "./errors.js";
import type { LoadOptions } from "./types.js";

/** An absolute address; `what` names the option in the error. */
export function address(url: string | URL, what: string, base?: string): URL {
  try {
    return new URL(url, base);
  } catch (cause) {
    throw new BadInputError(`${what} is not an address: ${JSON.stringify(String(url))}. Give a URL, or a path from the page.`, {
      cause,
    });
  }
}

/** A folder's absolute address, with the slash that makes relative addresses start inside it. */
export function folder(url: string | URL, what: string, base?: string): URL {
  const absolute = address(url, what, base);
  if (!absolute.pathname.endsWith("/")) absolute.pathname += "/";
  return absolute;
}

/** The last part of an address's path. */
export function fileName({ pathname }: URL): string {
  return pathname.slice(pathname.lastIndexOf("/") + 1);
}

/** Where the models of these options are. */
export function places({ modelsUrl, hubUrl }: Pick<LoadOptions, "modelsUrl" | "hubUrl">, base: string | undefined): { models: URL; hub: URL } {
  return {
    models: folder(modelsUrl ?? "models/", "modelsUrl", base),
    hub: folder(hubUrl ?? "https://huggingface.co/", "hubUrl", base),
  };
}
