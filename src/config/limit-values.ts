/** One rate limit: as an object of lb.json, or as text. */

import type { RateLimitConfig } from './config.ts';
import { formatPlace, Problem } from './errors.ts';
import type { ListObject } from './list-objects.ts';

/** What a limit is where nothing says otherwise. */
const DEFAULTS: Omit<RateLimitConfig, 'rate' | 'per' | 'burst' | 'source'> = {
  name: '',
  match: [],
  methods: [],
  by: ['ip'],
  concurrent: 0,
  scope: 'requests',
  mode: 'enforce',
  allow: [],
  status: 429,
  body: undefined,
  contentType: 'text/plain; charset=utf-8',
  fields: 'refusals',
  ipv6Prefix: 64,
  missing: 'ip',
};

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600 };
const UNITS: Readonly<Record<string, number>> = {
  ...SECONDS,
  ...{ s: 1, sec: 1, m: 60, min: 60, h: 3600 },
};

/** Requests at once where nothing says how many: those of a second. */
export function usualBurst(rate: number): number {
  return Math.max(1, Math.ceil(rate));
}

/** `100`, `100/s`, `600/m`, `5000/h`: a rate by the client's address. */
export function parseRate(text: string): RateLimitConfig | Problem {
  const match = /^(\d+(?:\.\d+)?)(?:\s*\/\s*([a-z]+))?$/i.exec(text);
  const per = match && UNITS[(match[2] ?? 's').toLowerCase()];
  if (!match || per === null || per === undefined) {
    const fix = 'write requests a second such as 100, or 100/s, 600/m, 5000/h';
    return new Problem(`"${text}" is no rate`, fix);
  }
  const given = Number(match[1]);
  if (given < 0.001 || given > 1e9) return new Problem(`${match[1]} is out of range`, 'give 0.001 to 1000000000');
  const rate = given / per;
  return { ...DEFAULTS, rate, per, burst: usualBurst(rate), source: text };
}

/** An object of `addons.rate_limit`; undefined after noting what is wrong. */
export function buildLimit(object: ListObject): RateLimitConfig | undefined {
  const given = Object.keys(SECONDS).filter((unit) => object.has(`requests_per_${unit}`));
  const concurrent = object.get<number>('concurrent') ?? 0;
  if (given.length > 1) {
    const fix = 'keep one of them; two limits are two objects in an array';
    return object.fail(`requests_per_${given[1]}`, `requests_per_${given[0]} is given too`, fix);
  }
  if (given.length === 0 && concurrent === 0)
    return object.fail('', 'a limit has no requests_per_second', 'add it: {"requests_per_second": 100, "by": "ip"}');
  const [unit] = given;
  const per = unit === undefined ? 1 : SECONDS[unit];
  const rate = unit === undefined ? 0 : (object.get<number>(`requests_per_${unit}`) ?? 0) / per;
  if (rate === 0 && object.has('burst'))
    return object.fail('burst', 'it does nothing without a rate', 'remove it, or add "requests_per_second"');
  const body = object.get<string>('body');
  if (body === undefined && object.has('content_type'))
    return object.fail('content_type', 'it does nothing without a body', 'remove it, or add "body"');
  const name = object.get<string>('name') ?? '';
  if (name !== '' && !/^[\w.-]{1,64}$/.test(name))
    return object.fail('name', `"${name}" cannot name a limit`, 'use letters, digits, hyphens, dots and underscores');
  const by = object.get<string[]>('by') ?? DEFAULTS.by;
  if (by.includes('all') && by.length > 1)
    return object.fail('by', '"all" counts all requests together', 'leave it out, or write it alone');
  return {
    name,
    match: [...(object.get<string[]>('match') ?? [])],
    methods: [...(object.get<string[]>('methods') ?? [])],
    by: by.filter((key) => key !== 'all'),
    rate,
    per,
    burst: object.get<number>('burst') ?? usualBurst(rate),
    concurrent,
    scope: object.get<RateLimitConfig['scope']>('scope') ?? DEFAULTS.scope,
    mode: object.get<RateLimitConfig['mode']>('mode') ?? DEFAULTS.mode,
    allow: [...(object.get<string[]>('allow') ?? [])],
    status: object.get<number>('status') ?? DEFAULTS.status,
    body,
    contentType: object.get<string>('content_type') ?? DEFAULTS.contentType,
    fields: object.get<RateLimitConfig['fields']>('fields') ?? DEFAULTS.fields,
    ipv6Prefix: object.get<number>('ipv6_prefix') ?? DEFAULTS.ipv6Prefix,
    missing: object.get<RateLimitConfig['missing']>('missing') ?? DEFAULTS.missing,
    source: formatPlace(object.place),
  };
}
