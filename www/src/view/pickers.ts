/** The choice of models, from the manifest. */

import type { Info, Manifest, ManifestEntry, ModelInfo } from "tabrank";
import { byId, h, megabytes } from "./dom";

type Role = ManifestEntry["role"];

/** The two lists of models and the facts beside them. */
export class Pickers {
  readonly #selects: Readonly<Record<Role, HTMLSelectElement>>;
  #manifest: Manifest | undefined;

  /** `onChoose` is called when the reader picks a model for a role. */
  constructor(onChoose: (role: Role, id: string) => void) {
    this.#selects = {
      "bi-encoder": byId("bi-encoder", HTMLSelectElement),
      "cross-encoder": byId("cross-encoder", HTMLSelectElement),
    };
    for (const role of roles) {
      const select = this.#selects[role];
      select.addEventListener("change", () => onChoose(role, select.value));
    }
  }

  /** Lists the models of a manifest, and their licences in the footer. */
  fill(manifest: Manifest): void {
    this.#manifest = manifest;
    for (const role of roles) {
      const models = manifest.models.filter((model) => model.role === role);
      const select = this.#selects[role];
      select.replaceChildren(...models.map((model) => h("option", { value: model.id, title: model.description }, label(model))));
      select.disabled = false;
    }
    const licences = manifest.models.map(({ id, licence }) => h("li", {}, `${id}: ${licence}`));
    byId("licences", HTMLElement).replaceChildren(...licences);
  }

  /** Selects these models; undefined stands for the manifest's default. */
  select(biEncoder: string | undefined, crossEncoder: string | undefined): void {
    const defaults = this.#manifest?.defaults;
    this.#selects["bi-encoder"].value = biEncoder ?? defaults?.bi_encoder ?? "";
    this.#selects["cross-encoder"].value = crossEncoder ?? defaults?.cross_encoder ?? "";
  }

  /** Says what is loaded. */
  facts(info: Info): void {
    byId("bi-encoder-fact", HTMLElement).textContent = info.biEncoder ? facts(info.biEncoder) : "";
    byId("cross-encoder-fact", HTMLElement).textContent = facts(info.crossEncoder);
  }
}

const roles: readonly Role[] = ["bi-encoder", "cross-encoder"];

/** A model that this site holds is there at once; one from the hub is a longer wait, which the list should say. */
function label(model: ManifestEntry): string {
  if (model.bytes !== null) return `${model.id} (${megabytes(model.bytes)})`;
  const files = model.origin?.files ?? [];
  const sizes = files.map(({ bytes }) => bytes);
  const known = sizes.length > 0 && sizes.every((bytes) => bytes !== null);
  return known ? `${model.id} (hub, ${megabytes(sizes.reduce((sum, bytes) => sum + bytes, 0))})` : `${model.id} (not on this site)`;
}

function facts({ layers, width, maxTokens }: ModelInfo): string {
  return `${layers} layers of width ${width}, reads ${maxTokens} tokens`;
}
