/** The rows of the settings table about the web application firewall. */

import { MB, type Setting } from './setting.ts';

const MODES = ['block', 'log', 'off'];

const RULE_SET: readonly Setting[] = [
  {
    path: 'addons.waf.ruleset',
    scope: 'site',
    type: 'enum',
    values: ['owasp-core'],
    default: 'owasp-core',
    prose: 'Rules that requests are checked against.',
  },
  {
    path: 'addons.waf.mode',
    scope: 'site',
    type: 'enum',
    values: MODES,
    default: 'block',
    prose:
      'Whether an attack is blocked, or only logged with what would have become of it. It goes over SecRuleEngine in files of rules.',
  },
  {
    path: 'addons.waf.paranoia_level',
    scope: 'site',
    type: 'integer',
    defaultText: '1, or what the setup of the rules says',
    min: 1,
    max: 4,
    prose: 'How strict the rules are: higher finds more attacks and more false ones.',
  },
  {
    path: 'addons.waf.detection_paranoia_level',
    scope: 'site',
    type: 'integer',
    defaultText: 'that of `addons.waf.paranoia_level`',
    min: 1,
    max: 4,
    prose: 'Up to which level rules run and are logged without counting, to see what a higher level would find.',
  },
  {
    path: 'addons.waf.inbound_threshold',
    scope: 'site',
    type: 'integer',
    defaultText: 'what the setup of the rules says, usually 5',
    min: 1,
    max: 100_000,
    prose: 'Score from which a request is blocked. A critical rule counts 5, an error 4, a warning 3, a notice 2.',
  },
  {
    path: 'addons.waf.outbound_threshold',
    scope: 'site',
    type: 'integer',
    defaultText: 'what the setup of the rules says, usually 4',
    min: 1,
    max: 100_000,
    prose: 'Score from which a response is blocked.',
  },
  {
    path: 'addons.waf.path',
    scope: 'site',
    type: 'path',
    defaultText: '`LB_CRS_PATH`, else where `lb waf install` or Debian puts it',
    prose: 'Folder of the rule set: the one that has `rules`.',
  },
  {
    path: 'addons.waf.setup',
    scope: 'site',
    type: 'paths',
    default: [],
    prose: 'SecLang files read after crs-setup.conf and before the rules; `*` stands for several.',
  },
  {
    path: 'addons.waf.rules',
    scope: 'site',
    type: 'paths',
    default: [],
    prose: 'SecLang files read after the rules; `*` stands for several.',
  },
];

const PATHS: readonly Setting[] = [
  {
    path: 'addons.waf.paths',
    scope: 'site',
    type: 'waf-paths',
    default: [],
    prose: 'Other modes for some paths. The first that matches counts.',
  },
  {
    path: 'addons.waf.paths[].match',
    scope: 'site',
    type: 'globs',
    defaultText: 'required',
    prose: 'Paths that the mode is for, by globs as in `rules[].match`.',
  },
  {
    path: 'addons.waf.paths[].mode',
    scope: 'site',
    type: 'enum',
    values: MODES,
    defaultText: 'required',
    prose: 'Mode for these paths.',
  },
];

const EXCLUSIONS: readonly Setting[] = [
  {
    path: 'addons.waf.exclusions',
    scope: 'site',
    type: 'waf-exclusions',
    default: [],
    prose: 'Rules that do not run, or do not look at some part of requests, against false positives.',
  },
  {
    path: 'addons.waf.exclusions[].rules',
    scope: 'site',
    type: 'rule-ids',
    defaultText: 'every rule, where there are no `tags` either',
    prose: 'Ids of rules and ranges of them, such as `942100` or `942000-942999`.',
  },
  {
    path: 'addons.waf.exclusions[].tags',
    scope: 'site',
    type: 'texts',
    default: [],
    prose: 'Tags of rules, such as `attack-sqli`.',
  },
  {
    path: 'addons.waf.exclusions[].targets',
    scope: 'site',
    type: 'texts',
    defaultText: 'none: the rules do not run at all',
    prose: 'What the rules do not look at, such as `ARGS:q`, `REQUEST_COOKIES` or `ARGS:/^filter_/`.',
  },
  {
    path: 'addons.waf.exclusions[].path',
    scope: 'site',
    type: 'globs',
    defaultText: 'every path',
    prose: 'Paths that the exclusion is for, by globs as in `rules[].match`.',
  },
];

const BODIES: readonly Setting[] = [
  {
    path: 'addons.waf.request_body.enabled',
    scope: 'site',
    type: 'boolean',
    default: true,
    prose: 'Whether request bodies are inspected.',
  },
  {
    path: 'addons.waf.request_body.limit',
    scope: 'site',
    type: 'size',
    default: '12MB',
    min: 1024,
    max: 1024 * MB,
    unit: 'B',
    prose: 'How much of a request body is inspected.',
  },
  {
    path: 'addons.waf.request_body.no_files_limit',
    scope: 'site',
    type: 'size',
    default: '1MB',
    min: 1024,
    max: 1024 * MB,
    unit: 'B',
    prose: 'The same for all of a body but uploaded files.',
  },
  {
    path: 'addons.waf.request_body.at_limit',
    scope: 'site',
    type: 'enum',
    values: ['reject', 'partial'],
    default: 'reject',
    prose:
      'Whether a longer body is refused with 413, or inspected as far as the limit. With mode `log` it is never refused.',
  },
  {
    path: 'addons.waf.response_body.enabled',
    scope: 'site',
    type: 'boolean',
    default: true,
    prose: 'Whether response bodies are inspected, when they come from the origin.',
  },
  {
    path: 'addons.waf.response_body.limit',
    scope: 'site',
    type: 'size',
    default: '512KB',
    min: 1024,
    max: 1024 * MB,
    unit: 'B',
    prose: 'How much of a response body is inspected, and held back until that is done.',
  },
  {
    path: 'addons.waf.response_body.at_limit',
    scope: 'site',
    type: 'enum',
    values: ['reject', 'partial'],
    default: 'partial',
    prose: 'Whether a longer body is refused with 502, or inspected as far as the limit.',
  },
  {
    path: 'addons.waf.response_body.types',
    scope: 'site',
    type: 'media-types',
    default: ['text/plain', 'text/html', 'text/xml'],
    prose: 'Media types of the responses whose bodies are inspected.',
  },
];

const LIMITS: readonly Setting[] = [
  {
    path: 'addons.waf.arguments_limit',
    scope: 'site',
    type: 'integer',
    default: 1000,
    min: 1,
    max: 1_000_000,
    prose: 'Most arguments of a request; one with more is blocked with 400.',
  },
  {
    path: 'addons.waf.time_budget',
    scope: 'site',
    type: 'duration',
    default: '100ms',
    min: 1,
    max: 10_000,
    unit: 'ms',
    prose: 'How long the rules may take with one request; one that takes longer counts as an attack.',
  },
  {
    path: 'addons.waf.redact',
    scope: 'site',
    type: 'texts',
    default: [
      'REQUEST_HEADERS:Authorization',
      'REQUEST_HEADERS:Proxy-Authorization',
      'REQUEST_HEADERS:Cookie',
      'REQUEST_COOKIES:*',
      'ARGS*:*pass*',
      'ARGS*:*secret*',
      'ARGS*:*token*',
      'ARGS*:*card*',
    ],
    prose: 'Names of variables whose values are not logged; `*` stands for any characters, and case does not count.',
  },
];

const CUSTOM: readonly Setting[] = [
  {
    path: 'addons.waf.custom_rules',
    scope: 'site',
    type: 'custom-rules',
    default: [],
    prose:
      'Rules of your own without SecLang, in the order given, before the rule set. The first that blocks, allows or challenges ends them.',
  },
  {
    path: 'addons.waf.custom_rules[].name',
    scope: 'site',
    type: 'string',
    defaultText: '`custom-1`, by its position',
    prose: 'Name of the rule in logs.',
  },
  {
    path: 'addons.waf.custom_rules[].action',
    scope: 'site',
    type: 'enum',
    values: ['block', 'log', 'allow', 'challenge'],
    defaultText: 'required',
    prose:
      'What becomes of requests that match: `block` answers, `log` only tells, `allow` passes over all that follows, `challenge` has the client show that it is a browser.',
  },
  {
    path: 'addons.waf.custom_rules[].status',
    scope: 'site',
    type: 'integer',
    default: 403,
    min: 400,
    max: 599,
    prose: 'Status of the answer of `block`.',
  },
  {
    path: 'addons.waf.custom_rules[].when',
    scope: 'site',
    type: 'conditions',
    defaultText: 'required',
    prose:
      'Which requests: an object, all of whose keys must hold (of several values under one key, one is enough), or a list of such objects, one of which must.',
  },
];

const WHEN = 'addons.waf.custom_rules[].when[]';

const CONDITIONS: readonly Setting[] = [
  part('path', 'globs', 'Paths, by globs as in `rules[].match`.'),
  part('methods', 'methods', 'Methods; `GET` stands for HEAD too.'),
  part('hosts', 'host', 'Hosts, such as `example.com` or `*.example.com`.'),
  part('networks', 'networks', "The client's address: addresses and networks such as `10.0.0.0/8`."),
  part('countries', 'countries', "The client's country, by two letters, such as `DE`."),
  part(
    'user_agent',
    'texts',
    'The whole User-Agent, case aside; `*` stands for any characters, so that `*curl*` finds curl anywhere. An empty text is for clients that send none.',
  ),
  part(
    'headers',
    'matches',
    'Header fields by name, with a text or several, as under `user_agent`; `*` alone is for any value.',
  ),
  part('query', 'matches', 'Parameters of the query by name, in the same way.'),
  part('cookies', 'matches', 'Cookies by name, in the same way.'),
  part('any', 'conditions', 'Further conditions, one of which must hold.'),
  part('all', 'conditions', 'Further conditions, all of which must hold.'),
  part('not', 'conditions', 'Further conditions, none of which may hold.'),
];

function part(key: string, type: Setting['type'], prose: string): Setting {
  return { path: `${WHEN}.${key}`, scope: 'site', type, defaultText: 'any', prose };
}

/** All of them, in the order of the documentation. */
export const WAF_SETTINGS: readonly Setting[] = [
  ...RULE_SET,
  ...PATHS,
  ...EXCLUSIONS,
  ...BODIES,
  ...LIMITS,
  ...CUSTOM,
  ...CONDITIONS,
];
