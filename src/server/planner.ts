import { statSync } from 'node:fs';
import type { Config, SiteConfig } from '../config/config.ts';
import { loadCountries } from '../geo/country.ts';
import { rulesAskForCountries } from '../site/rules.ts';
import type { EdgeListen, PlanData } from '../threads/messages.ts';
import type { TlsKeeper } from '../tls/keeper.ts';
import { CustomRules } from '../waf/custom/custom-rules.ts';
import {
  isInspecting,
  rulesKey,
  asksForCountries as rulesLookUp,
  type SharedRules,
  shareRules,
} from '../waf/ruleset/shared-rules.ts';
import type { LimitLines } from './limit-lines.ts';
import type { Origins } from './origins.ts';

/** Puts together what edges get of a configuration. What was read from files is kept for the next one. */
export class Planner {
  readonly #tls: TlsKeeper;
  readonly #origins: Origins;
  readonly #limits: LimitLines;
  #countries: SharedArrayBuffer | undefined;
  /** By what sites want to be loaded. */
  #rules: ReadonlyMap<string, SharedRules> = new Map();
  /** The file that they came from, as it was then. */
  #database = '';

  constructor(tls: TlsKeeper, origins: Origins, limits: LimitLines) {
    this.#tls = tls;
    this.#limits = limits;
    this.#origins = origins;
  }

  /** @throws CountryDatabaseError, CertificateError, WafRulesError */
  plan(config: Config, generation: number, listen: EdgeListen[]): PlanData {
    // edges have no use for the secrets
    const shared = { ...config, adminToken: undefined, acme: { ...config.acme, eabKey: undefined } };
    const waf = this.#rulesFor(config);
    return {
      generation,
      config: shared,
      countries: this.#countriesFor(config, waf.sets),
      originSlots: this.#origins.assign(config.sites),
      limitLines: this.#limits.assign(config.sites),
      waf,
      tls: this.#tls.termsFor(config),
      listen,
    };
  }

  #rulesFor({ sites, dataDir }: Config): PlanData['waf'] {
    const rules = new Map<string, SharedRules>();
    const ofSites = sites.map(({ waf }) => {
      if (!isInspecting(waf)) return '';
      const key = rulesKey(waf);
      const set = rules.get(key) ?? shareRules(waf, { env: process.env, dataDir }, this.#rules.get(key));
      rules.set(key, set);
      return set.id;
    });
    this.#rules = rules;
    const byId = new Map([...rules.values()].map((set) => [set.id, set]));
    return { sets: [...byId.values()], ofSites };
  }

  #countriesFor({ sites, geo }: Config, rules: readonly SharedRules[]): SharedArrayBuffer | undefined {
    if (!sites.some(asksForCountries) && !rules.some(rulesLookUp)) return undefined;
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

/** Whether an addon, a cache key or a rule of the site has the client's country in it. */
function asksForCountries(site: SiteConfig): boolean {
  const { cache, geo, rateLimits, waf } = site;
  if (geo !== undefined) return true;
  if (waf !== undefined && new CustomRules(waf.customRules).asksForCountries) return true;
  if (rateLimits.some(({ by }) => by.includes('country'))) return true;
  return [cache, ...cache.rules].some(({ key }) => key.country) || rulesAskForCountries(site);
}
