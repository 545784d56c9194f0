/** Makes a history that shows a disagreement shorter and simpler while it still does. */
import type { Exchange, History, Script } from './history.ts';
import { replay } from './replay.ts';
import type { ModelSite } from './sites.ts';

const PLAIN: Partial<Script> = {
  delay: 0,
  fault: 'none',
  status: 200,
  declared: true,
  honours: false,
  ranges: 'no',
  apart: false,
  lines304: [],
  tag304: 'same',
  modified: undefined,
  validators: 'none',
  length: 40,
  changes: false,
};

/** @param budget replays to spend */
export async function shrink(history: History, budget = 3000, site?: ModelSite): Promise<History> {
  let best = history;
  let left = budget;
  const accept = async (candidate: History): Promise<boolean> => {
    if (JSON.stringify(candidate) === JSON.stringify(best) || left-- <= 0) return false;
    const found = await replay(candidate, false, site);
    if (found === undefined) return false;
    best = { ...candidate, exchanges: candidate.exchanges.slice(0, found.at + 1) };
    return true;
  };
  const found = await replay(history, false, site);
  if (found === undefined) return history;
  best = { ...history, exchanges: history.exchanges.slice(0, found.at + 1) };
  for (let smaller = true; smaller && left > 0; ) {
    smaller = await dropExchanges(() => best, accept);
    for (const simpler of simplifications(best)) if (await accept(simpler(best))) smaller = true;
  }
  return best;
}

async function dropExchanges(
  current: () => History,
  accept: (candidate: History) => Promise<boolean>,
): Promise<boolean> {
  let smaller = false;
  for (let size = current().exchanges.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < current().exchanges.length; ) {
      const history = current();
      const dropped = history.exchanges.slice(from, from + size);
      const rest = history.exchanges.toSpliced(from, size);
      // time goes on as before
      const next = rest[from];
      if (next !== undefined) rest[from] = { ...next, wait: dropped.reduce((sum, { wait }) => sum + wait, next.wait) };
      if (rest.length > 0 && (await accept({ ...history, exchanges: rest }))) smaller = true;
      else from += size;
    }
  }
  return smaller;
}

type Simplification = (history: History) => History;

function simplifications(history: History): Simplification[] {
  const list: Simplification[] = [];
  const change = (at: number, edit: (one: Exchange) => Exchange) => {
    list.push((now) =>
      at < now.exchanges.length ? { ...now, exchanges: now.exchanges.with(at, edit(now.exchanges[at])) } : now,
    );
  };
  history.exchanges.forEach((exchange, at) => {
    if (exchange.wait > 0) change(at, (one) => ({ ...one, wait: 0 }));
    if (exchange.slow) change(at, (one) => ({ ...one, slow: false }));
    if (exchange.leaves) change(at, (one) => ({ ...one, leaves: false }));
    if (exchange.method !== 'GET') change(at, (one) => ({ ...one, method: 'GET' }));
    for (const line of exchange.lines)
      change(at, (one) => ({ ...one, lines: one.lines.filter((other) => other !== line) }));
    for (const key of ['lines', 'lines304'] as const) {
      for (const line of exchange.origin[key]) {
        change(at, (one) => ({
          ...one,
          origin: { ...one.origin, [key]: one.origin[key].filter((other) => other !== line) },
        }));
      }
    }
    for (const [key, value] of Object.entries(PLAIN)) {
      if (exchange.origin[key as keyof Script] === value) continue;
      change(at, (one) => ({ ...one, origin: { ...one.origin, [key]: value } }));
    }
  });
  return list;
}
