/** What is known of the libraries in this browser, for their list. */

import type { Manifest, ModelInfo } from "tabrank";
import { aboutIndex } from "../../index-file";
import type { Room, Shelf, Listed } from "../../library/shelf";

/** Vectors of a library by one model. */
export interface VectorFacts {
  readonly model: string;
  /** Whether it is the model in use. */
  readonly current: boolean;
  /** How many passages have one. */
  readonly passages: number;
}

/** A library with all that the list says of it. */
export interface KeptFacts extends Listed {
  readonly vectors: readonly VectorFacts[];
  /** Characters of all its passages; undefined where it can't be read. */
  readonly characters: number | undefined;
}

/** Bi-encoders whose vectors are looked for. */
interface Model {
  readonly id: string;
  readonly sha256: string;
}

/** Gathers what is known. */
export class Kept {
  readonly #shelf: Shelf;
  readonly #manifest: Manifest;
  /** What is under an id never changes but for its labels. */
  readonly #characters = new Map<string, number>();

  constructor(shelf: Shelf, manifest: Manifest) {
    this.#shelf = shelf;
    this.#manifest = manifest;
  }

  /** All libraries, those saved last first. `model` is the bi-encoder in use. */
  async facts(model: ModelInfo | null | undefined): Promise<KeptFacts[]> {
    const models = this.#models(model);
    const facts: KeptFacts[] = [];
    for (const listed of await this.#shelf.list()) {
      const vectors: VectorFacts[] = [];
      for (const { id, sha256 } of models) {
        const file = (await this.#shelf.vectors(listed.id, sha256))?.bytes;
        const passages = file === undefined ? 0 : Math.min(aboutIndex(file)?.passages ?? 0, listed.passages);
        if (passages > 0) vectors.push({ model: id, current: sha256 === model?.sha256, passages });
      }
      facts.push({ ...listed, vectors, characters: await this.#length(listed.id) });
    }
    return facts;
  }

  /** How much room is taken and left. */
  room(): Promise<Room | undefined> {
    return this.#shelf.room();
  }

  #models(model: ModelInfo | null | undefined): Model[] {
    const known = this.#manifest.models.flatMap(({ id, role, sha256 }) =>
      role === "bi-encoder" && sha256 !== null ? [{ id, sha256 }] : [],
    );
    const current = model == null || known.some(({ sha256 }) => sha256 === model.sha256) ? [] : [{ id: model.id, sha256: model.sha256 }];
    return [...current, ...known];
  }

  async #length(id: string): Promise<number | undefined> {
    const known = this.#characters.get(id);
    if (known !== undefined) return known;
    try {
      const { passages } = await this.#shelf.load(id);
      const length = passages.reduce((sum, { text }) => sum + text.length, 0);
      this.#characters.set(id, length);
      return length;
    } catch {
      return undefined;
    }
  }
}
