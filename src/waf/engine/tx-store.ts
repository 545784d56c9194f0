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

  find(name: string): number | undefined {
    return this.#slots.get(name.toLowerCase());
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
    const slot = this.#names.find(name);
    return slot === undefined ? this.#others?.get(name.toLowerCase())?.value : this.values[slot];
  }

  setByName(name: string, value: string | undefined): void {
    const slot = this.#names.find(name);
    if (slot !== undefined) {
      this.set(slot, value);
      return;
    }
    const key = name.toLowerCase();
    this.#others ??= new Map();
    if (value === undefined) this.#others.delete(key);
    else if (this.#others.size < MOST_OTHERS || this.#others.has(key)) {
      this.#others.set(key, { name, value: value.slice(0, LONGEST_VALUE) });
    }
  }

  /** Calls `visit` for everything that is set, and whose name passes. */
  each(wanted: RegExp | undefined, visit: (name: string, value: string) => void): void {
    const { names } = this.#names;
    for (let slot = 0; slot < names.length; slot++) {
      const value = this.values[slot];
      if (value !== undefined && (wanted === undefined || wanted.test(names[slot]))) visit(names[slot], value);
    }
    if (this.#others === undefined) return;
    for (const { name, value } of this.#others.values())
      if (wanted === undefined || wanted.test(name)) visit(name, value);
  }
}
