/** Reading what a lesson says of an exhibit, with errors that name the setting. */

/** The settings of one exhibit. Each reader takes a setting by its name; what nobody took is an error in the end. */
export class Settings {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #taken = new Set<string>();

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** A text that isn't blank. */
  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== "string" || value.trim() === "") throw new Error(`${name} must be a text, but it is ${shown(value)}.`);
    return value;
  }

  /** A number within limits. */
  number(name: string, { min = -Infinity, max = Infinity }: { readonly min?: number; readonly max?: number } = {}): number {
    const value = this.#take(name);
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw new Error(`${name} must be a number from ${min} to ${max}, but it is ${shown(value)}.`);
  }

  /** A list of texts with at least one in it. */
  texts(name: string): string[] {
    const value = this.#take(name);
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) return value as string[];
    throw new Error(`${name} must be a list of texts, but it is ${shown(value)}.`);
  }

  /** A list of numbers with at least one in it. */
  numbers(name: string): number[] {
    const value = this.#take(name);
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "number")) return value as number[];
    throw new Error(`${name} must be a list of numbers, but it is ${shown(value)}.`);
  }

  /** Whether a setting is there. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Insists that every setting was taken. */
  end(): void {
    const unknown = Object.keys(this.#values).filter((name) => !this.#taken.has(name));
    if (unknown.length > 0) throw new Error(`There is no setting ${unknown.join(", ")} here; there are ${[...this.#taken].join(", ")}.`);
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return this.#values[name];
  }
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
