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
  readonly #cache: Cache;
  /** By number; those of removed sites stay, for logs and metrics of what they had. */
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(config: Config, cache: Cache) {
    this.config = config;
    this.#cache = cache;
    this.hosts = hostTables([]);
    this.number(config);
    this.replace(config);
  }

  /** Gives each site the number that its name has had since it was first there. */
  number(config: Config): void {
    for (const site of config.sites) {
      const number = this.#numbers.get(site.name) ?? this.#names.length;
      if (number === this.#names.length) {
        this.#names.push(site.name);
        this.#numbers.set(site.name, number);
      }
      site.number = number;
    }
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
