/** `addons.geo` of one site. */

import type { CountryTerms, GeoConfig, GeoPath } from './bot-config.ts';
import type { SiteRule } from './config.ts';
import { type ErrorList, formatPlace, Problem } from './errors.ts';
import { whyNotChanged } from './field-values.ts';
import { otherwiseOf } from './geo-objects.ts';
import { parseFieldName } from './names.ts';
import type { Picker } from './picker.ts';
import { RULE_SETTINGS } from './rule-settings.ts';
import type { Setting } from './setting.ts';

/** What may be set by rules may be set here. */
const FIELD_SETTING = RULE_SETTINGS.find(({ path }) => path === 'rules[].request_headers.set') as Setting;

/** Undefined where there is none. */
export function resolveGeo(pick: Picker, errors: ErrorList): GeoConfig | undefined {
  if (pick.findObject('addons.geo') === undefined) return undefined;
  const list = (path: string): string[] => [...((pick.value(path) ?? []) as string[])];
  const allow = list('addons.geo.allow');
  const block = list('addons.geo.block');
  const both = allow.find((country) => block.includes(country));
  const place = pick.find('addons.geo.block')?.place;
  if (place && both !== undefined)
    errors.add(place, `addons.geo.block: ${both} is let in by allow too`, 'keep it on one of the lists');
  const given = pick.value('addons.geo.default') as CountryTerms['otherwise'] | undefined;
  return {
    ...{ allow, block },
    otherwise: given ?? otherwiseOf(allow, block),
    status: pick.number('addons.geo.status'),
    paths: pick.items<GeoPath>('addons.geo.paths'),
    header: resolveHeader(pick, errors),
  };
}

function resolveHeader(pick: Picker, errors: ErrorList): string | undefined {
  const text = pick.maybe('addons.geo.header');
  const place = pick.find('addons.geo.header')?.place;
  if (text === undefined || !place) return undefined;
  const name = parseFieldName(text);
  const reason = name instanceof Problem ? name.message : whyNotChanged(FIELD_SETTING, name);
  if (reason !== undefined)
    errors.add(place, `addons.geo.header: ${text} cannot be set: ${reason}`, 'use a name such as "X-Country-Code"');
  return name instanceof Problem ? undefined : name;
}

/** The rule by which origins are told the country. As with every rule, what it adds is part of the cache key. */
export function countryRule(pick: Picker, { header }: GeoConfig): SiteRule[] {
  const place = pick.find('addons.geo.header')?.place;
  if (header === undefined || !place) return [];
  return [
    {
      ...{ match: [], methods: [], hosts: [], rewrite: undefined, redirect: undefined, respond: undefined, limits: [] },
      requestHeaders: { remove: [], set: [[header, '{country}']], add: [] },
      responseHeaders: { remove: [], set: [], add: [] },
      source: formatPlace(place),
    },
  ];
}
