/** Firefox as it is sold, driven by WebDriver BiDi, which it speaks by itself. */

import { mkdirSync } from "node:fs";
import WebSocket from "ws";
import { find, Folder, Running } from "./programs";
import { Tab, type Browser, type Wire } from "./tab";

/** The parts of BiDi's messages that are used; https://www.w3.org/TR/webdriver-bidi/ has the rest. */
interface Message {
  readonly type: "success" | "error" | "event";
  readonly id?: number;
  readonly method?: string;
  readonly params?: Entry & { readonly request?: { readonly url: string } };
  readonly result?: never;
  readonly error?: string;
  readonly message?: string;
}

/** Something that the console shows. */
interface Entry {
  readonly level: string;
  readonly text: string;
}

/** How a call of a function ended. */
type Outcome =
  | { readonly type: "success"; readonly result: { readonly value: string } }
  | { readonly type: "exception"; readonly exceptionDetails: { readonly text: string } };

/** Commands and events of one session. */
class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #commands = 0;
  complaints: string[] = [];
  addresses: string[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#take(JSON.parse(String(data)) as Message));
    socket.on("close", () => this.#waiting.forEach(({ reject }) => reject(new Error("Firefox hung up."))));
  }

  static async open(address: string): Promise<Session> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return new Session(socket);
  }

  send<R>(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<R> {
    const id = (this.#commands += 1);
    return new Promise<R>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #take({ type, id, method, params, result, error, message }: Message): void {
    if (type === "event") {
      if (method === "log.entryAdded" && /^(error|warn)/.test(params?.level ?? "")) this.complaints.push(params?.text ?? "");
      if (params?.request !== undefined) this.addresses.push(params.request.url);
      return;
    }
    const waiting = this.#waiting.get(id ?? NaN);
    this.#waiting.delete(id ?? NaN);
    if (type === "error") waiting?.reject(new Error(`Firefox: ${error}: ${message}`));
    else waiting?.resolve(result as never);
  }
}

/** Starts Firefox with a fresh profile, without a window. */
export async function startFirefox(): Promise<Browser> {
  const path = find({ variable: "FIREFOX", names: ["firefox-esr", "firefox"], debian: "firefox-esr" });
  const folder = new Folder();
  const profile = `${folder.path}/profile`;
  mkdirSync(profile);
  // Port 0 is any that is free. HOME is where Firefox would look for, and leave, what isn't in the profile.
  const options = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"];
  const running = new Running(path, options, { HOME: folder.path });
  const close = async (): Promise<void> => {
    await running.end();
    folder.remove();
  };
  try {
    const session = await Session.open(`${await running.says(/WebDriver BiDi listening on (ws:\S+)/)}/session`);
    const { capabilities } = await session.send<{ capabilities: { browserVersion: string } }>("session.new", { capabilities: {} });
    await session.send("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
    return {
      name: `Firefox ${capabilities.browserVersion}`,
      tab: async () => new Tab(await openTab(session)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A tab with storage of its own. */
async function openTab(session: Session): Promise<Wire> {
  const { userContext } = await session.send<{ userContext: string }>("browser.createUserContext");
  const { context } = await session.send<{ context: string }>("browsingContext.create", { type: "tab", userContext });
  await session.send("browsingContext.setViewport", { context, viewport: { width: 1280, height: 900 } });
  session.complaints = [];
  session.addresses = [];
  return {
    go: (url) => session.send("browsingContext.navigate", { context, url, wait: "complete" }),
    back: () => session.send("browsingContext.traverseHistory", { context, delta: -1 }),
    call: async (functionDeclaration, argument) => {
      const outcome = await session.send<Outcome>("script.callFunction", {
        functionDeclaration,
        arguments: [{ type: "string", value: argument }],
        awaitPromise: true,
        target: { context },
      });
      if (outcome.type === "exception") throw new Error(outcome.exceptionDetails.text);
      return outcome.result.value;
    },
    perform: (actions) => session.send("input.performActions", { context, actions }),
    complaints: () => Promise.resolve([...session.complaints]),
    strangers: () =>
      session.addresses
        .map((address) => new URL(address))
        .filter(({ protocol, hostname }) => /^(http|ws)s?:$/.test(protocol) && hostname !== "127.0.0.1")
        .map(({ hostname }) => hostname),
    close: () => session.send("browser.removeUserContext", { userContext }),
  };
}
