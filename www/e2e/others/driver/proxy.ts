/**
 * What WebKit's driver doesn't tell, and a proxy can: it passes on what is asked of this machine, and refuses and notes what is asked of
 * anyone else. Into each page that passes, it puts a first script that listens for complaints.
 */

import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The proxy. */
export interface Proxy {
  /** Its `host:port`. */
  readonly address: string;
  /** Hosts that were refused. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

declare global {
  interface Window {
    /** What has been complained of, since its page was loaded, in this window and those inside it. */
    complaints?: string[];
  }
}

const LISTENER = "/listener-of-the-tests.js";

/** Runs in the page, before any script of its own. */
function listen(): void {
  const outermost = window.top ?? window;
  const complaints = (outermost.complaints ??= []);
  for (const level of ["error", "warn"] as const) {
    const original = console[level];
    console[level] = (...given) => {
      complaints.push(given.map(String).join(" "));
      original.apply(console, given);
    };
  }
  // On their way down, as those of images, scripts and style sheets never come up to the window.
  const onError = (event: Event): void => {
    const { target } = event;
    complaints.push(event instanceof ErrorEvent ? event.message : `not loaded: ${target instanceof Element ? target.outerHTML : target}`);
  };
  addEventListener("error", onError, true);
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${reason}`));
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    complaints.push(`forbidden by ${violatedDirective}: ${blockedURI}`);
  });
}

/** Starts the proxy on a port of its own. */
export async function startProxy(): Promise<Proxy> {
  const strangers: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://unknown");
    if (url.pathname === LISTENER) {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(`(${listen})();`);
    } else if (url.hostname === "127.0.0.1") {
      pass(request, url, response);
    } else {
      strangers.push(url.hostname);
      response.writeHead(502).end();
    }
  });
  // With TLS only host and port are told, and nothing of this machine has it.
  server.on("connect", ({ url = "" }, socket) => {
    strangers.push(url.replace(/:\d+$/, ""));
    socket.on("error", () => socket.destroy()).end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    strangers,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function pass(request: IncomingMessage, url: URL, response: ServerResponse): void {
  const onwards = ask(url, { method: request.method, headers: request.headers }, (answer) => {
    const { statusCode = 502, headers } = answer;
    if (!headers["content-type"]?.startsWith("text/html")) {
      response.writeHead(statusCode, headers);
      answer.pipe(response);
      return;
    }
    let page = "";
    answer.setEncoding("utf8").on("data", (part: string) => (page += part));
    answer.on("end", () => {
      const { "content-length": _, ...others } = headers;
      response.writeHead(statusCode, others).end(page.replace(/<head>/, `$&<script src="${LISTENER}"></script>`));
    });
  });
  onwards.on("error", () => response.destroy());
  // Whoever gives up asking is not answered any more.
  response.on("close", () => onwards.destroy());
  request.pipe(onwards);
}
