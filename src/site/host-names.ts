/** Names of hosts and what stands for each: exact names first, then the longest wildcard, then `*`. */
export class HostNames<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new Map<string, T>();
  #any: T | undefined;

  /** @param names normalised, as in the configuration: `a.com`, `*.a.com`, `*` */
  add(names: readonly string[], value: T): void {
    for (const name of names) {
      if (name === '*') this.#any ??= value;
      else if (name.startsWith('*.')) this.#suffixes.set(name.slice(1), value);
      else this.#exact.set(name, value);
    }
  }

  /** What stands for a normalised host name without port. */
  find(host: string): T | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#suffixes.get(host.slice(dot));
      if (found !== undefined) return found;
    }
    return this.#any;
  }

  names(): string[] {
    const suffixes = [...this.#suffixes.keys()].map((suffix) => `*${suffix}`);
    return [...this.#exact.keys(), ...suffixes, ...(this.#any === undefined ? [] : ['*'])];
  }
}
