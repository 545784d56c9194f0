/** The rows of the settings table about what becomes of requests beside caching: rules, redirects, HSTS. */

import { MB, type Setting } from './setting.ts';

const YEAR = 365 * 86_400;

const RULES: readonly Setting[] = [
  {
    path: 'rules',
    scope: 'site',
    type: 'rules',
    default: [],
    prose:
      'What becomes of requests that match, in the order given: other paths for the origin, redirects, simple responses, header fields. Every rule that matches counts, until one answers.',
  },
  {
    path: 'rules[].match',
    scope: 'site',
    type: 'globs',
    defaultText: 'every path',
    prose:
      'Paths that the rule is for. `*` stands for any characters, `?` for one; a glob without a slash is compared with the last part of the path, one with a slash with the whole path. The query does not count.',
  },
  {
    path: 'rules[].methods',
    scope: 'site',
    type: 'methods',
    defaultText: 'every method',
    prose: 'Methods that the rule is for; `GET` stands for HEAD too.',
  },
  {
    path: 'rules[].hosts',
    scope: 'site',
    type: 'host',
    defaultText: 'every host of the site',
    prose: 'Hosts that the rule is for, such as `example.com` or `*.example.com`.',
  },
  {
    path: 'rules[].rewrite',
    scope: 'site',
    type: 'template',
    defaultText: 'none',
    prose:
      'Path that the origin is asked for, with variables such as `{1}`, which is what the first `*` of the glob stands for. The query stays, unless the text has a `?`.',
  },
  {
    path: 'rules[].redirect.to',
    scope: 'site',
    type: 'template',
    defaultText: 'required',
    prose: 'Where the client is sent: a path or a URL, with variables.',
  },
  {
    path: 'rules[].redirect.status',
    scope: 'site',
    type: 'enum',
    values: ['301', '302', '303', '307', '308'],
    default: '302',
    prose: 'Status of the redirect. 301 and 308 are kept by browsers.',
  },
  {
    path: 'rules[].respond.status',
    scope: 'site',
    type: 'integer',
    default: 200,
    min: 200,
    max: 599,
    prose: 'Status of the response.',
  },
  {
    path: 'rules[].respond.body',
    scope: 'site',
    type: 'text',
    default: '',
    prose: 'Body of the response, as it stands.',
  },
  {
    path: 'rules[].respond.headers',
    scope: 'site',
    type: 'fields',
    defaultText: '`Content-Type: text/plain; charset=utf-8` where there is a body',
    prose: 'Header fields of the response, as an object; values may have variables.',
  },
  {
    path: 'rules[].limits',
    scope: 'site',
    type: 'strings',
    default: [],
    prose:
      'Names of rate limits (`addons.rate_limit`) that count the requests of the rule. A limit that any rule names counts no others.',
  },
  ...changes('request_headers', 'of what the origin is asked with'),
  ...changes('response_headers', 'of what the client gets'),
];

function changes(key: string, what: string): Setting[] {
  return [
    {
      path: `rules[].${key}.remove`,
      scope: 'site',
      type: 'names',
      default: [],
      prose: `Names of header fields ${what} that are removed.`,
    },
    {
      path: `rules[].${key}.set`,
      scope: 'site',
      type: 'fields',
      defaultText: 'none',
      prose: `Header fields ${what} that are replaced, or added where there is none, as an object; values may have variables.`,
    },
    {
      path: `rules[].${key}.add`,
      scope: 'site',
      type: 'fields',
      defaultText: 'none',
      prose: `Header fields ${what} that are added beside those of the same name, as an object.`,
    },
  ];
}

/** All of them, in the order of the documentation. */
export const RULE_SETTINGS: readonly Setting[] = [
  ...RULES,
  {
    path: 'https_redirect',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_HTTPS_REDIRECT',
    prose: 'Whether requests without TLS are redirected to `https://`. Challenges of ACME are not.',
  },
  {
    path: 'hsts.max_age',
    scope: 'site',
    type: 'duration',
    defaultText: 'no HSTS',
    min: 0,
    max: 10 * YEAR,
    unit: 's',
    env: 'LB_HSTS_MAX_AGE',
    prose:
      'How long browsers are to use the site by TLS alone (Strict-Transport-Security, RFC 6797). 0 has them forget it.',
  },
  {
    path: 'hsts.include_subdomains',
    scope: 'site',
    type: 'boolean',
    default: false,
    prose: 'Whether that is for all names under the host too.',
  },
  {
    path: 'hsts.preload',
    scope: 'site',
    type: 'boolean',
    default: false,
    prose:
      'Whether browsers may have the host in the list that they come with. Needs `hsts.include_subdomains` and a `hsts.max_age` of a year.',
  },
  {
    path: 'early_hints',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_EARLY_HINTS',
    prose: 'Whether clients get a 103 with the Link fields of an earlier response while the origin is asked.',
  },
  {
    path: 'upgrades.enabled',
    scope: 'site',
    type: 'boolean',
    default: true,
    env: 'LB_UPGRADES_ENABLED',
    prose: 'Whether clients may switch to WebSocket and other protocols with the origin.',
  },
  {
    path: 'upgrades.idle_timeout',
    scope: 'site',
    type: 'duration',
    default: '5m',
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    env: 'LB_UPGRADES_IDLE_TIMEOUT',
    prose: 'How long such a connection may stay open without a byte either way. 0 sets no limit.',
  },
  {
    path: 'upgrades.max_message',
    scope: 'site',
    type: 'size',
    default: '16MB',
    min: 1,
    max: 1024 * MB,
    unit: 'B',
    env: 'LB_UPGRADES_MAX_MESSAGE',
    prose: 'Largest WebSocket message, where lb puts messages together.',
  },
  {
    path: 'upgrades.connections',
    scope: 'site',
    type: 'integer',
    default: 0,
    min: 0,
    max: 10_000_000,
    env: 'LB_UPGRADES_CONNECTIONS',
    prose: 'Most such connections of the site at once. 0 sets no limit.',
  },
];
