/** The rows of the settings table about what is cached, how long, and under which key. */

import { GB, KB, MB, type Setting } from './setting.ts';

const DAY = 86_400;
const YEAR = 365 * DAY;

/** Settings of a whole site. */
const SITE_ROWS: readonly Setting[] = [
  {
    path: 'cache.auto',
    scope: 'site',
    type: 'boolean',
    default: true,
    flag: '--cache-auto',
    help: 'Whether images, fonts, scripts and styles are cached without a rule',
    placeholder: 'on|off',
    env: 'LB_CACHE_AUTO',
    prose:
      'Whether images, fonts, scripts and styles, told by content type and extension alike, are cached without a rule.',
  },
  {
    path: 'cache.auto_ttl',
    scope: 'site',
    type: 'duration',
    default: '1h',
    min: 0,
    max: 10 * YEAR,
    unit: 's',
    env: 'LB_CACHE_AUTO_TTL',
    prose: 'How long what `cache.auto` finds stays fresh where the origin does not say.',
  },
  {
    path: 'cache.heuristic_max',
    scope: 'site',
    type: 'duration',
    default: '1d',
    min: 0,
    max: 10 * YEAR,
    unit: 's',
    env: 'LB_CACHE_HEURISTIC_MAX',
    prose: 'Longest lifetime that `cache.heuristic` gives.',
  },
  {
    path: 'cache.targets',
    scope: 'site',
    type: 'target-fields',
    default: ['lb-cache-control', 'cdn-cache-control', 'surrogate-control'],
    env: 'LB_CACHE_TARGETS',
    prose:
      'Response fields that go over Cache-Control for lb (RFC 9213), the most specific first. The first that is there and well-formed counts. Clients get none of them but CDN-Cache-Control.',
  },
  {
    path: 'cache.preset',
    scope: 'site',
    type: 'enum',
    values: ['static', 'none'],
    default: 'none',
    env: 'LB_CACHE_PRESET',
    prose:
      '`static`: as if there were a rule `static` for the usual names of images, fonts, scripts, styles and media. Where there is such a rule (`--cache-static`), it is the preset for the paths that it says.',
  },
  {
    path: 'cache.max_variants',
    scope: 'site',
    type: 'integer',
    default: 64,
    min: 1,
    max: 1024,
    env: 'LB_CACHE_MAX_VARIANTS',
    prose: 'Responses that are stored for one resource by its Vary field; further ones are passed on unstored.',
  },
];

/** Settings of a site that a rule may have too: `cache.X`, and `cache.NAME.X`, which goes over it. */
const SHARED_ROWS: readonly Setting[] = [
  {
    path: 'cache.stale_while_revalidate',
    scope: 'site',
    type: 'duration',
    default: '0s',
    min: 0,
    max: YEAR,
    unit: 's',
    flag: '--stale-while-revalidate',
    placeholder: 'SECONDS',
    env: 'LB_STALE_WHILE_REVALIDATE',
    help: 'How long a stale response is served while it is refreshed, where the origin does not say',
    prose:
      'How long after its lifetime a response is served at once while it is refreshed in the background, where the origin does not say.',
  },
  {
    path: 'cache.stale_if_error',
    scope: 'site',
    type: 'duration',
    default: '1h',
    min: 0,
    max: YEAR,
    unit: 's',
    flag: '--stale-if-error',
    placeholder: 'SECONDS',
    env: 'LB_STALE_IF_ERROR',
    help: 'How long a stale response stands in while the origin fails, where the origin does not say',
    prose:
      'How long after its lifetime a response stands in when the origin is out of reach or answers 500, 502, 503 or 504, where the origin does not say.',
  },
  {
    path: 'cache.stale_deadline',
    scope: 'site',
    type: 'duration',
    default: '0s',
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    flag: '--stale-deadline',
    placeholder: 'DURATION',
    env: 'LB_STALE_DEADLINE',
    help: 'How long a refresh may take before the stale response goes out, such as 300ms; 0 is off',
    prose:
      'How long a client waits for a refresh before it gets the stale response, while the refresh goes on; only within the time of `cache.stale_while_revalidate` or `cache.stale_if_error`. 0 switches this off.',
  },
  {
    path: 'cache.client_directives',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_CLIENT_DIRECTIVES',
    prose:
      'Whether clients may use Cache-Control and Pragma in requests: `no-cache`, `no-store`, `max-age`, `min-fresh`, `max-stale`, `only-if-cached`.',
  },
  {
    path: 'cache.negative_ttl',
    scope: 'site',
    type: 'duration',
    default: '0s',
    min: 0,
    max: YEAR,
    unit: 's',
    env: 'LB_CACHE_NEGATIVE_TTL',
    prose: 'How long a 404 or 410 stays fresh where the origin does not say.',
  },
  {
    path: 'cache.error_ttl',
    scope: 'site',
    type: 'duration',
    default: '0s',
    min: 0,
    max: 60,
    unit: 's',
    env: 'LB_CACHE_ERROR_TTL',
    prose: 'How long a 500, 502, 503 or 504 stays fresh where the origin does not say.',
  },
  {
    path: 'cache.heuristic',
    scope: 'site',
    type: 'number',
    default: 0.1,
    min: 0,
    max: 1,
    env: 'LB_CACHE_HEURISTIC',
    prose:
      'Part of the time since Last-Modified for which a response without any lifetime stays fresh (RFC 9111 section 4.2.2). 0 switches this off.',
  },
  {
    path: 'cache.store_set_cookie',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_STORE_SET_COOKIE',
    prose:
      'Whether responses with Set-Cookie are stored. Dangerous: everybody then gets the cookie that was meant for one.',
  },
  {
    path: 'cache.store_posted',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_STORE_POSTED',
    prose:
      'Whether an answer to POST is stored for GET where it says that it is what GET would get, by a Content-Location of its own URL and a lifetime (RFC 9110 section 9.3.3). Only for origins that mean it: what one client posts may decide what others get.',
  },
  {
    path: 'cache.immutable',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_IMMUTABLE',
    prose:
      'Whether files with a hash in their names, such as `app.3f2a9c1b.js`, are taken as never changing: where the origin does not say how long they stay fresh, they do for a year, and clients are told so (`immutable`, RFC 8246).',
  },
  {
    path: 'cache.slice',
    scope: 'site',
    type: 'size',
    defaultText: '8MB for what memory could not hold whole, when there is `cache.disk`; else off',
    min: 64 * KB,
    max: GB,
    mayBeOff: true,
    unit: 'B',
    flag: '--cache-slice',
    placeholder: 'SIZE',
    env: 'LB_CACHE_SLICE',
    help: 'Keep large responses in slices of this size, fetched by range as they are asked for',
    prose:
      'Size of the slices in which larger responses are fetched, by range, and kept, so that a part of a large file costs the origin that part. `false` switches this off.',
  },
  {
    path: 'cache.key.query_include',
    scope: 'site',
    type: 'parameters',
    defaultText: 'all',
    env: 'LB_CACHE_KEY_QUERY_INCLUDE',
    prose:
      'Query parameters that count; all others are dropped, from the key and from what the origin is asked for. `*` stands for any characters. An empty list drops the whole query.',
  },
  {
    path: 'cache.key.query_exclude',
    scope: 'site',
    type: 'parameters',
    default: [],
    env: 'LB_CACHE_KEY_QUERY_EXCLUDE',
    prose:
      'Query parameters that are dropped, from the key and from what the origin is asked for. `*` stands for any characters, `:tracking` for the usual parameters of advertisers and newsletters.',
  },
  {
    path: 'cache.key.query_sort',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_KEY_QUERY_SORT',
    prose: 'Whether query parameters are put in the order of their names. Those of one name keep theirs.',
  },
  {
    path: 'cache.key.headers',
    scope: 'site',
    type: 'key-fields',
    default: [],
    env: 'LB_CACHE_KEY_HEADERS',
    prose: 'Request fields whose values are part of the key, without a Vary field of the origin.',
  },
  {
    path: 'cache.key.cookies',
    scope: 'site',
    type: 'cookies',
    defaultText: 'none, and all are passed on',
    env: 'LB_CACHE_KEY_COOKIES',
    prose:
      'Cookies whose values are part of the key. The origin gets these alone; with an empty list, it gets no cookie.',
  },
  {
    path: 'cache.key.device',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_KEY_DEVICE',
    prose:
      'Whether the class of device is part of the key: `mobile`, `tablet`, `desktop` or `bot`. The origin gets it as `X-Device-Class`.',
  },
  {
    path: 'cache.key.country',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_CACHE_KEY_COUNTRY',
    prose:
      "Whether the country of the client's address is part of the key. The origin gets it as `X-Country`: two letters, `XX` where it is not known.",
  },
];

/** Settings of one rule alone. */
const RULE_ROWS: readonly Setting[] = [
  {
    path: 'cache.*.match',
    scope: 'site',
    type: 'globs',
    defaultText: 'required',
    prose:
      'Paths that the rule is for, as a list or with commas. `*` stands for any characters, `?` for one; a glob without a slash is compared with the last part of the path (`*.js`), one with a slash with the whole path (`/api/*`). The query does not count.',
    shortcuts: [
      {
        path: 'cache.static.match',
        flag: '--cache-static',
        env: 'LB_CACHE_STATIC',
        prose: 'Paths to cache as static files, such as "*.js,*.css".',
      },
      {
        path: 'cache.api.match',
        flag: '--cache-api',
        env: 'LB_CACHE_API',
        prose: 'Paths of an API to cache, such as "/api/products/*".',
      },
    ],
  },
  {
    path: 'cache.*.ttl',
    scope: 'site',
    type: 'duration',
    defaultText: '1d with the preset `static`, 60s for the rule `api`, `cache.auto_ttl` for others',
    min: 0,
    max: 10 * YEAR,
    unit: 's',
    flag: '--ttl',
    help: 'How long responses stay fresh where the origin does not say: for the rule before it, or for all',
    placeholder: 'SECONDS',
    env: 'LB_TTL',
    prose:
      'How long a response stays fresh where the origin does not say. As a flag it is for the rule before it; in front of all rules, and as a variable, for every rule and for `cache.auto_ttl`.',
  },
  {
    path: 'cache.*.preset',
    scope: 'site',
    type: 'enum',
    values: ['static', 'none'],
    defaultText: '`static` for the rule `static`, `none` for others',
    prose:
      'What the rule says where neither it nor its site does. `static`: a lifetime of one day, `immutable` on, `compress` on, and `:tracking` in `key.query_exclude`. `lb explain` tells what comes from it.',
  },
  {
    path: 'cache.*.compress',
    scope: 'site',
    type: 'boolean',
    defaultText: 'that of `compression.enabled`; on with the preset `static`',
    prose: 'Whether responses are compressed, as `compression` says.',
  },
  {
    path: 'cache.*.override',
    scope: 'site',
    type: 'boolean',
    default: false,
    prose: 'Whether `ttl` replaces what the origin says, unless that is `private` or `no-store`.',
  },
  {
    path: 'cache.*.force',
    scope: 'site',
    type: 'boolean',
    default: false,
    prose:
      'With `override`: whether `private` and `no-store` are replaced too. Dangerous: strangers may get the page of someone else.',
  },
  {
    path: 'cache.*.methods',
    scope: 'site',
    type: 'strings',
    values: ['POST'],
    default: [],
    prose:
      'Further methods that are cached, beside GET and HEAD: `POST`, with the body in the key. Only for requests that change nothing, such as GraphQL queries.',
  },
  {
    path: 'cache.*.body_limit',
    scope: 'site',
    type: 'size',
    defaultText: '64KB',
    min: 1,
    max: 16 * MB,
    unit: 'B',
    prose: 'Largest request body that goes into a key; a request with a larger one is passed on.',
  },
];

/** The row of a setting shared by site and rules as it stands in a rule. */
function inRule(setting: Setting): Setting {
  const { path, scope, type, values, min, max, unit, mayBeOff, prose } = setting;
  const own = { scope, type, values, min, max, unit, mayBeOff, prose };
  return { ...own, path: path.replace('cache.', 'cache.*.'), defaultText: `that of \`${path}\``, siteRow: path };
}

/** All of them, in the order of the documentation. */
export const CACHE_SETTINGS: readonly Setting[] = [
  ...SITE_ROWS,
  ...SHARED_ROWS,
  ...RULE_ROWS,
  ...SHARED_ROWS.map(inRule),
];
