/** The rows of the settings table about addons. */

import type { Setting } from './setting.ts';
import { WAF_SETTINGS } from './waf-settings.ts';

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
  ...WAF_SETTINGS,
];
