/** A Chroma server on this machine, as its Python package carries it. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { folder } from "./app";

/** A server. */
export interface Chroma {
  url: string;
  stop(): Promise<void>;
}

const installed = join(folder, "chroma-server");

/** Starts it, empty, for pages of any origin. */
export async function startChroma(): Promise<Chroma> {
  if (!existsSync(installed)) throw new Error(`Missing: ${installed}. Run ./build.sh apps, which installs it.`);
  const data = await mkdtemp(join(tmpdir(), "tabrank-chroma-"));
  const port = await freePort();
  const configuration = join(data, "chroma.yaml");
  await writeFile(configuration, `port: ${port}\nlisten_address: "127.0.0.1"\npersist_path: ${JSON.stringify(join(data, "data"))}\ncors_allow_origins: ["*"]\n`);
  // The command `chroma` is this and a check for newer versions, which wants more packages than the server does.
  const start = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(['chroma', 'run', sys.argv[1]])";
  const server = spawn("python3", ["-c", start, configuration], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PYTHONPATH: installed } });
  let said = "";
  server.stderr.on("data", (part: Buffer) => {
    said += String(part);
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const alive = await fetch(`${url}/api/v2/heartbeat`).then(({ ok }) => ok, () => false);
    if (alive) break;
    if (tries === 600 || server.exitCode !== null) {
      server.kill();
      throw new Error(`Chroma doesn't answer: ${said}`);
    }
    await sleep(100);
  }
  return {
    url,
    async stop() {
      server.kill();
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
