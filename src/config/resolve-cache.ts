/** What a site and its rules say about caching: how long, how stale, under which key. */

import { compileNames, QUERY_PRESETS } from '../http/query-key.ts';
import type { CacheRule, CachingConfig, KeyConfig, SiteCacheConfig } from './config.ts';
import { type ErrorList, formatPlace } from './errors.ts';
import { type Layer, ruleNames } from './layer.ts';
import type { Picker } from './picker.ts';
import { Preset } from './preset.ts';
import { MB } from './setting.ts';
import { textPlace } from './text-layers.ts';
import type { Value } from './values.ts';

/** Freshness of API responses when neither the rule nor the origin says. */
const API_TTL = 60;

/** Bytes of a request body that a key may hold when the rule does not say. */
const BODY_LIMIT = 65_536;

/** Everything under `cache` that is a site's. `compress`: whether the site's answers are compressed. */
export function resolveCache(
  pick: Picker,
  layers: readonly Layer[],
  compress: boolean,
  errors: ErrorList,
): SiteCacheConfig {
  const site: SiteCacheConfig = {
    auto: pick.boolean('cache.auto'),
    autoTtl: pick.number('cache.auto_ttl', 'cache.auto_ttl', undefined, 'cache.*.ttl'),
    heuristicMax: pick.number('cache.heuristic_max'),
    targets: pick.list('cache.targets'),
    maxVariants: pick.number('cache.max_variants'),
    ...resolveCaching(pick, 'cache', 'cache', undefined),
    compress,
    rules: [],
  };
  checkQuery(pick, 'cache', site.key, errors);
  site.rules = resolveRules(pick, layers, site, errors);
  return site;
}

/**
 * What stands under `path`, `cache` or `cache.NAME`; `row`: the path of its rows in the table.
 * What a rule does not say is as `inherited`.
 */
function resolveCaching(
  pick: Picker,
  path: string,
  row: string,
  inherited: CachingConfig | undefined,
  preset?: Preset,
): Omit<CachingConfig, 'compress'> {
  const value = <V extends Value | undefined>(key: string, from: V | undefined): V =>
    inherited === undefined
      ? (pick.value(`${path}.${key}`, `${row}.${key}`) as V)
      : ((preset?.caching(key) ?? pick.own<V>(`${path}.${key}`, `${row}.${key}`, from as V)) as V);
  const key = inherited?.key;
  return {
    staleWhileRevalidate: value('stale_while_revalidate', inherited?.staleWhileRevalidate),
    staleIfError: value('stale_if_error', inherited?.staleIfError),
    staleDeadline: value('stale_deadline', inherited?.staleDeadline),
    clientDirectives: value('client_directives', inherited?.clientDirectives),
    negativeTtl: value('negative_ttl', inherited?.negativeTtl),
    errorTtl: value('error_ttl', inherited?.errorTtl),
    heuristic: value('heuristic', inherited?.heuristic),
    storeSetCookie: value('store_set_cookie', inherited?.storeSetCookie),
    storePosted: value('store_posted', inherited?.storePosted),
    immutable: value('immutable', inherited?.immutable),
    ...resolveSlice(pick, `${path}.slice`, `${row}.slice`, inherited),
    key: {
      queryInclude: value<string[] | undefined>('key.query_include', key?.queryInclude),
      queryExclude: value<string[]>('key.query_exclude', key?.queryExclude),
      querySort: value('key.query_sort', key?.querySort),
      headers: value<string[]>('key.headers', key?.headers),
      cookies: value<string[] | undefined>('key.cookies', key?.cookies),
      device: value('key.device', key?.device),
      country: value('key.country', key?.country),
    },
  };
}

/** Bytes of a slice where nothing says. */
const SLICE = 8 * MB;

/** With a disk, what memory could not hold whole is kept in slices without being told to. */
function resolveSlice(
  pick: Picker,
  path: string,
  row: string,
  inherited: Pick<CachingConfig, 'slice' | 'sliceAuto'> | undefined,
): Pick<CachingConfig, 'slice' | 'sliceAuto'> {
  if (pick.find(path) !== undefined) return { slice: pick.number(path, row), sliceAuto: false };
  if (inherited !== undefined) return { slice: inherited.slice, sliceAuto: inherited.sliceAuto };
  if (pick.find('cache.disk') !== undefined) return { slice: SLICE, sliceAuto: true };
  return { slice: pick.number(path, row, 0), sliceAuto: false };
}

/** Rules of the strongest source first, each source's in its order. */
function resolveRules(pick: Picker, layers: readonly Layer[], site: SiteCacheConfig, errors: ErrorList): CacheRule[] {
  const names = new Set(layers.flatMap(ruleNames));
  const wanted = pick.text('cache.preset') === 'static';
  if (wanted) names.add('static');
  const rules: CacheRule[] = [];
  for (const name of names) {
    const path = `cache.${name}`;
    const match = pick.find(`${path}.match`);
    const place = pick.findObject(path) ?? match?.place ?? pick.find(`${path}.ttl`)?.place ?? textPlace(path, '', '');
    const usual = match === undefined && wanted && name === 'static' && !pick.isBroken(`${path}.match`);
    if (!match && !usual) {
      if (!pick.isBroken(`${path}.match`))
        errors.add(place, `the rule ${name} has no match`, `add "match": "/path/*" to say which paths it is for`);
      continue;
    }
    const preset = new Preset(pick, path, name);
    const rule: CacheRule = {
      name,
      match: preset.match(usual),
      ttl: preset.ttl(name === 'api' ? API_TTL : site.autoTtl),
      override: pick.boolean(`${path}.override`, 'cache.*.override'),
      force: pick.boolean(`${path}.force`, 'cache.*.force'),
      methods: pick.list(`${path}.methods`, 'cache.*.methods'),
      bodyLimit: pick.own(`${path}.body_limit`, 'cache.*.body_limit', BODY_LIMIT),
      ...resolveCaching(pick, path, 'cache.*', site, preset),
      compress: preset.compress(site.compress),
      fromPreset: preset.made,
      source: match ? formatPlace(match.place.line > 0 ? place : match.place) : preset.source,
    };
    if (rule.force && !rule.override) {
      errors.add(
        pick.find(`${path}.force`)?.place ?? place,
        `${path}.force does nothing without override`,
        'add "override": true, or remove force',
      );
    }
    if (rule.methods.length === 0 && pick.find(`${path}.body_limit`)) {
      errors.add(
        pick.find(`${path}.body_limit`)?.place ?? place,
        `${path}.body_limit does nothing without methods`,
        'add "methods": ["POST"], or remove body_limit',
      );
    }
    checkQuery(pick, path, rule.key, errors);
    rules.push(rule);
  }
  return rules;
}

/** A parameter that is included and excluded too would be dropped, which is not what including it says. */
function checkQuery(pick: Picker, path: string, key: KeyConfig, errors: ErrorList): void {
  const include = pick.find(`${path}.key.query_include`);
  const place = include?.place ?? pick.find(`${path}.key.query_exclude`)?.place;
  if (place === undefined || key.queryInclude === undefined) return;
  const isExcluded = compileNames(key.queryExclude);
  const names = key.queryInclude.flatMap((entry) => QUERY_PRESETS.get(entry) ?? [entry]);
  // of a pattern the star is a character like any other, which only a star matches: what covers it covers all its names
  const both = names.find((name) => isExcluded(name));
  if (both === undefined) return;
  errors.add(
    place,
    `the parameter ${both} is in query_include and in query_exclude`,
    'remove it from one of them; with query_include, all others are dropped already',
  );
}
