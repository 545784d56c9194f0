import { setTimeout } from 'node:timers/promises';
import { CliError } from '../exit.ts';
import type { Fetcher } from './fetcher.ts';
import { outcomeOf } from './outcome.ts';
import type { Entry } from './source.ts';
import type { Tally } from './tally.ts';
import type { Target } from './target.ts';
import type { Fields } from './variants.ts';

export interface WarmOptions {
  readonly entries: AsyncIterator<Entry>;
  readonly fetcher: Fetcher;
  readonly tally: Tally;
  /** Fields of each request for a URL. */
  readonly variants: readonly Fields[];
  readonly concurrency: number;
  /** Requests a second, Infinity for as many as there may be. */
  readonly rate: number;
  /** URLs, each once. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Fetches all that is listed, `concurrency` at a time, each target once and nothing twice.
 *
 * @throws CliError where there is no lb, and what reading the list throws
 */
export async function warm(options: WarmOptions): Promise<void> {
  const { concurrency, signal } = options;
  const next = uniqueRequests(options);
  const pace = pacer(options.rate, signal);
  const work = async (): Promise<void> => {
    for (let request = await next(); request !== undefined; request = await next()) {
      await pace();
      if (signal.aborted) return;
      await fetchOne(options, request);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

interface Request {
  target: Target;
  fields: Fields;
}

/** Gives out one request after the other; undefined when there are no more, or no more are wanted. */
function uniqueRequests({ entries, variants, limit, tally, signal }: WarmOptions): () => Promise<Request | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  async function* requests(): AsyncGenerator<Request, undefined> {
    const seen = new Set<string>();
    for (let entry = await entries.next(); entry.done !== true && seen.size < limit; entry = await entries.next()) {
      if ('reason' in entry.value) {
        tally.fail(entry.value.what, entry.value.reason);
        continue;
      }
      const { target } = entry.value;
      const name = target.host + target.path;
      if (seen.has(name)) continue;
      seen.add(name);
      for (const fields of variants) yield { target, fields };
      // without a look at what comes next, which may take its time
      if (seen.size >= limit) return;
    }
  }
  const all = requests();
  // a list that comes through a pipe may have no end
  return () => Promise.race([all.next().then(({ value }) => value), stopped]);
}

async function fetchOne({ fetcher, tally, signal }: WarmOptions, { target, fields }: Request): Promise<void> {
  try {
    const { status, headers, bytes } = await fetcher.fetch(target, fields);
    tally.add(target.host + target.path, outcomeOf(status, headers), bytes);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (!signal.aborted) tally.fail(target.host + target.path, (error as Error).message);
  }
}

/** Waits for one's turn, so that turns come `rate` times a second. */
function pacer(rate: number, signal: AbortSignal): () => Promise<void> {
  if (rate === Infinity) return async () => {};
  let turn = 0;
  return async () => {
    const now = performance.now();
    turn = Math.max(turn, now);
    const wait = turn - now;
    turn += 1000 / rate;
    if (wait > 0) await setTimeout(wait, undefined, { signal }).catch(() => {});
  };
}
