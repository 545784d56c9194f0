/** Whether a crawler is what it says: by forward-confirmed reverse DNS, or by networks that its operator publishes. */

import { Resolver } from 'node:dns/promises';
import type { BotsConfig } from '../config/bot-config.ts';
import { plainAddress } from '../http/ip-address.ts';
import { type NetworkTest, networkTest } from '../http/networks.ts';
import type { Agent } from './classify.ts';
import { type Engine, isNameOf } from './engines.ts';

/** `unclaimed`: nobody can be asked, or nobody answers; `pending`: not known yet. */
export type Standing = 'unclaimed' | 'pending' | 'verified' | 'fake';

/** What of DNS is asked. */
export interface Names {
  reverse(address: string): Promise<string[]>;
  addresses(name: string, family: 4 | 6): Promise<string[]>;
}

/** Addresses remembered. */
const MOST = 8192;
/** Addresses asked for at a time; further ones wait until they come again. */
const MOST_AT_ONCE = 32;
/** Failures of DNS in a row after which an address counts as one that nobody can be asked about. */
const MOST_FAILURES = 3;
/** Names of an address that are looked at. */
const MOST_NAMES = 4;

const HOUR = 3_600_000;
/** For how long an answer counts, in ms; after a failure DNS is left in peace for the last. */
const AGES = { verified: 24 * HOUR, fake: HOUR, pending: 60_000 };

interface Known {
  standing: Standing;
  until: number;
  failures: number;
  isAsked: boolean;
}

/** One thread's knowledge of crawlers. It never waits: who is not known yet is `pending`, and asked for meanwhile. */
export class Verifier {
  readonly #names: Names;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  #asking = 0;

  /** @param now monotonic ms */
  constructor(names: Names = systemNames([]), now: () => number = () => performance.now()) {
    this.#names = names;
    this.#now = now;
  }

  /** @param address as `plainAddress` writes it */
  standing(engine: Engine, address: string): Standing {
    const key = `${engine.name} ${address}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= MOST) this.#forgetOldest();
      known = { standing: 'pending', until: 0, failures: 0, isAsked: false };
      this.#known.set(key, known);
    }
    if (this.#now() >= known.until && !known.isAsked && this.#asking < MOST_AT_ONCE)
      void this.#ask(engine, address, known);
    return known.standing;
  }

  #forgetOldest(): void {
    for (const [key, { isAsked }] of this.#known) {
      if (isAsked) continue;
      this.#known.delete(key);
      return;
    }
  }

  async #ask(engine: Engine, address: string, known: Known): Promise<void> {
    known.isAsked = true;
    this.#asking++;
    try {
      const standing = (await isConfirmed(this.#names, engine, address)) ? 'verified' : 'fake';
      known.standing = standing;
      known.failures = 0;
      known.until = this.#now() + AGES[standing];
    } catch {
      // what is known stays known; but whoever makes reverse DNS fail is not to stay `pending` for good
      if (++known.failures >= MOST_FAILURES && known.standing === 'pending') known.standing = 'unclaimed';
      known.until = this.#now() + AGES.pending;
    } finally {
      known.isAsked = false;
      this.#asking--;
    }
  }
}

/** @throws where DNS does not answer */
async function isConfirmed(names: Names, engine: Engine, address: string): Promise<boolean> {
  const found = await orNone(names.reverse(address));
  const family = address.includes(':') ? 6 : 4;
  for (const name of found.slice(0, MOST_NAMES)) {
    if (!isNameOf(engine, name)) continue;
    const addresses = await orNone(names.addresses(name, family));
    if (addresses.some((one) => plainAddress(one) === address)) return true;
  }
  return false;
}

/** That there is no such name is an answer. */
async function orNone(answer: Promise<string[]>): Promise<string[]> {
  try {
    return await answer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}

/** @param servers `ADDR` or `ADDR:PORT`; none for those of the system */
export function systemNames(servers: readonly string[]): Names {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (servers.length > 0) resolver.setServers([...servers]);
  return {
    reverse: (address) => resolver.reverse(address),
    addresses: (name, family) => (family === 6 ? resolver.resolve6(name) : resolver.resolve4(name)),
  };
}

/** Who a site's configuration lets ask, and by what. */
export class Standings {
  readonly #verifier: Verifier | undefined;
  readonly #ranges: readonly { readonly word: string; readonly isWithin: NetworkTest }[];

  constructor({ verify, ranges }: Pick<BotsConfig, 'verify' | 'ranges'>, verifier: Verifier) {
    this.#verifier = verify ? verifier : undefined;
    this.#ranges = ranges.map(({ word, networks }) => ({ word, isWithin: networkTest(networks) }));
  }

  /** Whether somebody can be asked about a client. */
  isAbout({ engine }: Agent): boolean {
    return engine !== undefined || this.#ranges.length > 0;
  }

  /** Whether somebody will be asked about a client, by its User-Agent. */
  isVerifiable(agent: Agent): boolean {
    return this.isNamed(agent) || (agent.engine !== undefined && this.#verifier !== undefined);
  }

  /** Whether networks are known for a word of its User-Agent. */
  isNamed({ text }: Agent): boolean {
    for (const { word } of this.#ranges) if (text.includes(word)) return true;
    return false;
  }

  /** Networks go over DNS: they are a complete list. */
  of({ text, engine }: Agent, address: string): Standing {
    let isNamed = false;
    for (const { word, isWithin } of this.#ranges) {
      if (!text.includes(word)) continue;
      if (isWithin(address)) return 'verified';
      isNamed = true;
    }
    if (engine !== undefined && this.#verifier !== undefined) {
      const standing = this.#verifier.standing(engine, address);
      if (!isNamed || standing === 'verified') return standing;
    }
    return isNamed ? 'fake' : 'unclaimed';
  }
}
