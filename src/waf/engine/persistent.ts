/** Collections that outlive a transaction (IP, GLOBAL, SESSION, USER, RESOURCE): bounded, of this thread, with an end. */

interface Variable {
  readonly name: string;
  value: string;
  /** Milliseconds since 1970; Infinity: as long as the collection. */
  expires: number;
}

const MOST_VARIABLES = 256;
const LONGEST_VALUE = 4096;

export class Collection {
  readonly #variables = new Map<string, Variable>();
  /** When it is forgotten, in milliseconds since 1970. */
  expires = 0;

  get(name: string, now: number): string | undefined {
    const variable = this.#variables.get(name.toLowerCase());
    return variable === undefined || variable.expires <= now ? undefined : variable.value;
  }

  set(name: string, value: string | undefined): void {
    const key = name.toLowerCase();
    if (value === undefined) {
      this.#variables.delete(key);
      return;
    }
    const known = this.#variables.get(key);
    if (known === undefined && this.#variables.size >= MOST_VARIABLES) return;
    this.#variables.set(key, { name, value: value.slice(0, LONGEST_VALUE), expires: known?.expires ?? Infinity });
  }

  expire(name: string, at: number): void {
    const variable = this.#variables.get(name.toLowerCase());
    if (variable !== undefined) variable.expires = at;
  }

  each(now: number, visit: (name: string, value: string) => void): void {
    for (const { name, value, expires } of this.#variables.values()) if (expires > now) visit(name, value);
  }

  /** Drops what has ended, so that a later variable of that name begins anew. */
  sweep(now: number): void {
    for (const [key, { expires }] of this.#variables) if (expires <= now) this.#variables.delete(key);
  }
}

/** All collections of a plan; the one that was used longest ago goes first. */
export class Collections {
  readonly #byKey = new Map<string, Collection>();
  readonly #limit: number;
  readonly #timeout: number;

  /** @param timeout milliseconds that a collection lives after its last use */
  constructor(limit: number, timeout: number) {
    this.#limit = limit;
    this.#timeout = timeout;
  }

  open(kind: string, key: string, now: number): Collection {
    const name = `${kind}:${key}`;
    let collection = this.#byKey.get(name);
    if (collection !== undefined) this.#byKey.delete(name);
    if (collection === undefined || collection.expires <= now) collection = new Collection();
    collection.expires = now + this.#timeout;
    collection.sweep(now);
    this.#byKey.set(name, collection);
    if (this.#byKey.size > this.#limit) this.#byKey.delete(this.#byKey.keys().next().value as string);
    return collection;
  }
}
