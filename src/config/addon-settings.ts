/** The rows of the settings table about addons. */

import type { Setting } from './setting.ts';

/** All of them, in the order of the documentation. */
export const ADDON_SETTINGS: readonly Setting[] = [
  {
    path: 'addons.rate_limit.requests_per_second',
    scope: 'site',
    type: 'number',
    defaultText: 'required',
    min: 0.001,
    max: 1_000_000_000,
    prose: 'Requests a second that each client may make in the long run.',
  },
  {
    path: 'addons.rate_limit.burst',
    scope: 'site',
    type: 'integer',
    defaultText: 'one second of the rate',
    min: 1,
    max: 1_000_000_000,
    prose: 'Requests that may come at once.',
  },
  {
    path: 'addons.rate_limit.by',
    scope: 'site',
    type: 'keys',
    default: ['ip'],
    prose: 'What tells clients apart: `ip`, `path`, `country`, `header:NAME`, `cookie:NAME`, `query:NAME`, or several.',
  },
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
    values: ['block', 'log', 'off'],
    default: 'block',
    prose: 'Whether an attack is blocked, or only logged.',
  },
  {
    path: 'addons.waf.paranoia_level',
    scope: 'site',
    type: 'integer',
    default: 1,
    min: 1,
    max: 4,
    prose: 'How strict the rules are: higher finds more attacks and more false ones.',
  },
  {
    path: 'addons.waf.path',
    scope: 'site',
    type: 'string',
    defaultText: 'the usual places',
    prose: 'Folder of the rule set.',
  },
  {
    path: 'addons.waf.setup',
    scope: 'site',
    type: 'strings',
    default: [],
    prose: 'SecLang files read after crs-setup.conf and before the rules.',
  },
  {
    path: 'addons.waf.rules',
    scope: 'site',
    type: 'strings',
    default: [],
    prose: 'SecLang files read after the rules.',
  },
];
