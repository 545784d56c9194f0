import type { CacheRule, OriginConfig, SiteConfig } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { PolicyLine, RulePart, SitePart } from './types.ts';

/** Settings that decide about caching, by their path under `cache` or a rule, in the order in which they are shown. */
const SETTINGS = [
  'preset',
  'ttl',
  'override',
  'force',
  'methods',
  'body_limit',
  'auto',
  'auto_ttl',
  'heuristic',
  'heuristic_max',
  'negative_ttl',
  'error_ttl',
  'stale_while_revalidate',
  'stale_if_error',
  'stale_deadline',
  'client_directives',
  'store_set_cookie',
  'store_posted',
  'immutable',
  'compress',
  'slice',
  'targets',
  'max_variants',
  'key.query_include',
  'key.query_exclude',
  'key.query_sort',
  'key.headers',
  'key.cookies',
  'key.device',
  'key.country',
] as const;

/** @param host normalised, without port */
export function describeSite(site: SiteConfig, host: string): SitePart {
  return { name: site.name, matched: matchOf(site, host), origins: sourcesOf(site) };
}

function sourcesOf({ staticRoot, origins }: SiteConfig): string[] {
  return staticRoot === undefined ? origins.map(originUrl) : [`the folder ${staticRoot}`];
}

function matchOf({ hosts }: SiteConfig, host: string): string {
  if (hosts.includes(host)) return `its name ${host}`;
  const wildcards = hosts.filter((name) => name.startsWith('*.') && host.endsWith(name.slice(1)));
  const longest = wildcards.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? '*, which takes every other host' : `its wildcard ${longest}`;
}

function originUrl({ host, port, tls }: OriginConfig): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @param policy that of the path */
export function describeRule({ rule, ruleTtl }: CachePolicy): RulePart | null {
  if (rule === undefined) return null;
  const doubted = rule.ttl !== undefined && ruleTtl === undefined;
  return { name: rule.name, source: rule.source, match: rule.match, doubted, preset: presetOf(rule) };
}

/** What the preset `static` says in place of the rule and its site, by the paths of settings. */
function presetOf({ name, fromPreset }: CacheRule): RulePart['preset'] {
  if (fromPreset.length === 0) return null;
  return { name: 'static', settings: fromPreset.map((key) => `cache.${name}.${key}`), without: `cache.${name}.preset` };
}

/** The settings in force for a rule or, without one, the site; where a rule says nothing, the site's. */
export function describePolicy(
  settings: readonly Provenance[],
  site: SiteConfig,
  rule: CacheRule | undefined,
): PolicyLine[] {
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  const places = rule === undefined ? ['cache.'] : [`cache.${rule.name}.`, 'cache.'];
  const prefixes = [`sites["${site.name}"].`, ''];
  return SETTINGS.flatMap((name) => {
    const paths = places.flatMap((place) => prefixes.map((prefix) => `${prefix}${place}${name}`));
    const found = paths.map((path) => byPath.get(path)).find((setting) => setting !== undefined);
    return found === undefined ? [] : [{ setting: found.path, value: found.value, from: found.from }];
  });
}
