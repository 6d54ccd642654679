/** Programs that the tests start: found, given a folder of their own, and ended with everything that they started. */

import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/** What is looked for, and where it is to be had. */
export interface Program {
  /** Environment variable that may hold its path. */
  readonly variable: string;
  /** Its names in PATH, or its absolute paths; the first that is there is taken. */
  readonly names: readonly string[];
  /** Debian's package. */
  readonly debian: string;
}

/** The path of a program; where there is none, the error says what to do. */
export function find({ variable, names, debian }: Program): string {
  const given = process.env[variable];
  const found = (given === undefined ? names : [given]).map(pathOf).find((path) => path !== undefined);
  if (found !== undefined) return found;
  if (given !== undefined) throw new Error(`${variable} is set to ${given}, but there is no such program.`);
  throw new Error(`${names[0]} is missing. Install it (Debian: apt-get install ${debian}), or set ${variable} to its path.`);
}

function pathOf(name: string): string | undefined {
  const folders = isAbsolute(name) ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(runs);
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Paths of a program that distributions keep out of PATH, as `folder/name` below the folders that they have for such. */
export function hidden(...names: readonly string[]): string[] {
  const byMachine = readdirSync("/usr/lib").filter((name) => name.endsWith("-linux-gnu"));
  const places = [...byMachine.map((name) => `/usr/lib/${name}`), "/usr/libexec", "/usr/lib"];
  return places.flatMap((place) => names.map((name) => `${place}/${name}`));
}

/** A folder for one run. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "tabrank-e2e-"));

  remove(): void {
    // What has just been killed may still be writing its last.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** A program that has been started. */
export class Running {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #atExit = (): void => this.#kill();
  #said = "";
  #ended: string | undefined;

  /** Starts a program; `environment` is added to that of the tests. */
  constructor(path: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#name = path;
    this.#child = spawn(path, args, {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of processes of its own, so that nothing of it is left behind.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", (data: Buffer) => (this.#said += data.toString()));
    this.#exited = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve(this.#end(error.message)));
      this.#child.on("exit", (code, signal) => resolve(this.#end(`it ended with ${code ?? signal}`)));
    });
    process.once("exit", this.#atExit);
  }

  /** Waits until it has said something of this pattern; what the first group matched. */
  async says(pattern: RegExp, seconds = 30): Promise<string> {
    const match = await this.waitFor(() => pattern.exec(this.#said), seconds);
    return match[1] ?? "";
  }

  /** Waits until `look` finds something, as long as the program runs. */
  async waitFor<T>(look: () => T | null | Promise<T | null>, seconds = 30): Promise<T> {
    const latest = Date.now() + seconds * 1000;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      const why = this.#ended ?? (Date.now() > latest ? `nothing after ${seconds} s` : undefined);
      if (why !== undefined) throw new Error(`${this.#name} could not be used: ${why}. It said:\n${this.#said.trim() || "nothing"}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it, and what it has started. Nothing of it is wanted any more, so it isn't asked. */
  async end(): Promise<void> {
    this.#kill();
    await this.#exited;
    process.off("exit", this.#atExit);
  }

  #end(why: string): void {
    this.#ended ??= why;
  }

  #kill(): void {
    try {
      // The group may outlive the program that it began with.
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
