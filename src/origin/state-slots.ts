import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { monotonicNow, type OriginStates, OWN } from './state.ts';

/** The slots of one site: its own, and those of its origins in their order. */
export interface SiteSlots {
  readonly site: number;
  readonly origins: readonly number[];
}

/** How long a slot that was given up rests: a thread may still be about to write to it. In ms. */
const REST = 60_000;

/** Names an origin over reloads, for people too: its URL, or the path of its socket. */
export function originUrl({ host, port, tls, unix }: OriginConfig): string {
  if (unix !== undefined) return `${tls ? 'https+unix' : 'unix'}:${unix}`;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the slots are known by. The same origin twice in one site is two. */
function namesOf(sites: readonly SiteConfig[]): { site: string; origins: string[] }[] {
  return sites.map(({ name, origins }) => {
    const seen = new Map<string, number>();
    const names = origins.map((origin) => {
      const url = originUrl(origin);
      const count = (seen.get(url) ?? 0) + 1;
      seen.set(url, count);
      return `${name} ${url} ${count}`;
    });
    return { site: name, origins: names };
  });
}

/** How many slots a process should have, so that reloads may add many. */
export function slotsFor(sites: readonly SiteConfig[]): number {
  const needed = sites.reduce((sum, { origins }) => sum + origins.length + 1, 0);
  return Math.max(256, 2 * needed);
}

/** Main's assignment of slots: an origin of a site keeps its slot, and with it its state, as long as both are there. */
export class OriginSlots {
  readonly #states: OriginStates;
  readonly #byName = new Map<string, number>();
  /** Given up, the first one first. */
  #resting: { slot: number; since: number }[] = [];
  #unused = 0;

  constructor(states: OriginStates) {
    this.#states = states;
  }

  /** The slots of all sites, in their order. @throws where there are more origins than slots */
  assign(sites: readonly SiteConfig[]): SiteSlots[] {
    return namesOf(sites).map(({ site, origins }) => ({
      site: this.#slotOf(site),
      origins: origins.map((name) => this.#slotOf(name)),
    }));
  }

  /** Gives up the slots that none of these sites has. */
  keep(sites: readonly SiteConfig[]): void {
    const wanted = new Set(namesOf(sites).flatMap(({ site, origins }) => [site, ...origins]));
    for (const [name, slot] of this.#byName) {
      if (wanted.has(name)) continue;
      this.#byName.delete(name);
      this.#resting.push({ slot, since: monotonicNow() });
    }
  }

  #slotOf(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const slot = this.#free();
    this.#states.slot(slot).clear();
    this.#byName.set(name, slot);
    return slot;
  }

  #free(): number {
    if (this.#unused < this.#states.slots) return this.#unused++;
    const now = monotonicNow();
    const index = this.#resting.findIndex(
      ({ slot, since }) => now - since >= REST && this.#states.slot(slot).total(OWN.underWay) === 0,
    );
    if (index < 0) throw new Error('too many origins were added since the start; restart lb to add more');
    return this.#resting.splice(index, 1)[0].slot;
  }
}
