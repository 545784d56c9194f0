/** Lists of objects under `addons.waf`: path modes, exclusions, custom rules and their conditions. */

import { Problem } from './errors.ts';
import type { Field } from './field-values.ts';
import type { ListObject } from './list-objects.ts';
import type { Json } from './values.ts';
import type {
  Condition,
  CustomAction,
  CustomRuleConfig,
  NamedPatterns,
  WafExclusion,
  WafMode,
  WafPathMode,
} from './waf-config.ts';

export function buildPathMode(object: ListObject): WafPathMode | undefined {
  const match = object.get<string[]>('match');
  const mode = object.get<string>('mode') as WafMode | undefined;
  if (match === undefined) return object.fail('match', 'it does not say for which paths', 'add "match": "/api/*"');
  if (mode === undefined) return object.fail('mode', 'it does not say which mode', 'add "mode": "log"');
  return { match: [...match], mode };
}

export function buildExclusion(object: ListObject, source: string): WafExclusion | undefined {
  const texts = (key: string): string[] => [...(object.get<string[]>(key) ?? [])];
  const exclusion = {
    rules: texts('rules'),
    tags: texts('tags'),
    targets: texts('targets'),
    path: texts('path'),
    source,
  };
  const { rules, tags, targets } = exclusion;
  if (rules.length + tags.length + targets.length === 0) {
    const fix = 'give it rules, tags or targets: {"rules": [942100], "targets": ["ARGS:q"]}';
    return object.fail('', 'the exclusion excludes nothing', fix);
  }
  if (tags.includes('')) return object.fail('tags', 'a tag is empty', 'write the tag, such as attack-sqli');
  for (const target of targets) {
    if (!TARGET.test(target))
      return object.fail('targets', `"${target}" is no target`, 'write a variable such as ARGS:q or REQUEST_COOKIES');
  }
  return exclusion;
}

/** The forms of a variable; which there are is checked with the rules. */
const TARGET = /^[A-Za-z_]+(?::[^"\\\x00-\x1f]+)?$/;

export function buildCustomRule(object: ListObject, source: string): CustomRuleConfig | undefined {
  const action = object.get<string>('action') as CustomAction | undefined;
  const when = object.get<Condition[]>('when');
  if (action === undefined) return object.fail('action', 'it does not say what to do', 'add "action": "block"');
  if (when === undefined)
    return object.fail('when', 'it does not say for which requests', 'add "when": {"path": "/admin/*"}');
  if (object.has('status') && action !== 'block')
    return object.fail('status', `${action} answers nothing`, 'remove it, or write "action": "block"');
  return { name: object.get<string>('name') ?? '', action, status: object.get<number>('status') ?? 403, when, source };
}

const PARTS = [
  'path',
  'methods',
  'hosts',
  'networks',
  'countries',
  'user_agent',
  'headers',
  'query',
  'cookies',
  'any',
  'all',
  'not',
];

export function buildCondition(object: ListObject): Condition | undefined {
  if (!PARTS.some((key) => object.has(key))) {
    return object.fail('', 'the condition says nothing', `give it one of ${PARTS.join(', ')}`);
  }
  const texts = (key: string): string[] => [...(object.get<string[]>(key) ?? [])];
  const conditions = (key: string): Condition[] => [...(object.get<Condition[]>(key) ?? [])];
  return {
    path: texts('path'),
    methods: texts('methods'),
    hosts: texts('hosts'),
    networks: texts('networks'),
    countries: texts('countries'),
    userAgent: texts('user_agent'),
    headers: patternsOf(object, 'headers'),
    query: patternsOf(object, 'query'),
    cookies: patternsOf(object, 'cookies'),
    any: conditions('any'),
    all: conditions('all'),
    not: conditions('not'),
  };
}

function patternsOf(object: ListObject, key: string): NamedPatterns[] {
  const byName = new Map<string, string[]>();
  for (const [name, pattern] of object.get<Field[]>(key) ?? []) {
    const patterns = byName.get(name);
    if (patterns === undefined) byName.set(name, [pattern]);
    else patterns.push(pattern);
  }
  return [...byName].map(([name, patterns]) => ({ name, patterns }));
}

/** An id of a rule, or a range of them. */
export function parseRuleIds(text: string): string | Problem {
  const found = /^(\d{1,15})(?:\s*-\s*(\d{1,15}))?$/.exec(text);
  if (found === null) return new Problem(`"${text}" is no id of a rule`, 'write ids such as 942100 or "942000-942999"');
  const [, from, to = from] = found;
  if (Number(to) < Number(from)) return new Problem(`the range ${text} is empty`, `write "${to}-${from}"`);
  return from === to ? from : `${from}-${to}`;
}

/** What is often written for a country, and what databases have. */
const COUNTRY_MEANT: ReadonlyMap<string, string> = new Map([
  ['UK', 'GB'],
  ['EL', 'GR'],
]);

/** Two letters, in capitals. */
export function parseCountry(text: string): string | Problem {
  const code = text.toUpperCase();
  const meant = COUNTRY_MEANT.get(code);
  if (meant !== undefined) return new Problem(`"${text}" is no code of ISO 3166-1`, `write ${meant}`);
  if (/^[a-z]{2}$/i.test(text)) return code;
  return new Problem(`"${text}" is no country`, 'write its code of two letters, such as DE');
}

/** Any of these as it would be written, without what it leaves out. */
export function formatWafItem(item: object): Json {
  const parts: Record<string, Json> = {};
  for (const [key, value] of Object.entries(item) as [string, unknown][]) {
    if (key === 'source' || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    parts[key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = formatPart(value);
  }
  return parts;
}

function formatPart(value: unknown): Json {
  if (!Array.isArray(value)) return value as Json;
  const items = value as readonly unknown[];
  if (items.every(isNamed)) return Object.fromEntries(items.map(({ name, patterns }) => [name, patterns]));
  return items.map((item) => (typeof item === 'object' && item !== null ? formatWafItem(item) : (item as Json)));
}

function isNamed(item: unknown): item is NamedPatterns {
  return typeof item === 'object' && item !== null && 'patterns' in item;
}
