/** Statuses and ranges of them, as settings have them. */

import { Problem } from './errors.ts';
import type { Setting } from './setting.ts';

/** One status within the row's limits. */
export function parseStatus(setting: Setting, text: string): number | Problem {
  const { min = 100, max = 599 } = setting;
  const fix = `give a number from ${min} to ${max}`;
  if (!/^\d+$/.test(text)) return new Problem(`"${text}" is no status`, fix);
  const status = Number(text);
  return status >= min && status <= max ? status : new Problem(`${text} cannot stand here`, fix);
}

/** `200` or `200-399`. */
export function parseStatusRange(text: string): string | Problem {
  const match = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(text);
  const fix = 'write a status or a range, such as "200-399"';
  if (!match) return new Problem(`"${text}" is no status`, fix);
  const [, first, last = first] = match;
  if (Number(first) < 100 || Number(last) > 599)
    return new Problem(`"${text}" is no status`, 'statuses are from 100 to 599');
  if (Number(last) < Number(first)) return new Problem(`"${text}" is empty`, `write "${last}-${first}"`);
  return match[2] === undefined ? first : `${first}-${last}`;
}
