// `./build.sh page-speed [--rounds N]`: how soon the built page shows its text, and for how long its main thread is ever busy at a
// stretch while models load and work. Each round is a first visit, with nothing stored. What is measured is the browser's own:
// largest contentful paint, the long tasks (over 50 ms) of the page's main thread by the clock, and how much of that the thread was
// at work: the workers keep every core busy, and the rest of such a task is waiting for one.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.mjs";
import { machine } from "./lib/machine.mjs";
import { serve } from "./lib/server.mjs";
import { median } from "./lib/statistics.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const site = join(root, "www/dist");
const at = process.argv.indexOf("--rounds");
const rounds = at > 0 ? Number(process.argv[at + 1]) : 5;

const server = await serve(site, false);

/** What is opened, and how one sees that the models have done their work. */
const visits = [
  { name: "search", query: "", done: "#judge [data-id]" },
  { name: "lesson", query: "?lesson=the-trap", done: "text=Computed in this tab" },
  { name: "list of lessons", query: "?lessons", done: undefined },
];

/** The mark that ends what is measured of a visit. */
const END = "measured";

/**
 * The longest time, in milliseconds of its processor, that the page's main thread took over a task.
 *
 * @param {Buffer} trace
 */
function longestAtWork(trace) {
  /** @type {{ name: string, ph: string, ts: number, pid: number, tid: number, tdur?: number, args?: { name?: string } }[]} */
  const events = JSON.parse(trace.toString("utf8")).traceEvents;
  const end = events.find(({ name }) => name === END);
  const main = events.find(({ name, pid, args }) => name === "thread_name" && pid === end?.pid && args?.name === "CrRendererMain");
  const tasks = events.filter(
    ({ ph, ts, pid, tid, name }) => ph === "X" && ts < (end?.ts ?? 0) && pid === main?.pid && tid === main?.tid && name.endsWith("RunTask"),
  );
  if (tasks.length === 0) throw new Error("The browser's trace has no tasks of the page's main thread.");
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
}

const browser = await launch();
const results = [];
for (const { name, query, done } of visits) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const seen = { paint: 0, tasks: /** @type {number[]} */ ([]) };
      Object.assign(window, { seen });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.paint = entry.startTime;
      }).observe({ type: "largest-contentful-paint", buffered: true });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.tasks.push(entry.duration);
      }).observe({ type: "longtask", buffered: true });
    });
    await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing", "__metadata"] });
    await page.goto(`${server.url}${query}`);
    if (done === undefined) await page.waitForTimeout(3000);
    else await page.waitForSelector(done, { timeout: 120_000 });
    await page.waitForTimeout(500);
    // The tracer's own work at the end is nobody's wait.
    await page.evaluate((name) => void performance.mark(name), END);
    const { paint, tasks } = await page.evaluate(() => /** @type {{ seen: { paint: number, tasks: number[] } }} */ (/** @type {unknown} */ (window)).seen);
    runs.push({ paint, tasks, atWork: longestAtWork(await browser.stopTracing()) });
    await context.close();
  }
  const paint = median(runs.map((run) => run.paint));
  const longest = Math.max(0, ...runs.flatMap((run) => run.tasks));
  const result = {
    name,
    largestContentfulPaint: { median: Math.round(paint), greatest: Math.round(Math.max(...runs.map((run) => run.paint))) },
    longTasks: {
      inAll: runs.reduce((sum, run) => sum + run.tasks.length, 0),
      longest: Math.round(longest),
      longestAtWork: Math.round(Math.max(...runs.map((run) => run.atWork))),
    },
  };
  results.push(result);
  console.log(
    `${name.padEnd(16)} largest contentful paint ${result.largestContentfulPaint.median} ms (greatest ${result.largestContentfulPaint.greatest}), ` +
      `tasks over 50 ms: ${result.longTasks.inAll} in ${rounds} visits, the longest ${result.longTasks.longest} ms; ` +
      `longest at work ${result.longTasks.longestAtWork} ms`,
  );
}
const about = machine(browser);
await browser.close();
server.close();
const report = { date: new Date().toISOString().slice(0, 10), rounds, machine: about, visits: results };
writeFileSync(join(root, "bench/results/page.json"), `${JSON.stringify(report, null, 2)}\n`);
