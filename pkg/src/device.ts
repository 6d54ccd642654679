/** Whether a GPU scores and embeds, or the CPU. */

import { BadInputError } from "./errors.js";
import type { Device, GpuCosts, GpuInfo } from "./types.js";

/** By how much the GPU must be expected to be faster, lest errors of measurement decide. */
const margin = 0.9;

/** As much work as is ever asked for at once: 200 long passages. */
const most = 200 * 512;

/** Checks the option. */
export function deviceWanted(option: unknown): Device {
  if (option === undefined) return "auto";
  if (option === "auto" || option === "webgpu" || option === "cpu") return option;
  throw new BadInputError(`device must be "auto", "webgpu" or "cpu", but it is ${JSON.stringify(option)}.`);
}

/** Whether so many tokens take less time on the GPU than on the CPU with so many workers. */
export function pays({ cpu, gpu }: GpuCosts, tokens: number, workers: number): boolean {
  return gpu.batch + gpu.token * tokens < margin * (cpu.batch + (cpu.token * tokens) / workers);
}

/** Whether there is any work for which the GPU would be taken. */
export function everPays(costs: GpuCosts, workers: number): boolean {
  return pays(costs, most, workers);
}

/** Whether so many tokens are to be computed on the GPU. */
export function onGpu(gpu: GpuInfo | undefined, tokens: number, workers: number): boolean {
  if (gpu?.state !== "ready") return false;
  // Without measurements it was insisted on.
  return gpu.costs === undefined || pays(gpu.costs, tokens, workers);
}

/** The measurements, for people. */
export function costsInWords({ cpu, gpu }: GpuCosts, workers: number): string {
  const ms = (token: number) => `${Number((1000 * token).toPrecision(2))} ms`;
  return `1000 tokens take ${ms(gpu.token)} on the GPU and ${ms(cpu.token / workers)} on the CPU`;
}
