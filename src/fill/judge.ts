import { randomBytes } from 'node:crypto';
import { toCacheTime } from '../base/clock.ts';
import { parseResponseCacheControl } from '../http/cache-control.ts';
import { isStaticAsset } from '../http/content-type.ts';
import { dateOf } from '../http/freshness.ts';
import { combineHeader, getHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import { type Judgement, judgeResponse } from '../http/judge.ts';
import type { StorageReason } from '../http/storable.ts';
import { parseVary, variantKey } from '../http/vary.ts';
import type { RenderedHead } from './head.ts';
import type { ClientRequest } from './origin-request.ts';
import type { StoredMeta } from './stored.ts';

/** An origin's answer to a fill, with the times that count for its age. */
export interface OriginAnswer {
  status: number;
  headers: HeaderList;
  requestTime: number;
  responseTime: number;
}

/** Decides whether and for how long an answer is stored, by its own fields and the site's rules. */
export function judge(client: ClientRequest, answer: OriginAnswer): Judgement {
  const input = {
    ...answer,
    directives: parseResponseCacheControl(combineHeader(answer.headers, 'cache-control')),
    staticAsset: isStaticAsset(client.path, getHeader(answer.headers, 'content-type')),
    requestMethod: 'GET',
    authorized: hasHeader(client.headers, 'authorization'),
  };
  return judgeResponse(input, client.host.plan.policyFor(client.path));
}

/** Reasons against storing that hold for one request only, and so say nothing about the next. */
const OF_THIS_REQUEST: ReadonlySet<StorageReason> = new Set([
  'authorization',
  'request-no-store',
  'interim',
  'partial',
]);

export function concernsThisRequestOnly(reason: StorageReason): boolean {
  return OF_THIS_REQUEST.has(reason);
}

/** User words of an entry that holds the answer. A response to be validated each time is stored as never fresh. */
export function storedWords(judgement: Judgement, status: number): [number, number, number, number] {
  const freshUntil = judgement.alwaysRevalidate ? 0 : toCacheTime(judgement.freshUntil);
  return [freshUntil, toCacheTime(judgement.born), 0, status];
}

/** What decides which variant of a resource an answer is. `nonce` ties variants to their marker. */
export interface Variant {
  fields: string[];
  nonce: string;
  key: string;
}

/** The variant that an answer is, or undefined where it does not vary. A marker with the same fields keeps its nonce. */
export function variantOf(
  client: ClientRequest,
  headers: HeaderList,
  marker: StoredMeta | undefined,
): Variant | undefined {
  const { fields } = parseVary(combineHeader(headers, 'vary'));
  // an origin that compresses without saying so: not everybody reads what it sent
  if (hasHeader(headers, 'content-encoding') && !fields.includes('accept-encoding')) fields.push('accept-encoding');
  if (fields.length === 0) return undefined;
  const known = marker?.vary?.join() === fields.join() ? marker.variant : undefined;
  const nonce = known ?? randomBytes(9).toString('base64url');
  return { fields, nonce, key: variantName(nonce, fields, client.headers) };
}

/** The last part of a variant's cache key. */
export function variantName(nonce: string, fields: readonly string[], headers: HeaderList): string {
  return `${nonce}|${variantKey(fields, headers)}`;
}

/** What selected a variant, of its name. */
export function selectionOf(name: string): string {
  return name.slice(name.indexOf('|') + 1);
}

export function storedMeta(
  judgement: Judgement,
  answer: OriginAnswer,
  head: RenderedHead,
  variant?: Variant,
): StoredMeta {
  return {
    status: answer.status,
    etag: judgement.etag,
    lastModified: judgement.lastModified,
    date: dateOf(answer),
    tail: head.tail,
    upstream: head.upstream,
    vary: variant?.fields,
    variant: variant?.key,
  };
}
