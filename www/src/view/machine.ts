/** What computes: the reader's choice, and what has become of the GPU. */

import type { Device, GpuInfo } from "tabrank";
import { DEVICES } from "../state";
import { byId, h } from "./dom";

const NAMES: Readonly<Record<Device, string>> = { auto: "faster of GPU and CPU", webgpu: "GPU", cpu: "CPU" };

/** The list and the line beside it. */
export class Machine {
  readonly #list = byId("device", HTMLSelectElement);
  readonly #fact = byId("device-fact", HTMLElement);

  constructor(onChoice: (device: Device) => void) {
    this.#list.append(...DEVICES.map((device) => h("option", { value: device }, NAMES[device])));
    this.#list.disabled = false;
    this.#list.addEventListener("change", () => onChoice(DEVICES[this.#list.selectedIndex] ?? "auto"));
  }

  /** Shows a choice. */
  select(device: Device): void {
    this.#list.value = device;
    this.#fact.textContent = "";
  }

  /** Shows what is known of the GPU. */
  tell(gpu: GpuInfo): void {
    this.#fact.textContent = inWords(gpu);
  }
}

/** What is known of the GPU, in a sentence. */
export function inWords({ state, reason, adapter, agreement, costs }: GpuInfo): string {
  const name = adapter === undefined ? "The GPU" : `The GPU (${adapter})`;
  switch (state) {
    case "trying":
      return "The GPU is being compared with the CPU; until that is done, the CPU computes.";
    case "ready": {
      const near = agreement === undefined ? "" : ` Its logits are within ${agreement.logits.toFixed(3)} of the CPU’s.`;
      return `${name} is used${costs === undefined ? "" : " where it is faster"}: ${reason}.${near}`;
    }
    case "off":
      return `The CPU computes: ${reason}.`;
    case "failed":
      return `The CPU computes, as ${name.charAt(0).toLowerCase()}${name.slice(1)} can’t be used: ${reason}`;
  }
}
