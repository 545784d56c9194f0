/** What tests of origins have in common. */

import type { SiteConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { Origin } from './origin.ts';
import { createOriginStates, type OriginState, OriginStates } from './state.ts';

/** The one site of a configuration, as in lb.json. @throws with all mistakes */
export function siteConfig(settings: Record<string, unknown>): SiteConfig {
  const readFile = () => JSON.stringify({ origins: ['127.0.0.1:80'], ...settings });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return loaded.config.sites[0];
}

/** States of origins as worker 1 sees them. */
export function testStates(slots = 8, workers = 2): OriginStates {
  return new OriginStates(createOriginStates({ workers, slots }), 1);
}

/** Origins of a site without connections, in slots from 0 on. @param now the clock */
export function testOrigins(site: SiteConfig, states: OriginStates, now: () => number): Origin[] {
  return site.origins.map((config, slot) => testOrigin(config, site, states.slot(slot), now));
}

function testOrigin(config: SiteConfig['origins'][0], site: SiteConfig, state: OriginState, now: () => number): Origin {
  const pool = {} as Origin['pool'];
  return new Origin(config, site, { pool, servername: undefined, state, gate: { now, ring: () => {} } });
}
