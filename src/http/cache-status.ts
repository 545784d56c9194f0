import { serializeBareItem, tokenOrString } from './structured-fields.ts';

/** Why a request went to the origin (RFC 9211 section 2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';

/** What a cache did for one request (RFC 9211 section 2). `hit` and `fwd` exclude each other. */
export interface CacheStatus {
  hit?: boolean;
  fwd?: ForwardReason;
  /** Status of the origin's answer, where it is not the one sent to the client. */
  fwdStatus?: number;
  /** Remaining freshness in seconds, negative when stale. */
  ttl?: number;
  stored?: boolean;
  collapsed?: boolean;
  key?: string;
  detail?: string;
}

let lastName = '';
let lastText = '""';

function memberName(cacheName: string): string {
  if (cacheName !== lastName) {
    lastText = serializeBareItem(tokenOrString(cacheName));
    lastName = cacheName;
  }
  return lastText;
}

/** One member of Cache-Status: `lb; fwd=miss; fwd-status=200; stored; collapsed; ttl=60; detail=...`. */
export function formatCacheStatus(cacheName: string, status: Readonly<CacheStatus>): string {
  let text = memberName(cacheName);
  if (status.hit === true) text += '; hit';
  else if (status.fwd !== undefined) text += `; fwd=${status.fwd}`;
  if (status.fwdStatus !== undefined) text += `; fwd-status=${status.fwdStatus}`;
  if (status.stored === true) text += '; stored';
  if (status.collapsed === true) text += '; collapsed';
  if (status.ttl !== undefined) text += `; ttl=${Math.trunc(status.ttl)}`;
  if (status.key !== undefined) text += `; key=${serializeBareItem(status.key)}`;
  if (status.detail !== undefined) text += `; detail=${serializeBareItem(tokenOrString(status.detail))}`;
  return text;
}

/** A Cache-Status with this cache's member last, after those of caches nearer the origin (RFC 9211 section 2). */
export function appendCacheStatus(existing: string | undefined, own: string): string {
  return existing === undefined || existing === '' ? own : `${existing}, ${own}`;
}
