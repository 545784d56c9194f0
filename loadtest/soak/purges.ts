import { setTimeout as sleep } from 'node:timers/promises';
import type { Versions } from './check.ts';
import { KINDS, type Kind, slotOf, TAGS } from './objects.ts';

/** Purges so far, and those that were not answered by 2xx. */
export interface PurgeFindings {
  done: number;
  failed: string[];
}

/** Pause between two purges, in ms. */
const PAUSE = 200;
/** Every so many purges one takes all. */
const ALL = 200;

/** The objects that a purge is about, and what it says to the admin listener. */
interface Purge {
  slots: readonly number[];
  path: string;
  body?: { tag?: string; soft?: boolean };
}

/**
 * Changes objects at the origin and purges them, in every way there is, until told to stop. Once a purge has been answered,
 * nothing older may be served. Objects that live a second change without a purge.
 */
export async function purgeOnAndOn(
  admin: string,
  versions: Versions,
  findings: PurgeFindings,
  until: AbortSignal,
): Promise<void> {
  for (let turn = 1; !until.aborted; turn++) {
    Atomics.add(versions.newest, slotOf(KINDS.short, below(KINDS.short.count)), 1);
    const { slots, path, body } = turn % ALL === 0 ? everything() : chosen();
    const changed = slots.map((slot) => Atomics.add(versions.newest, slot, 1) + 1);
    try {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await fetch(`${admin}/cache${path}`, { method: 'DELETE', body: text });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      if (body?.soft !== true) {
        slots.forEach((slot, i) => {
          versions.floors[slot] = changed[i];
        });
      }
    } catch (error) {
      findings.failed.push(`purge of ${path}: ${(error as Error).message}`);
    }
    findings.done++;
    await sleep(PAUSE);
  }
}

const below = (count: number): number => Math.floor(Math.random() * count);

function chosen(): Purge {
  const ways = [one, one, one, one, prefix, wildcard, tag, soft];
  return ways[below(ways.length)]();
}

function one(): Purge {
  const kinds = [KINDS.hot, KINDS.cold, KINDS.text, KINDS.vary, KINDS.medium];
  const kind = below(20) === 0 ? KINDS.large : kinds[below(kinds.length)];
  const number = below(kind.count);
  return { slots: [slotOf(kind, number)], path: `/${kind.name}/${number}` };
}

function prefix(): Purge {
  const start = String(1 + below(99));
  return { slots: slotsOf(KINDS.cold, (number) => number.startsWith(start)), path: `/cold/${start}*` };
}

function wildcard(): Purge {
  const end = String(below(10));
  return { slots: slotsOf(KINDS.hot, (number) => number.endsWith(end)), path: `/h*t/*${end}` };
}

function tag(): Purge {
  const wanted = below(TAGS);
  const slots = slotsOf(KINDS.hot, (_, number) => number % TAGS === wanted);
  return { slots, path: '/*', body: { tag: `tag-${wanted}` } };
}

/** What it is about may be served stale while it is renewed. */
function soft(): Purge {
  const number = below(KINDS.hot.count);
  return { slots: [slotOf(KINDS.hot, number)], path: `/hot/${number}`, body: { soft: true } };
}

function everything(): Purge {
  return { slots: slotsOf(KINDS.hot, () => true), path: '/*' };
}

function slotsOf(kind: Kind, matches: (text: string, number: number) => boolean): number[] {
  const numbers = Array.from({ length: kind.count }, (_, number) => number);
  return numbers.filter((number) => matches(String(number), number)).map((number) => slotOf(kind, number));
}
