import { type Addon, type GuardRequest, type Opinion, SKIP, type Verdict } from './addon.ts';

/** The addons of a site, in their order. */
export class GuardPlan {
  readonly #addons: readonly Addon[];
  /** Asked before an origin is; it decides at once. */
  readonly #beforeOrigin: Addon | undefined;

  constructor(addons: readonly Addon[], beforeOrigin?: Addon) {
    this.#addons = addons;
    this.#beforeOrigin = beforeOrigin;
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
}
