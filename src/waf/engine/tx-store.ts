/** The TX collection of one transaction. Names that stand in rules have numbers, so that most are found without a look-up. */

/** The names of a plan's rules. */
export class TxNames {
  readonly #slots = new Map<string, number>();
  /** As first written. */
  readonly names: string[] = [];

  constructor() {
    for (let group = 0; group < 10; group++) this.slot(String(group));
  }

  slot(name: string): number {
    const key = name.toLowerCase();
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.names.length;
      this.#slots.set(key, slot);
      this.names.push(name);
    }
    return slot;
  }

  /** @param key in lower case */
  find(key: string): number | undefined {
    return this.#slots.get(key);
  }

  /** The slots of the names like the pattern, as long as no further ones are added looked up once. */
  matching(pattern: RegExp): () => readonly number[] {
    let known: readonly number[] = [];
    let looked = 0;
    return () => {
      if (looked !== this.names.length) {
        looked = this.names.length;
        known = [...this.names.keys()].filter((slot) => pattern.test(this.names[slot]));
      }
      return known;
    };
  }
}

/** Names that no rule has, made by macros; more are not kept. */
const MOST_OTHERS = 1000;
/** Longer values are cut. */
const LONGEST_VALUE = 65_536;

export class TxStore {
  readonly #names: TxNames;
  readonly values: (string | undefined)[];
  #others: Map<string, { name: string; value: string }> | undefined = undefined;

  constructor(names: TxNames, values: (string | undefined)[]) {
    this.#names = names;
    this.values = values;
  }

  set(slot: number, value: string | undefined): void {
    this.values[slot] = value !== undefined && value.length > LONGEST_VALUE ? value.slice(0, LONGEST_VALUE) : value;
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    const slot = this.#names.find(key);
    return slot === undefined ? this.#others?.get(key)?.value : this.values[slot];
  }

  setByName(name: string, value: string | undefined): void {
    const key = name.toLowerCase();
    const slot = this.#names.find(key);
    if (slot !== undefined) {
      this.set(slot, value);
      return;
    }
    this.#others ??= new Map();
    if (value === undefined) this.#others.delete(key);
    else if (this.#others.size < MOST_OTHERS || this.#others.has(key)) {
      this.#others.set(key, { name, value: value.slice(0, LONGEST_VALUE) });
    }
  }

  /** Calls `visit` for everything that is set. */
  each(visit: (name: string, value: string) => void): void {
    const { names } = this.#names;
    for (let slot = 0; slot < names.length; slot++) {
      const value = this.values[slot];
      if (value !== undefined) visit(names[slot], value);
    }
    if (this.#others !== undefined) for (const { name, value } of this.#others.values()) visit(name, value);
  }

  /** As `each`, for those of the slots, and what has none and a name like the pattern. */
  eachOf(slots: readonly number[], pattern: RegExp, visit: (name: string, value: string) => void): void {
    for (const slot of slots) {
      const value = this.values[slot];
      if (value !== undefined) visit(this.#names.names[slot], value);
    }
    if (this.#others === undefined) return;
    for (const { name, value } of this.#others.values()) if (pattern.test(name)) visit(name, value);
  }
}
