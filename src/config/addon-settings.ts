/** The rows of the settings table about addons. */

import { BOT_SETTINGS } from './bot-settings.ts';
import { GEO_SETTINGS } from './geo-settings.ts';
import { RATE_LIMIT_SETTINGS } from './limit-settings.ts';
import type { Setting } from './setting.ts';
import { WAF_SETTINGS } from './waf-settings.ts';

/** All of them, in the order of the documentation. */
export const ADDON_SETTINGS: readonly Setting[] = [
  ...GEO_SETTINGS,
  ...BOT_SETTINGS,
  ...RATE_LIMIT_SETTINGS,
  ...WAF_SETTINGS,
];
