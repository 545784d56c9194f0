/**
 * lb's pipeline and the reference model answer the same histories of random origins and requests, and are to agree.
 *
 *     LB_MODEL_EXCHANGES=1000000 LB_MODEL_SEED=7 node --test test/model/agreement.test.ts
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IS_LONG } from '../support/long.ts';
import { EXCHANGES, generate } from './generate.ts';
import type { History } from './history.ts';
import { replay } from './replay.ts';
import { shrink } from './shrink.ts';

const exchanges = Number(process.env.LB_MODEL_EXCHANGES ?? (IS_LONG ? 100_000 : 30_000));
const firstSeed = Number(process.env.LB_MODEL_SEED ?? 1);

test(`lb and the reference model agree over ${exchanges} exchanges`, async () => {
  for (let seed = firstSeed; (seed - firstSeed) * EXCHANGES < exchanges; seed++) {
    const history = generate(seed);
    if ((await replay(history)) !== undefined) assert.fail(await explained(history, seed));
  }
});

/** The shortest history found that still shows it, for whoever judges which of the two is wrong. */
async function explained(history: History, seed: number): Promise<string> {
  const shortest = await shrink(history);
  const found = await replay(shortest, true);
  const story =
    found === undefined
      ? ['it does not show again']
      : [...found.story, ...found.differences.map((text) => `=> ${text}`)];
  return `LB_MODEL_SEED=${seed} LB_MODEL_EXCHANGES=1, site ${history.site}\n${story.join('\n')}`;
}
