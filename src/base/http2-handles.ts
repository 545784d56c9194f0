import type { Http2Session } from 'node:http2';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { collectAll } from './garbage.ts';

/** Handles that are kept, beyond which collections are not waited for but made. */
const MOST_KEPT = 200;

/** Collections of the old generation after which a session's streams are gone: one may have begun before they were garbage. */
const COLLECTIONS = 2;

/** How long after its error a session's streams may still be in use, in ms. */
const CLOSING = 1000;

interface Kept {
  since: number;
  /** Collections that began after its streams were closed. */
  collections: number;
}

const kept = new Map<object, Kept>();
let isCollecting = false;

const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { detail } = entry as PerformanceEntry & { detail?: { kind?: number } };
    if (detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) countCollection();
  }
});

/**
 * Keeps a process alive whose peers send broken heads. Where nghttp2 gives a connection up in the middle of a head, such
 * as for too many CONTINUATION frames, the native stream still holds memory of the native session; when both become
 * garbage and the session's turn comes first, Node.js ends the process by an assertion (`current_nghttp2_memory_ == 0`).
 * A peer can do that at will. So the session's handle is kept until its streams are collected.
 *
 * To be called for each session as soon as it is connected.
 */
export function keepHandleOnError(session: Http2Session): void {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kHandle');
  const handle = symbol && (session as unknown as Record<symbol, unknown>)[symbol];
  if (typeof handle !== 'object' || handle === null) return;
  session.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code?.startsWith('ERR_HTTP2')) keep(handle);
  });
}

function keep(handle: object): void {
  if (kept.size === 0) observer.observe({ entryTypes: ['gc'] });
  kept.set(handle, { since: performance.now(), collections: 0 });
  if (kept.size < MOST_KEPT || isCollecting) return;
  isCollecting = true;
  setTimeout(collect, CLOSING);
}

/** Collects all garbage as often as it takes. */
function collect(): void {
  isCollecting = false;
  for (let i = 0; i < COLLECTIONS; i++) {
    collectAll();
    countCollection();
  }
}

function countCollection(): void {
  const now = performance.now();
  for (const [handle, entry] of kept) {
    if (now - entry.since >= CLOSING && ++entry.collections >= COLLECTIONS) kept.delete(handle);
  }
  if (kept.size === 0) observer.disconnect();
}
