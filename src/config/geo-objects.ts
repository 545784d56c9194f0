/** Objects of `addons.geo.paths`. */

import type { CountryTerms, GeoPath } from './bot-config.ts';
import { formatPlace } from './errors.ts';
import type { ListObject } from './list-objects.ts';

export function buildGeoPath(object: ListObject): GeoPath | undefined {
  const match = object.get<string[]>('match');
  if (match === undefined) return object.fail('match', 'it does not say for which paths', 'add "match": "/shop/*"');
  const allow = [...(object.get<string[]>('allow') ?? [])];
  const block = [...(object.get<string[]>('block') ?? [])];
  const given = object.get<CountryTerms['otherwise']>('default');
  if (allow.length + block.length === 0 && given === undefined)
    return object.fail('', 'it names no country', 'give it allow, block or default');
  const both = allow.find((country) => block.includes(country));
  if (both !== undefined) return object.fail('block', `${both} is let in by allow too`, 'keep it on one of the lists');
  return {
    ...{ match: [...match], allow, block },
    otherwise: given ?? otherwiseOf(allow, block),
    status: object.get<number>('status') ?? 403,
    source: formatPlace(object.place),
  };
}

/** Where only `allow` is given it says who is let in at all. */
export function otherwiseOf(allow: readonly string[], block: readonly string[]): CountryTerms['otherwise'] {
  return allow.length > 0 && block.length === 0 ? 'block' : 'allow';
}
