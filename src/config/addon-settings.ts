/** The rows of the settings table about addons. */

import { RATE_LIMIT_SETTINGS } from './limit-settings.ts';
import type { Setting } from './setting.ts';
import { WAF_SETTINGS } from './waf-settings.ts';

/** All of them, in the order of the documentation. */
export const ADDON_SETTINGS: readonly Setting[] = [...RATE_LIMIT_SETTINGS, ...WAF_SETTINGS];
