/** What a case needs and this library does not have: the case fails, and says so. */
export class Unavailable extends Error {
  constructor(what: string) {
    super(`no ${what}`);
  }
}

/** The fields of one layer. Each is read once, and whatever nobody has read is refused. */
export class Fields {
  readonly #layer: string;
  readonly #values: Map<string, unknown>;

  constructor(layer: string, values: unknown) {
    if (typeof values !== "object" || Array.isArray(values))
      throw new Unavailable(`layer ${layer} with the value ${JSON.stringify(values)}`);
    this.#layer = layer;
    this.#values = new Map(Object.entries(values ?? {}));
  }

  raw(name: string): unknown {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }

  number(name: string, otherwise: number): number {
    const value = this.raw(name) ?? otherwise;
    return typeof value === "number" ? value : this.#refuse(name, value);
  }

  numberOrNull(name: string, otherwise: number | null): number | null {
    const value = this.raw(name) ?? otherwise;
    return typeof value === "number" || value === null ? value : this.#refuse(name, value);
  }

  numbers(name: string, otherwise: readonly number[]): readonly number[] {
    const value = this.raw(name) ?? otherwise;
    const list = typeof value === "number" ? [value] : value;
    return Array.isArray(list) && list.every((item) => typeof item === "number") ? list : this.#refuse(name, value);
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.raw(name) ?? otherwise;
    return typeof value === "boolean" ? value : this.#refuse(name, value);
  }

  /** One of a few words, as what it means here. */
  word<T>(name: string, otherwise: string, meanings: Readonly<Record<string, T>>): T {
    const value = String(this.raw(name) ?? otherwise);
    return Object.hasOwn(meanings, value) ? (meanings[value] as T) : this.#refuse(name, value);
  }

  /** `{"inverse": 0.5}` as a name and a number. */
  onlyEntry(name: string, allowed: readonly string[]): readonly [string, number] | null {
    const value = this.raw(name) ?? null;
    if (value === null) return null;
    const entries = Object.entries(value);
    const [key, number] = entries[0] ?? [];
    if (entries.length !== 1 || typeof number !== "number" || !allowed.includes(key!)) return this.#refuse(name, value);
    return [key!, number];
  }

  /** Reads fields that change nothing about a kernel. */
  irrelevant(...names: readonly string[]): object {
    for (const name of names) this.raw(name);
    return {};
  }

  refuseOthers(): void {
    const [name] = this.#values.keys();
    if (name !== undefined) throw new Unavailable(`field ${name} of layer ${this.#layer}`);
  }

  #refuse(name: string, value: unknown): never {
    throw new Unavailable(`${name} ${JSON.stringify(value)} of layer ${this.#layer}`);
  }
}
