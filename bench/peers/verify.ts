import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from './cases.ts';
import { type Answer, get } from './fetch.ts';
import type { Target } from './measure.ts';
import type { OriginCounter } from './origin.ts';

const PRIMING_TRIES = 40;
const PRIMING_PAUSE_MS = 50;
const PROBES = 5;
/** What another server still works off may reach the origin meanwhile, and must not be held against this one. */
const MISS_TRIES = 3;
/** After which an object that is fresh for a second is stale, whoever counts in whole seconds. */
const STALE_AFTER_MS = 2200;
const STALE_TRIES = 4;
const NOT_MODIFIED = 304;
const FORBIDDEN = 403;

/**
 * Checks that a server does what the case measures: right bytes, hits that leave the origin alone, misses that all reach
 * it, attacks that are refused. Gives the size of the response head in bytes; throws with one sentence when something is wrong.
 */
export async function verify(
  work: Case,
  { port, tlsPort }: Pick<Target, 'port' | 'tlsPort'>,
  expected: Buffer,
  counter: OriginCounter,
): Promise<number> {
  const status = work.status ?? 200;
  const headers = Object.fromEntries((work.headers ?? []).map((line) => line.split(': ', 2)));
  const tls = work.protocol !== undefined;
  const ask = async (): Promise<Answer> => {
    const answer = await get(tls ? tlsPort : port, work.path, { headers, tls });
    if (answer.status !== status) throw new Error(`${work.path} gives status ${answer.status}`);
    if (!answer.body.equals(expected)) throw new Error(`${work.path} gives other bytes than the origin's`);
    return answer;
  };
  const asked = async (times: number): Promise<number> => {
    const before = await counter.read();
    for (let i = 0; i < times; i++) await ask();
    return (await counter.read()) - before;
  };

  // a part of an object, or word that it has not changed, is given of what is stored whole
  if (work.status !== undefined) await get(port, work.path);
  await counter.settle();
  if (work.kind === 'revalidate') {
    await revalidated(work, ask, counter);
  } else if (work.kind === 'miss') {
    let forwarded = 0;
    for (let i = 0; forwarded !== PROBES && i < MISS_TRIES; i++) forwarded = await asked(PROBES);
    if (forwarded !== PROBES) throw new Error(`${PROBES} misses made ${forwarded} requests to the origin`);
  } else {
    for (let i = 0; (await asked(1)) !== 0; i++) {
      if (i === PRIMING_TRIES) throw new Error(`${work.path} is still no hit after ${PRIMING_TRIES} requests`);
      await sleep(PRIMING_PAUSE_MS);
    }
    const forwarded = await asked(PROBES);
    if (forwarded !== 0) throw new Error(`${PROBES} hits made ${forwarded} requests to the origin`);
  }
  if (work.refused !== undefined) {
    const { status: refusal } = await get(port, work.refused);
    if (refusal !== FORBIDDEN) throw new Error(`${work.refused} gives status ${refusal}, not ${FORBIDDEN}`);
  }
  return (await ask()).headBytes;
}

/** The origin's answer about a stored object that has gone stale has to be 304. */
async function revalidated(work: Case, ask: () => Promise<Answer>, counter: OriginCounter): Promise<void> {
  await ask();
  for (let i = 0; i < STALE_TRIES; i++) {
    await sleep(STALE_AFTER_MS);
    const before = counter.probes().length;
    await ask();
    const made = counter.probes().slice(before);
    if (made.length === 1 && made[0] === NOT_MODIFIED) return;
  }
  throw new Error(`${work.path} is not revalidated when it is stale: the origin gave ${counter.probes().join(', ')}`);
}
