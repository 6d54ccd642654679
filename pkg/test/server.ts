/** A real HTTP server whose answers a test decides. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Route = (response: ServerResponse, request: IncomingMessage) => void;

export interface TestServer {
  url: URL;
  /** Answers by path; anything else is a 404. */
  routes: Map<string, Route>;
  /** Paths asked for so far. */
  asked: string[];
  close(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const routes = new Map<string, Route>();
  const asked: string[] = [];
  const { url, close } = await listen((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const route = routes.get(path) ?? status(404);
    route(response, request);
  });
  return { url, routes, asked, close };
}

/** A server on a port of its own. */
export async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Pick<TestServer, "url" | "close">> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function status(code: number): Route {
  return (response) => response.writeHead(code).end();
}

export function body(content: Uint8Array | string, type = "application/octet-stream"): Route {
  const bytes = Buffer.from(content);
  return (response) => response.writeHead(200, { "content-type": type, "content-length": bytes.length }).end(bytes);
}

/** Announces the whole and hangs up in the middle. */
export function cutOff(content: Uint8Array): Route {
  return (response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, content.length >> 1), () => response.destroy());
  };
}

/** Sends one half and then nothing. */
export function stalled(content: Uint8Array): Route {
  return (response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, content.length >> 1));
  };
}
