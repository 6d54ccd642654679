// `node tests/kernels/run.mjs FILE.wasm ...`: runs test binaries compiled for WASI in headless Chromium, where the engine runs and
// where every instruction that it uses is at hand. Fails if one of their tests does. `./build.sh test` makes the binaries.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { chromium } from "playwright-core";

/**
 * Runs in the browser: a system for one program that writes to its standard streams, wants random numbers, and ends. The first test
 * that fails ends it, as WebAssembly knows no unwinding.
 */
async function run(base64, args) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const program = await WebAssembly.compile(bytes);
  const end = Symbol("end");
  const texts = args.map((arg) => new TextEncoder().encode(`${arg}\0`));
  const decoder = new TextDecoder();
  let memory;
  let output = "";
  const view = () => new DataView(memory.buffer);
  const system = {
    args_sizes_get(count, size) {
      view().setUint32(count, texts.length, true);
      view().setUint32(size, texts.reduce((sum, { length }) => sum + length, 0), true);
      return 0;
    },
    args_get(pointers, at) {
      texts.forEach((text, i) => {
        view().setUint32(pointers + 4 * i, at, true);
        new Uint8Array(memory.buffer, at).set(text);
        at += text.length;
      });
      return 0;
    },
    environ_sizes_get(count, size) {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return 0;
    },
    environ_get: () => 0,
    // EBADF: there are no folders.
    fd_prestat_get: () => 8,
    clock_time_get(clock, precision, at) {
      view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
    random_get(at, length) {
      // The browser gives no more at once.
      for (let from = 0; from < length; from += 65536) {
        crypto.getRandomValues(new Uint8Array(memory.buffer, at + from, Math.min(65536, length - from)));
      }
      return 0;
    },
    fd_write(stream, parts, count, written) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const [at, length] = [view().getUint32(parts + 8 * i, true), view().getUint32(parts + 8 * i + 4, true)];
        output += decoder.decode(new Uint8Array(memory.buffer, at, length), { stream: true });
        sum += length;
      }
      view().setUint32(written, sum, true);
      return 0;
    },
    proc_exit(code) {
      throw { [end]: true, code };
    },
  };
  const imports = {};
  for (const { module, name } of WebAssembly.Module.imports(program)) {
    // Whatever else there is of a system, this one hasn't: ENOSYS.
    (imports[module] ??= {})[name] = system[name] ?? (() => 52);
  }
  try {
    const { exports } = await WebAssembly.instantiate(program, imports);
    ({ memory } = exports);
    exports._start();
    return { output, code: 0 };
  } catch (error) {
    return error?.[end] ? { output, code: error.code } : { output: `${output}\n${error}\n`, code: 1 };
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const file of process.argv.slice(2)) {
    const page = await browser.newPage();
    // A failed test's message would be lost if the test's output were kept until its end.
    const args = JSON.stringify([basename(file), "--nocapture", "--test-threads=1"]);
    const { output, code } = await page.evaluate(`(${run})("${readFileSync(file, "base64")}", ${args})`);
    // A program that ends well but says nothing of its tests has failed too.
    const passed = code === 0 && /^test result: ok\. [1-9].*/m.exec(output)?.[0];
    // proptest has no folder where it could keep what fails, and says so each time.
    const details = output.replaceAll(/proptest: (Failed to find absolute path|FileFailurePersistence).*\n/g, "").trim();
    console.log(`${basename(file, ".wasm")}: ${passed || `failed\n${details}`}`);
    if (!passed) process.exitCode = 1;
    await page.close();
  }
} finally {
  await browser.close();
}
