/** Which countries a site lets in, by path. */

import type { CountryTerms, GeoConfig, GeoPath } from '../config/bot-config.ts';
import { compileGlobs, type PathMatcher } from '../http/glob.ts';
import { pathForms } from '../http/path-forms.ts';
import { plainGlob, plainPath } from '../http/plain-path.ts';

interface CompiledTerms {
  readonly terms: GeoPath;
  readonly matches: PathMatcher;
  /** For paths as an origin may read them. */
  readonly matchesPlain: PathMatcher;
  readonly gate: Gate;
}

/** Whether a country is let in: undefined, or the status of the refusal. */
type Gate = (country: string) => number | undefined;

/** The lists of a site, compiled. */
export class CountryGate {
  readonly #paths: readonly CompiledTerms[];
  readonly #site: Gate;
  readonly #config: GeoConfig;

  constructor(config: GeoConfig) {
    this.#site = gateOf(config);
    this.#config = config;
    this.#paths = config.paths.map((terms) => ({
      terms,
      matches: compileGlobs(terms.match),
      matchesPlain: compileGlobs(terms.match.map(plainGlob)),
      gate: gateOf(terms),
    }));
  }

  /**
   * @param path as the client sent it. Where an origin may read it as another one, that has to let the client in too
   * @returns undefined, or the status of the refusal
   */
  refuses(path: string, country: string): number | undefined {
    if (this.#paths.length === 0) return this.#site(country);
    const [sent, lenient] = pathForms(path);
    const status = this.#gateFor(sent, false)(country);
    if (status !== undefined) return status;
    const plain = plainPath(path);
    if (plain === undefined) return this.#strictest(country);
    const asPlain = plain === path ? undefined : this.#gateFor(plain, true)(country);
    return asPlain ?? (lenient === undefined ? undefined : this.#gateFor(lenient, false)(country));
  }

  /** What is configured for a path as it is written. */
  termsFor(path: string): GeoPath | CountryTerms {
    return this.#paths.find(({ matches }) => matches(path))?.terms ?? this.#config;
  }

  #gateFor(path: string, isPlain: boolean): Gate {
    for (const { matches, matchesPlain, gate } of this.#paths) {
      if (isPlain ? matchesPlain(path) : matches(path)) return gate;
    }
    return this.#site;
  }

  /** Nobody knows what path an origin takes it for. */
  #strictest(country: string): number | undefined {
    for (const { gate } of this.#paths) {
      const status = gate(country);
      if (status !== undefined) return status;
    }
    return this.#site(country);
  }
}

function gateOf({ allow, block, otherwise, status }: CountryTerms): Gate {
  const allowed = new Set(allow);
  const blocked = new Set(block);
  const refused = otherwise === 'block' ? status : undefined;
  return (country) => (blocked.has(country) ? status : allowed.has(country) ? undefined : refused);
}
