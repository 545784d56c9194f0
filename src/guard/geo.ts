import { countryNote } from '../base/guard-note.ts';
import type { GeoConfig } from '../config/bot-config.ts';
import { CountryGate } from '../geo/terms.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import type { Addon, GuardRequest, Verdict } from './addon.ts';

/** Lets in, or not, by the country of the client's address. */
export class GeoAddon implements Addon {
  readonly name = 'geo';
  readonly #gate: CountryGate;
  readonly #countryOf: CountryOf;
  readonly #count: () => void;

  /** @param count called for each refusal */
  constructor(config: GeoConfig, countryOf: CountryOf, count: () => void) {
    this.#gate = new CountryGate(config);
    this.#countryOf = countryOf;
    this.#count = count;
  }

  check(x: GuardRequest): Verdict | undefined {
    const country = this.#countryOf(x.clientAddress());
    x.note |= countryNote(country);
    const status = this.#gate.refuses(x.path, country);
    if (status === undefined) return undefined;
    this.#count();
    return {
      status,
      fields: [],
      reason: 'country',
      problem: { detail: 'this site is not open to your country', country },
    };
  }
}
