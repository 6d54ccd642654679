/** WebKitGTK's own browser, driven by WebDriver, on a screen that nobody sees. */

import { execFileSync } from "node:child_process";
import type { InputSource } from "./input";
import { find, Folder, freePort, hidden, Running } from "./programs";
import { startProxy } from "./proxy";
import { Tab, type Browser, type Wire } from "./tab";

/** How long a browser may take to start, in milliseconds. */
const PATIENCE = 20_000;

/** Starts a screen for the tabs. Each is a browser and a driver of its own, as a driver that has had a session may never get another. */
export async function startWebKit(): Promise<Browser> {
  const driver = find({ variable: "WEBKIT_DRIVER", names: ["WebKitWebDriver"], debian: "webkit2gtk-driver" });
  const browser = find({
    variable: "WEBKIT_BROWSER",
    names: hidden("webkit2gtk-4.1/MiniBrowser", "webkitgtk-6.0/MiniBrowser"),
    debian: "webkit2gtk-driver",
  });
  const screen = new Running(find({ variable: "XVFB", names: ["Xvfb"], debian: "xvfb" }), [
    // It takes a number that is free, and says it on its standard output.
    ...["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
  ]);
  try {
    const display = `:${await screen.says(/^(\d+)\n/m)}`;
    const env = { ...process.env, DISPLAY: display };
    const name = execFileSync(browser, ["--version"], { encoding: "utf8", env, timeout: PATIENCE }).trim();
    return { name, tab: async () => new Tab(await insist(() => openTab(driver, browser, display))), close: () => screen.end() };
  } catch (error) {
    await screen.end();
    throw error;
  }
}

/** Once in some hundred times a driver waits for ever for the browser that it has started; the next one doesn't. */
async function insist<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (attempt === 3 || !(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    }
  }
}

/** A command of WebDriver; https://www.w3.org/TR/webdriver2/ has them all. */
async function ask<R>(method: "GET" | "POST" | "DELETE", address: string, body?: unknown, patience = 300_000): Promise<R> {
  const signal = AbortSignal.timeout(patience);
  const response = await fetch(address, { method, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: R & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`WebKit: ${value.error}: ${value.message}`);
  return value;
}

/** A browser whose storage is its own and ends with it. */
async function openTab(driver: string, browser: string, display: string): Promise<Wire> {
  const folder = new Folder();
  const proxy = await startProxy();
  const port = await freePort();
  const running = new Running(driver, [`--port=${port}`], {
    DISPLAY: display,
    GDK_BACKEND: "x11",
    // Layers are put together by OpenGL, which there may not be, or only in software.
    WEBKIT_DISABLE_COMPOSITING_MODE: "1",
    HOME: folder.path,
    ...Object.fromEntries(["CACHE", "CONFIG", "DATA", "STATE"].map((kind) => [`XDG_${kind}_HOME`, `${folder.path}/${kind}`])),
  });
  const address = `http://127.0.0.1:${port}`;
  let session: string | undefined;
  const close = async (): Promise<void> => {
    if (session !== undefined) await ask("DELETE", session).catch(() => undefined);
    await running.end();
    await proxy.close();
    folder.remove();
  };
  try {
    await running.waitFor(() => ask("GET", `${address}/status`).catch(() => null));
    const alwaysMatch = {
      "webkitgtk:browserOptions": { binary: browser, args: ["--automation", `--proxy=http://${proxy.address}`] },
      timeouts: { script: 120_000 },
    };
    const { sessionId } = await ask<{ sessionId: string }>("POST", `${address}/session`, { capabilities: { alwaysMatch } }, PATIENCE);
    session = `${address}/session/${sessionId}`;
    await ask("POST", `${session}/window/rect`, { x: 0, y: 0, width: 1280, height: 900 });
  } catch (error) {
    await close();
    throw error;
  }
  return new Session(session, proxy.strangers, close);
}

/** The tab's commands. */
class Session implements Wire {
  readonly #address: string;
  readonly #strangers: readonly string[];
  readonly #before: string[] = [];
  readonly close: () => Promise<void>;

  constructor(address: string, strangers: readonly string[], close: () => Promise<void>) {
    this.#address = address;
    this.#strangers = strangers;
    this.close = close;
  }

  async go(url: string): Promise<void> {
    // What is noted of a page goes with it.
    this.#before.push(...(await this.#noted()));
    await this.#ask("url", { url });
  }

  back(): Promise<void> {
    return this.#ask("back", {});
  }

  async call(source: string, argument: string): Promise<string> {
    const script = `
      const [argument, done] = arguments;
      (${source})(argument).then((answer) => done({ answer }), (error) => done({ error: String(error) }));`;
    const { answer, error } = await this.#ask<{ answer?: string; error?: string }>("execute/async", { script, args: [argument] });
    if (answer === undefined) throw new Error(error);
    return answer;
  }

  perform(actions: readonly InputSource[]): Promise<void> {
    return this.#ask("actions", { actions });
  }

  async complaints(): Promise<string[]> {
    return [...this.#before, ...(await this.#noted())];
  }

  strangers(): string[] {
    return [...this.#strangers];
  }

  #noted(): Promise<string[]> {
    return this.#ask("execute/sync", { script: "return window.complaints ?? []", args: [] });
  }

  #ask<R>(command: string, body: unknown): Promise<R> {
    return ask("POST", `${this.#address}/${command}`, body);
  }
}
