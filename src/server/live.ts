import type { Cache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import { type HostTables, hostTables } from '../site/host-table.ts';
import { SitePlan } from '../site/plan.ts';

/** The configuration in force as main sees it; a reload replaces it as a whole. */
export class Live {
  generation = 0;
  config: Config;
  /** In the order of the configuration. */
  sites: readonly SitePlan[] = [];
  hosts: HostTables;
  /** Told of all names whenever there are new ones, before anything is stored for them. */
  named: ((names: [name: string, number: number][]) => void) | undefined;
  readonly #cache: Cache;
  /** By number; those of removed sites stay, for logs and metrics of what they had. */
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** @param known numbers that names have had in earlier processes */
  constructor(config: Config, cache: Cache, known: readonly (readonly [name: string, number: number])[] = []) {
    this.config = config;
    this.#cache = cache;
    this.hosts = hostTables([]);
    for (const [name, number] of known) this.#name(name, number);
    this.number(config);
    this.replace(config);
  }

  /** Gives each site the number that its name has had since it was first there. */
  number(config: Config): void {
    let isNew = false;
    for (const site of config.sites) {
      const number = this.#numbers.get(site.name) ?? this.#names.length;
      site.number = number;
      if (this.#numbers.has(site.name)) continue;
      this.#name(site.name, number);
      isNew = true;
    }
    if (isNew) this.named?.(this.names);
  }

  /** All names that there have been, with their numbers. */
  get names(): [name: string, number: number][] {
    return [...this.#numbers];
  }

  #name(name: string, number: number): void {
    this.#names[number] = name;
    this.#numbers.set(name, number);
  }

  /** Name of a site by number, of removed ones too. */
  siteName(number: number): string | undefined {
    return this.#names[number];
  }

  /** Puts a numbered configuration in force. */
  replace(config: Config): void {
    this.config = config;
    this.sites = config.sites.map((site) => new SitePlan(site.number, site, this.#cache));
    this.hosts = hostTables(this.sites);
    this.generation++;
  }
}
