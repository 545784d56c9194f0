import type { CacheKey } from '../cache/cache.ts';
import type { HeaderList } from '../http/headers.ts';
import type { FetchSink, Source } from './fetch.ts';
import type { ClientRequest } from './origin-request.ts';
import type { RangeTask } from './range-fetch.ts';
import type { StoredMeta } from './stored.ts';

/** The client whose request began a fill, as long as it is there. */
export interface FillLeader {
  /** The origin sent an interim answer. */
  inform(status: number, headers: HeaderList): void;
  /** The answer is not stored: from here on it belongs to this client alone. Returns who takes it. */
  takeOver(fetch: Source): FetchSink;
  /** The answer was being stored but is too large: the client has `chunk` and the rest to itself. */
  takeRest(fetch: Source, chunk: Buffer): FetchSink;
}

/** A stale entry that a fill may refresh. */
export interface StaleEntry {
  id: number;
  /** Of the long pin, dropped when the fill ends. */
  handle: number;
  meta: StoredMeta;
  /** Cache time until which it may be used when the origin fails. */
  errorUntil: number;
  /** Cache time until which it may be used when the origin takes too long. */
  lateUntil: number;
}

/** What a fill is about. */
export interface FillTask {
  client: ClientRequest;
  /** Where the flight was claimed; copied. */
  key: CacheKey;
  /** What the configuration adds to the key, '' for nothing; the key's variant begins with it. */
  parts: string;
  /** The marker under which the key's variant was found. */
  marker: StoredMeta | undefined;
  stale: StaleEntry | undefined;
  /** Where a part of the resource is wanted, or parts of it are stored. */
  range?: RangeTask;
}
