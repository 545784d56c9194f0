/** robots.txt (RFC 9309) as configuration makes it. */

import type { RobotsConfig } from '../config/bot-config.ts';
import { aiCrawlers } from './classify.ts';

export const ROBOTS_PATH = '/robots.txt';

/** Names that are only for robots.txt: no client calls itself so. */
const NAMES_ONLY = ['Applebot-Extended', 'Google-Extended', 'Webzio-Extended'];

export function robotsText({ disallow, blockAi, text }: RobotsConfig): string {
  const names = new Map<string, string>();
  for (const name of [...disallow, ...(blockAi ? [...NAMES_ONLY, ...aiCrawlers()] : [])]) {
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  const groups: string[] = [];
  // one group for all of them; whatever else a crawler finds for its name is joined with it
  if (names.size > 0)
    groups.push(`${[...names.values()].map((name) => `User-agent: ${name}`).join('\n')}\nDisallow: /\n`);
  if (text.trim() !== '') groups.push(text.endsWith('\n') ? text : `${text}\n`);
  else if (!names.has('*')) groups.push('User-agent: *\nDisallow:\n');
  return groups.join('\n');
}
