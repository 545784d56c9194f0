import type { Scenario } from '../scenario.ts';
import { hits } from './hits.ts';
import { misses } from './misses.ts';
import { mixed } from './mixed.ts';
import { purgeStorm } from './purge-storm.ts';

export const SCENARIOS: readonly Scenario[] = [hits, misses, mixed, purgeStorm];
