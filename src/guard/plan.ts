import { type Addon, type GuardRequest, type Opinion, SKIP, type Verdict } from './addon.ts';
import type { ResponseOf } from './inspection.ts';
import type { WafAddon } from './waf.ts';

/** The addons of a site, in their order. */
export class GuardPlan {
  readonly #addons: readonly Addon[];
  /** Asked before an origin is; it decides at once. */
  readonly #beforeOrigin: Addon | undefined;
  /** Looks at answers of origins, whoever has asked. */
  readonly #waf: WafAddon | undefined;

  constructor(addons: readonly Addon[], beforeOrigin?: Addon, waf?: WafAddon) {
    this.#addons = addons;
    this.#beforeOrigin = beforeOrigin;
    this.#waf = waf;
  }

  /** Names of the addons in their order. */
  get names(): string[] {
    return this.#addons.map(({ name }) => name);
  }

  /** Asks the addons one after the other, beginning with that which was PENDING. */
  run(x: GuardRequest): Exclude<Opinion, typeof SKIP> {
    const addons = this.#addons;
    for (; x.guardAt < addons.length; x.guardAt++) {
      const opinion = addons[x.guardAt].check(x);
      if (opinion === undefined) continue;
      if (opinion !== SKIP) return opinion;
      x.guardAt = addons.length;
      x.isTrustedClient = true;
    }
    return undefined;
  }

  /** To be asked before an origin is. */
  checkOrigin(x: GuardRequest): Verdict | undefined {
    if (this.#beforeOrigin === undefined || x.isTrustedClient) return undefined;
    const opinion = this.#beforeOrigin.check(x);
    return typeof opinion === 'object' ? opinion : undefined;
  }

  /** Makes the inspection of an answer to the request; undefined where nobody looks at them. */
  inspectorOf(x: GuardRequest): (() => ResponseOf) | undefined {
    return this.#waf?.inspectorOf(x);
  }
}
