import { isDeepStrictEqual } from 'node:util';
import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { OriginHealth } from '../origin/health.ts';
import type { CheckResult } from '../origin/health-check.ts';
import { HEALTH, monotonicNow, type OriginState, WORD } from '../origin/state.ts';
import { originUrl } from '../origin/state-slots.ts';

/** Part of the interval by which checks come sooner or later, so that those of many origins and lbs spread. */
const JITTER = 0.1;

/** Within what time the first check of an origin begins, in ms. */
const FIRST = 200;

/** What the last check of an origin found. */
export interface LastCheck extends CheckResult {
  /** When it ended, ms since 1970. */
  readonly at: number;
  /** How long it took, in ms. */
  readonly duration: number;
}

export interface HealthCheckerOptions {
  check(origin: OriginConfig, site: SiteConfig): Promise<CheckResult>;
  /** An origin came up, or went down. */
  changed(site: string, origin: string, isUp: boolean, detail: string): void;
  /** As Math.random. */
  readonly random?: () => number;
}

/** An origin that is to be checked, and where all threads read what is found. */
export interface Checked {
  readonly site: SiteConfig;
  readonly origin: OriginConfig;
  readonly state: OriginState;
}

/** Checks origins one by one and for all threads. Only main has one. */
export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  /** By the origin's state, which stays over reloads. */
  #checks = new Map<number, OriginCheck>();

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
  }

  /** Checks these from now on, by slot, and no others. What is checked as before goes on. */
  update(wanted: ReadonlyMap<number, Checked>): void {
    const checks = new Map<number, OriginCheck>();
    for (const [slot, checked] of wanted) {
      const before = this.#checks.get(slot);
      const isSame = before?.isOf(checked) === true;
      if (!isSame) before?.stop();
      if (checked.site.health.type === 'off') checked.state.store(WORD.health, HEALTH.unknown);
      else checks.set(slot, isSame ? before : new OriginCheck(checked, this.#options, before?.last));
    }
    for (const [slot, check] of this.#checks) if (!wanted.has(slot)) check.stop();
    this.#checks = checks;
  }

  last(slot: number): LastCheck | undefined {
    return this.#checks.get(slot)?.last;
  }

  stop(): void {
    for (const check of this.#checks.values()) check.stop();
    this.#checks.clear();
  }
}

/** The checks of one origin, one after the other. */
class OriginCheck {
  last: LastCheck | undefined;
  readonly #checked: Checked;
  readonly #options: HealthCheckerOptions;
  readonly #health: OriginHealth;
  #timer: NodeJS.Timeout;
  #stopped = false;
  /** Checks in a row that found the same: healthy above 0, unhealthy below. */
  #row = 0;

  constructor(checked: Checked, options: HealthCheckerOptions, last: LastCheck | undefined) {
    this.#checked = checked;
    this.#options = options;
    this.last = last;
    this.#health = new OriginHealth(checked.state, checked.site, true);
    const { random = Math.random } = options;
    this.#timer = setTimeout(() => void this.#run(), random() * Math.min(FIRST, checked.site.health.interval));
  }

  isOf({ site, origin }: Checked): boolean {
    const { site: mySite, origin: myOrigin } = this.#checked;
    const terms = ['name', 'health', 'originTls', 'originHttp2', 'timeouts'] as const;
    return isDeepStrictEqual(myOrigin, origin) && terms.every((name) => isDeepStrictEqual(mySite[name], site[name]));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const { site, origin } = this.#checked;
    const started = performance.now();
    const result = await this.#options.check(origin, site);
    if (this.#stopped) return;
    this.last = { ...result, at: Date.now(), duration: performance.now() - started };
    this.#weigh(result);
    const { random = Math.random } = this.#options;
    const delay = site.health.interval * (1 + JITTER * (2 * random() - 1));
    this.#timer = setTimeout(() => void this.#run(), delay);
  }

  /** Before anything is known the first good check is enough. */
  #weigh({ isHealthy, detail }: CheckResult): void {
    const { site, origin, state } = this.#checked;
    const { healthyAfter, unhealthyAfter } = site.health;
    this.#row = isHealthy ? Math.max(0, this.#row) + 1 : Math.min(0, this.#row) - 1;
    const before = state.load(WORD.health);
    const isFirst = before === HEALTH.unknown;
    const isUp = this.#row >= (isFirst ? 1 : healthyAfter);
    if (!isUp && -this.#row < unhealthyAfter) return;
    const found = isUp ? HEALTH.up : HEALTH.down;
    if (found === before) return;
    this.#health.setHealth(found, monotonicNow());
    if (!(isFirst && isUp)) this.#options.changed(site.name, originUrl(origin), isUp, detail);
  }
}
