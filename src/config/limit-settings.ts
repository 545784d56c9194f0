/** The rows of the settings table about rate limits, and about clients that no addon looks at. */

import type { Setting } from './setting.ts';

const MOST = 1_000_000_000;

/** All of them, in the order of the documentation. */
export const RATE_LIMIT_SETTINGS: readonly Setting[] = [
  {
    path: 'addons.allow',
    scope: 'site',
    type: 'networks',
    default: [],
    env: 'LB_ADDONS_ALLOW',
    prose: 'Networks of clients whose requests no addon looks at: neither rate limits nor rules of the WAF.',
  },
  {
    path: 'addons.rate_limit',
    scope: 'site',
    type: 'limits',
    defaultText: 'no limits',
    flag: '--rate-limit',
    placeholder: 'RATE',
    env: 'LB_RATE_LIMIT',
    help: 'Requests that each client address may make: 100 a second, 600/m, 5000/h; repeats',
    prose:
      'Limits on requests: an object, or an array of them. A number or a text such as `100`, `600/m` or `5000/h` stands for that rate by client address.',
  },
  {
    path: 'addons.rate_limit[].name',
    scope: 'site',
    type: 'string',
    defaultText: '`default` for the first, then `limit-2` and so on',
    prose: 'Name of the limit in answers, logs and metrics, and for `rules[].limits`.',
  },
  {
    path: 'addons.rate_limit[].match',
    scope: 'site',
    type: 'globs',
    defaultText: 'every path',
    prose: 'Paths that the limit is for, as in `rules[].match`, however the client writes them.',
  },
  {
    path: 'addons.rate_limit[].methods',
    scope: 'site',
    type: 'methods',
    defaultText: 'every method',
    prose: 'Methods that the limit is for; `GET` stands for HEAD too.',
  },
  {
    path: 'addons.rate_limit[].by',
    scope: 'site',
    type: 'keys',
    default: ['ip'],
    prose:
      'What tells clients apart: `ip`, `path`, `country`, `header:NAME`, `cookie:NAME`, `query:NAME`, or several; `all` counts all requests together.',
  },
  ...rates(),
  {
    path: 'addons.rate_limit[].burst',
    scope: 'site',
    type: 'integer',
    defaultText: 'one second of the rate, at least 1',
    min: 1,
    max: MOST,
    prose: 'Requests that may come at once.',
  },
  {
    path: 'addons.rate_limit[].concurrent',
    scope: 'site',
    type: 'integer',
    defaultText: 'no limit',
    min: 1,
    max: 1_000_000,
    prose: 'Requests that may be under way at once. May stand beside a rate or alone.',
  },
  {
    path: 'addons.rate_limit[].scope',
    scope: 'site',
    type: 'enum',
    values: ['requests', 'origin'],
    default: 'requests',
    prose: 'What counts: every request, or only those for which an origin is asked.',
  },
  {
    path: 'addons.rate_limit[].mode',
    scope: 'site',
    type: 'enum',
    values: ['enforce', 'log'],
    default: 'enforce',
    prose: 'Whether requests over the limit are refused, or only counted and logged as if they were.',
  },
  {
    path: 'addons.rate_limit[].allow',
    scope: 'site',
    type: 'networks',
    default: [],
    prose: 'Networks of clients whose requests do not count.',
  },
  {
    path: 'addons.rate_limit[].status',
    scope: 'site',
    type: 'integer',
    default: 429,
    min: 400,
    max: 599,
    prose: 'Status of a refusal.',
  },
  {
    path: 'addons.rate_limit[].body',
    scope: 'site',
    type: 'text',
    defaultText: 'a problem document (RFC 9457)',
    prose: 'Body of a refusal, as it stands.',
  },
  {
    path: 'addons.rate_limit[].content_type',
    scope: 'site',
    type: 'string',
    default: 'text/plain; charset=utf-8',
    prose: 'Content-Type of that body.',
  },
  {
    path: 'addons.rate_limit[].fields',
    scope: 'site',
    type: 'enum',
    values: ['refusals', 'always'],
    default: 'refusals',
    prose:
      'Which answers have the fields RateLimit and RateLimit-Policy: refusals, or every answer to a request that the limit counts, for clients of an API that pace themselves. Caches behind lb keep them with what they store. A limit of `scope` `origin` has them on refusals only.',
  },
  {
    path: 'addons.rate_limit[].ipv6_prefix',
    scope: 'site',
    type: 'integer',
    default: 64,
    min: 16,
    max: 128,
    prose: 'Bits of an IPv6 address that count as one client.',
  },
  {
    path: 'addons.rate_limit[].missing',
    scope: 'site',
    type: 'enum',
    values: ['ip', 'together', 'skip'],
    default: 'ip',
    prose:
      'What a request counts by that lacks a header, cookie or parameter of `by`: the address of the client, all such requests `together`, or not at all.',
  },
];

function rates(): Setting[] {
  return (['second', 'minute', 'hour'] as const).map((unit) => ({
    path: `addons.rate_limit[].requests_per_${unit}`,
    scope: 'site',
    type: 'number',
    defaultText: 'none',
    min: 0.001,
    max: MOST,
    prose: `Requests that each client may make in the long run: so many ${unit === 'hour' ? 'an hour' : `a ${unit}`}.`,
  }));
}
