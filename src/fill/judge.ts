import { hash, randomBytes } from 'node:crypto';
import { toCacheTime } from '../base/clock.ts';
import { parseRequestCacheControl } from '../http/cache-control.ts';
import { contentCoding } from '../http/content-coding.ts';
import { isPageAsAsset, isStaticAsset } from '../http/content-type.ts';
import { parseContentLength } from '../http/framing.ts';
import { dateOf } from '../http/freshness.ts';
import { combineHeader, getHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import { type Judgement, judgeResponse } from '../http/judge.ts';
import type { StorageReason } from '../http/storable.ts';
import { selectDirectives } from '../http/targeted.ts';
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

/** What of a request decides about storing its answer. */
export type JudgedRequest = Pick<ClientRequest, 'path' | 'headers' | 'policy'>;

/**
 * Decides whether and for how long an answer is stored, by its own fields and the site's rules.
 *
 * @param isPart a part was asked for, to be stored as one
 */
export function judge(client: JudgedRequest, answer: OriginAnswer, isPart = false): Judgement {
  const policy = isPart ? { ...client.policy, storePartial: true } : client.policy;
  const contentType = getHeader(answer.headers, 'content-type');
  const input = {
    ...answer,
    ...selectDirectives(answer.headers, policy.targets),
    staticAsset: isStaticAsset(client.path, contentType),
    pageAsAsset: isPageAsAsset(client.path, contentType),
    requestMethod: 'GET',
    authorized: hasHeader(client.headers, 'authorization'),
    requestNoStore: policy.clientDirectives && requestDirectives(client.headers).noStore,
  };
  return judgeResponse(input, policy);
}

/** A request's directives, from all lines of Cache-Control and Pragma. */
export function requestDirectives(headers: HeaderList) {
  return parseRequestCacheControl(combineHeader(headers, 'cache-control'), combineHeader(headers, 'pragma'));
}

/** Reasons against storing that hold for one request or moment only, and so say nothing about the next. */
const OF_THIS_REQUEST: ReadonlySet<StorageReason> = new Set([
  'authorization',
  'request-no-store',
  'interim',
  'outdated',
  'partial',
  'no-room',
]);

/**
 * Whether an answer that is not stored says so of its resource, and not only of the request: a refusal of what one
 * client sent (400, 403, 413 ...), or a failure, must not take the resource out of the cache for all.
 */
export function concernsResource(reason: StorageReason, status: number): boolean {
  return !OF_THIS_REQUEST.has(reason) && (status < 400 || status === 404 || status === 410);
}

/** User words of an entry that holds the answer. A response to be validated each time is stored as never fresh. */
export function storedWords(judgement: Judgement, status: number): [number, number, number, number] {
  // 0 says more than that it is over: no-cache, or a purge
  const freshUntil = judgement.alwaysRevalidate ? 0 : Math.max(1, toCacheTime(judgement.freshUntil));
  return [freshUntil, toCacheTime(judgement.born), 0, status];
}

/** Secondary keys beyond so many characters are told apart by their hash. */
const LONG = 200;

/** What decides which variant of a resource an answer is. `nonce` ties variants to their marker. */
export interface Variant {
  fields: string[];
  nonce: string;
  key: string;
}

/**
 * The names of the request fields that select an answer, joined by commas.
 *
 * @param recodes whether each client gets it in a coding that it takes, however it is coded itself
 */
export function selectingFields(headers: HeaderList, recodes = false): string {
  return fieldsOf(headers, recodes).join();
}

function fieldsOf(headers: HeaderList, recodes: boolean): string[] {
  const { fields } = parseVary(combineHeader(headers, 'vary'));
  if (recodes && contentCoding(headers) !== 'other') return fields.filter((name) => name !== 'accept-encoding');
  // an origin that compresses without saying so: not everybody reads what it sent
  if (hasHeader(headers, 'content-encoding') && !fields.includes('accept-encoding')) fields.push('accept-encoding');
  return fields;
}

/** The variant that an answer is, or undefined where it does not vary. A marker with the same fields keeps its nonce. */
export function variantOf(
  client: ClientRequest,
  headers: HeaderList,
  marker: StoredMeta | undefined,
): Variant | undefined {
  const fields = fieldsOf(headers, client.policy.compression !== undefined);
  if (fields.length === 0) return undefined;
  const known = marker?.vary?.join() === fields.join() ? marker.variant : undefined;
  const nonce = known ?? randomBytes(9).toString('base64url');
  return { fields, nonce, key: variantName(nonce, fields, client.headers) };
}

/** The last part of a variant's cache key. */
export function variantName(nonce: string, fields: readonly string[], headers: HeaderList): string {
  return `${nonce}|${selection(fields, headers)}`;
}

/** What selects a variant: the secondary key, or where that is long its hash, so that markers stay small. */
export function selection(fields: readonly string[], headers: HeaderList): string {
  const key = variantKey(fields, headers);
  return key.length <= LONG ? key : `#${hash('sha256', Buffer.from(key, 'latin1'), 'base64url')}`;
}

/** The nonce that ties a variant to its marker, of its name. */
export function nonceOf(name = ''): string {
  return name.slice(0, name.indexOf('|'));
}

/** What selected a variant, of its name. */
export function selectionOf(name: string): string {
  return name.slice(name.indexOf('|') + 1);
}

/** What is kept beside a stored answer; see StoredMeta. */
export function storedMeta(
  judgement: Judgement,
  answer: OriginAnswer,
  head: RenderedHead,
  variant?: Variant,
): StoredMeta {
  const { age } = judgement;
  return {
    status: answer.status,
    etag: judgement.etag,
    lastModified: judgement.lastModified,
    date: dateOf(answer),
    tail: head.tail,
    upstream: head.upstream,
    vary: variant?.fields,
    variant: variant?.key,
    arrived: Math.round(answer.responseTime * 1000) / 1000,
    delay: age.responseDelay || undefined,
    age: age.ageValue || undefined,
    life: judgement.freshUntil - judgement.born,
    swr: judgement.staleWhileRevalidate || undefined,
    sie: judgement.staleIfError || undefined,
    strict: judgement.mayServeStale ? undefined : true,
    hidden: head.hidden.length === 0 ? undefined : head.hidden,
  };
}

/** Bytes of the body that follows: -1 where only its end will tell. */
export function bodyLength(answer: OriginAnswer): number {
  if (answer.status === 204) return 0;
  if (hasHeader(answer.headers, 'transfer-encoding')) return -1;
  const declared = getHeader(answer.headers, 'content-length');
  return declared === undefined ? -1 : parseContentLength(declared);
}
