import { statSync } from 'node:fs';
import type { Config, SiteConfig } from '../config/config.ts';
import { loadCountries } from '../geo/country.ts';
import { rulesAskForCountries } from '../site/rules.ts';
import type { EdgeListen, PlanData } from '../threads/messages.ts';
import type { TlsKeeper } from '../tls/keeper.ts';
import type { LimitLines } from './limit-lines.ts';
import type { Origins } from './origins.ts';

/** Puts together what edges get of a configuration. What was read from files is kept for the next one. */
export class Planner {
  readonly #tls: TlsKeeper;
  readonly #origins: Origins;
  readonly #limits: LimitLines;
  #countries: SharedArrayBuffer | undefined;
  /** The file that they came from, as it was then. */
  #database = '';

  constructor(tls: TlsKeeper, origins: Origins, limits: LimitLines) {
    this.#tls = tls;
    this.#limits = limits;
    this.#origins = origins;
  }

  /** @throws CountryDatabaseError, CertificateError */
  plan(config: Config, generation: number, listen: EdgeListen[]): PlanData {
    // edges have no use for the secrets
    const shared = { ...config, adminToken: undefined, acme: { ...config.acme, eabKey: undefined } };
    return {
      generation,
      config: shared,
      countries: this.#countriesFor(config),
      originSlots: this.#origins.assign(config.sites),
      limitLines: this.#limits.assign(config.sites),
      tls: this.#tls.termsFor(config),
      listen,
    };
  }

  #countriesFor({ sites, geo }: Config): SharedArrayBuffer | undefined {
    if (!sites.some(asksForCountries)) return undefined;
    const database = identityOf(geo.database);
    if (this.#countries === undefined || this.#database !== database) {
      this.#countries = loadCountries(geo.database);
      this.#database = database;
    }
    return this.#countries;
  }
}

/** Tells a file apart from another one, and from itself at another time. That of lb itself does not change. */
function identityOf(file: string | undefined): string {
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? `${file}` : `${file} ${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

/** Whether a cache key, a rule or a limit of the site has the client's country in it. */
function asksForCountries(site: SiteConfig): boolean {
  const { cache, rateLimits } = site;
  if (rateLimits.some(({ by }) => by.includes('country'))) return true;
  return [cache, ...cache.rules].some(({ key }) => key.country) || rulesAskForCountries(site);
}
