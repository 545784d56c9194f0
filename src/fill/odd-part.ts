import type { CacheKey } from '../cache/cache.ts';
import type { EdgeContext } from './context.ts';
import { entryOf } from './entry.ts';
import { judge, type OriginAnswer, selectingFields } from './judge.ts';
import type { ClientRequest } from './origin-request.ts';
import type { OddPart } from './range-fetch.ts';

/** A part that goes through as the origin sent it, and what is needed to store it as what it is. */
export interface OddAnswer {
  client: ClientRequest;
  answer: OriginAnswer;
  odd: OddPart;
  /** Of the resource's parts. */
  key: CacheKey;
  flight: number;
  /** The newest purge when the origin was asked. */
  since: number;
}

/** Stores the last part of a resource whose origin takes its end for the first byte that is not sent. */
export function keepOdd({ cache }: EdgeContext, { client, answer, odd, key, flight, since }: OddAnswer): void {
  const { range, complete, body } = odd;
  const judgement = judge(client, answer, true);
  // all of a resource is never a part of it
  if (cache.purged(flight) || range.start === 0) return;
  if (!judgement.storage.storable || selectingFields(answer.headers) !== '') return;
  const kind = { parts: { ranges: [range], complete } };
  const { head, meta, words, tags } = entryOf(cache, answer, judgement, client.host.plan.hidden, kind);
  cache.put(key, head, meta, body, words, since, tags);
}
