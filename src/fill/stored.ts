import type { Cache } from '../cache/cache.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import type { HeaderList } from '../http/headers.ts';
import type { ByteRange } from '../http/range.ts';
import { statusText } from '../http/status-text.ts';

/** Bit of USER_FLAGS: the entry holds no response but names what selects one. */
export const FLAG_VARY_MARKER = 1;

/** Bit of USER_FLAGS: the entry holds the head of a response of which slices are stored, each an entry of its own. */
export const FLAG_SLICED = 2;

/** Bit of USER_FLAGS: the response has a content coding that its key does not select. */
export const FLAG_CODED = 4;

/** What the cache keeps of a response beside its rendered head and body; kept as JSON in the entry's meta part. */
export interface StoredMeta {
  status: number;
  etag?: string;
  lastModified?: string;
  /** Date of the response, seconds since 1970. */
  date?: number;
  /** Where in the rendered head the part behind Cache-Status begins. */
  tail: number;
  /** Cache-Status of caches nearer the origin. */
  upstream?: string;
  /** Fields that select the variant, and the variant stored here; of a marker, the fields and its nonce. */
  vary?: string[];
  variant?: string;
  /** Of a marker: the variants stored under it. */
  known?: KnownVariant[];
  /** When the head arrived (or was last confirmed at another head), seconds since 1970, and how long after the request. */
  arrived?: number;
  delay?: number;
  /** The origin's Age, absent for 0. */
  age?: number;
  /** Seconds from birth to the end of freshness, for explaining: a purge may have brought the end forward. */
  life?: number;
  /** Seconds of stale use while it is refreshed and when the origin fails, absent for 0. */
  swr?: number;
  sie?: number;
  /** Not to be used stale without the origin's leave. */
  strict?: true;
  /** Fields that lb obeys and clients do not get. */
  hidden?: HeaderList;
  /** Of a partial response (status 206): what it holds. */
  parts?: StoredParts;
  /** Of a response that is stored in slices: which. */
  slices?: StoredSlices;
  /** Names the content for its variants in other codings (src/compress/variants.ts); absent where there are to be none. */
  content?: string;
  /** Of such a variant: what its original's `content` is. */
  original?: string;
}

/** A stored response as a thread sees it: views made once and good for as long as the entry's generation stands. */
export interface StoredView {
  generation: number;
  meta: StoredMeta;
  /** `200 OK`. */
  status: string;
  /** Value of Cache-Status for a hit, CRLF, all further lines but Age. */
  head: Uint8Array;
  /** `head` with a line for the age that a hit had last, and that age in seconds; see `hitHead`. */
  aged: Uint8Array;
  age: number;
  /** Value of Via, CRLF, all further lines. */
  tail: Uint8Array;
  /** Bytes of the body, -1 while it is not known. */
  length: number;
  /** The whole body where it lies in one piece and is complete. */
  body: Uint8Array | undefined;
  /** Lines of a 304 in place of `tail`, made when first needed. */
  notModified: Uint8Array | undefined;
  /** The same as clients get it under changes that the configuration makes, and these changes. */
  dressed: { readonly edits: HeaderEdits; readonly view: StoredView } | undefined;
  /** Its forms in other codings, made when first needed; see src/request/coding.ts. */
  forms: object | undefined;
  /** Cache time of this thread's last attempt to refresh it in the background, 0 for none. */
  tried: number;
  /** Cache time at which the origin failed to refresh it, 0 for never. */
  failed: number;
}

/** Parts of a resource, their bytes one after the other in the entry's body. */
export interface StoredParts {
  /** Sorted, neither overlapping nor touching. */
  ranges: ByteRange[];
  /** Bytes of the whole resource. */
  complete: number;
}

/** How a response is cut in slices. */
export interface StoredSlices {
  /** Bytes of each slice but the last. */
  size: number;
  /** Bytes of the whole. */
  complete: number;
  /** Ties slices to their marker. */
  nonce: string;
}

/** A variant as its marker knows it. */
export interface KnownVariant {
  /** Last part of its key. */
  name: string;
  etag?: string;
}

const VIEWS = 8192;

/** Bytes of the longest Age line, with its CRLF. */
const AGE_LINE = '\r\nAge: 2147483647'.length;

/** Holds a meta part while it is decoded: what decodes texts takes no shared memory. */
let copied = Buffer.allocUnsafeSlow(1024);

export function encodeMeta(meta: StoredMeta): Uint8Array {
  return Buffer.from(JSON.stringify(meta));
}

/** Of a pinned entry; decoded at each call, and not kept. */
export function metaOf(cache: Cache, id: number): StoredMeta {
  const bytes = cache.meta(id);
  const { length } = bytes;
  if (length > copied.length) copied = Buffer.allocUnsafeSlow(length * 2);
  copied.set(bytes);
  return JSON.parse(copied.toString('utf8', 0, length)) as StoredMeta;
}

/** @param length of the body, or -1; @param generation of the entry, 0 for what lies elsewhere */
export function viewOf(
  meta: StoredMeta,
  head: Uint8Array,
  length: number,
  body: Uint8Array | undefined,
  generation = 0,
): StoredView {
  return {
    generation,
    meta,
    status: statusText(meta.status),
    head,
    aged: head,
    age: -1,
    tail: head.subarray(meta.tail),
    length,
    body,
    notModified: undefined,
    dressed: undefined,
    forms: undefined,
    tried: 0,
    failed: 0,
  };
}

/**
 * Views of stored responses, kept in a direct-mapped table, so that a hit on an entry seen before makes no object. An
 * entry's bytes never change within one generation, and only pinned entries may be asked for.
 */
export class StoredViews {
  readonly #cache: Cache;
  readonly #ids = new Int32Array(VIEWS);
  readonly #views: (StoredView | undefined)[] = new Array(VIEWS).fill(undefined);

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** The view of a complete entry. */
  of(id: number): StoredView {
    const slot = id & (VIEWS - 1);
    const known = this.#views[slot];
    if (known !== undefined && this.#ids[slot] === id && known.generation === this.#cache.generation(id)) return known;
    const view = this.read(id);
    view.length = view.meta.slices?.complete ?? this.#cache.bodyLength(id);
    const body = this.#cache.body(id, 0);
    if (body.length === view.length) view.body = body;
    this.#ids[slot] = id;
    this.#views[slot] = view;
    return view;
  }

  /** A view of an entry that may still be filling: its length is the declared one, or -1. */
  read(id: number): StoredView {
    const cache = this.#cache;
    return viewOf(this.meta(id), cache.head(id), cache.totalLength(id), undefined, cache.generation(id));
  }

  meta(id: number): StoredMeta {
    return metaOf(this.#cache, id);
  }
}

/**
 * The head of a hit with its Age. A copy private to the thread, in which digits are changed in place once a second, so
 * that a head goes out in one call and most hits make nothing.
 */
export function hitHead(view: StoredView, age: number): Uint8Array {
  if (age !== view.age) writeAge(view, age);
  return view.aged;
}

function writeAge(view: StoredView, age: number): void {
  const line = `\r\nAge: ${age}`;
  const length = view.head.length + line.length;
  if (view.age < 0) {
    const copy = Buffer.allocUnsafeSlow(view.head.length + AGE_LINE);
    copy.set(view.head);
    view.aged = copy;
  }
  if (view.aged.length !== length) view.aged = new Uint8Array(view.aged.buffer, 0, length);
  for (let i = 0; i < line.length; i++) view.aged[view.head.length + i] = line.charCodeAt(i);
  view.age = age;
}
