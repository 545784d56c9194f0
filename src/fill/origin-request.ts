import type { Readable } from 'node:stream';
import { bucketAcceptEncoding, encodingBucket } from '../http/accept-encoding.ts';
import { appendCdnLoop } from '../http/cdn-loop.ts';
import { ORIGIN_ACCEPT_ENCODING } from '../http/content-coding.ts';
import { FORWARDED_NAMES, METHOD_OVERRIDE_NAMES } from '../http/forwarded.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { combineHeader, getHeader, type HeaderList, withHeader } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import { isMaskedName } from '../http/masked-names.ts';
import { CONDITIONAL_NAMES } from '../http/stored-headers.ts';
import { SURROGATE_CAPABILITY, SURROGATE_CONTROL } from '../http/targeted.ts';
import { nextTraceparent, parseTraceparent } from '../http/traceparent.ts';
import { appendVia } from '../http/via.ts';
import type { OriginTarget } from '../origin/origin.ts';
import type { HostEntry } from '../site/host-table.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { OriginSpan, RequestTrace, SpanParent } from '../tracing/tracer.ts';
import { PROXY_NAME } from './head.ts';
import type { ResponseInspection } from './inspected.ts';

/** Fields that say how a request's body is to be read: with a body in the key, all that are not keyed are left out. */
const KEYED_CONTENT: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'content-length']);

/** A request as the origin gets it. */
export interface OriginRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: HeaderList;
  body: Readable | Buffer | null;
  /** Ended by whoever sends the request. */
  span?: OriginSpan | undefined;
  /** Looks at the answer before anybody has it. */
  inspect?: (() => ResponseInspection) | undefined;
}

/** What a fill needs to know of the request that caused it; outlives the client. */
export interface ClientRequest {
  method: string;
  /** Path without query. */
  path: string;
  /** Path and query, as sent. */
  target: string;
  headers: HeaderList;
  host: HostEntry;
  scheme: 'http' | 'https';
  /** Address of the client. */
  address: string;
  /** X-Forwarded-For for the origin: the client's address, or what trusted proxies say with theirs. */
  forwardedFor: string;
  requestId: string;
  /** Names this process in CDN-Loop. */
  instance: string;
  /** The span of the client's request, where it is traced. */
  trace?: RequestTrace | undefined;
  /** What spans of requests to origins are under: the client's request, or the fill. */
  cause?: SpanParent | undefined;
  /** What the configuration says about its path. */
  policy: CachePolicy;
  /** The whole body, where it is part of the key. */
  body: Buffer | undefined;
  /** The Cookie field as sent, where `headers` have not all of it and it may name the client's origin. */
  cookies?: string | undefined;
  /** What the site's rules change of the fields; the key holds it. */
  edits?: HeaderEdits | undefined;
  /** Made anew for each answer of an origin; undefined where nobody looks at them. */
  inspect?: (() => ResponseInspection) | undefined;
}

/** Validators of stored responses, for asking the origin whether one of them is still good. */
export interface StoredValidators {
  /** Entity tags of one resource's variants, the wanted one first. */
  etags: readonly string[];
  lastModified?: string;
}

/** Fields of the client's that are written anew or end here. */
const REPLACED: ReadonlySet<string> = new Set([
  'host',
  'expect',
  'via',
  'cdn-loop',
  'surrogate-capability',
  'x-request-id',
  'traceparent',
  ...FORWARDED_NAMES,
]);

/**
 * A client's request as it is passed on, conditions and ranges included.
 *
 * @param encodings Accept-Encoding in place of the client's
 */
export function passRequest(
  client: ClientRequest,
  origin: OriginTarget,
  streamed: Readable | null,
  encodings?: string,
): OriginRequest {
  const { inspect } = client;
  const body = client.body ?? streamed;
  const span = originSpan(client, origin, client.method);
  const headers = forwardedHeaders(client, origin, span, body !== null, false);
  if (encodings !== undefined) {
    return {
      method: client.method,
      target: client.target,
      headers: withHeader(headers, 'accept-encoding', encodings),
      body,
      span,
      inspect,
    };
  }
  return { method: client.method, target: client.target, headers, body, span, inspect };
}

/**
 * A request for the whole resource; where it is no query with a body, conditional on what is stored, if anything is.
 *
 * @param isPart a part of it will be asked for, so that its bytes are not to depend on a coding
 */
export function fillRequest(
  client: ClientRequest,
  origin: OriginTarget,
  stored?: StoredValidators,
  isPart = false,
): OriginRequest {
  const { body, inspect } = client;
  const span = originSpan(client, origin, body === undefined ? 'GET' : client.method);
  const headers = forwardedHeaders(client, origin, span, body !== undefined, true);
  headers.push('accept-encoding', fillEncodings(client, isPart));
  if (client.policy.targets.includes(SURROGATE_CONTROL)) headers.push('surrogate-capability', SURROGATE_CAPABILITY);
  if (body !== undefined) return { method: client.method, target: client.target, headers, body, span, inspect };
  if (stored !== undefined && stored.etags.length > 0) headers.push('if-none-match', stored.etags.join(', '));
  if (stored?.lastModified !== undefined) headers.push('if-modified-since', stored.lastModified);
  return { method: 'GET', target: client.target, headers, body: null, span, inspect };
}

function fillEncodings({ policy, headers }: ClientRequest, isPart: boolean): string {
  if (policy.compression !== undefined) return isPart ? 'identity' : ORIGIN_ACCEPT_ENCODING;
  // variants are told apart by this bucket alone, so the origin is asked for no more than it says
  return bucketAcceptEncoding(encodingBucket(combineHeader(headers, 'accept-encoding')));
}

/** The span of one request to an origin, where the request that causes it is traced. */
function originSpan(client: ClientRequest, origin: OriginTarget, method: string): OriginSpan | undefined {
  if (client.cause === undefined) return undefined;
  const { host, port, tls } = origin.config;
  return client.cause.origin({ method, scheme: tls ? 'https' : 'http', host, port, path: client.path });
}

function forwardedHeaders(
  client: ClientRequest,
  origin: OriginTarget,
  span: OriginSpan | undefined,
  hasBody: boolean,
  unconditional: boolean,
): HeaderList {
  const { host, headers } = client;
  const out: HeaderList = ['host', host.plan.originHost(host.authority, host.host, origin.config)];
  const traced = getHeader(headers, 'traceparent');
  const validTrace = traced !== undefined && parseTraceparent(traced) !== undefined;
  const isRetrieval = client.method === 'GET' || client.method === 'HEAD' || client.body !== undefined;
  const kept = stripHopByHop(headers);
  for (let i = 0; i < kept.length; i += 2) {
    const name = kept[i];
    if (REPLACED.has(name) || isMaskedName(name) || (unconditional && CONDITIONAL_NAMES.has(name))) continue;
    if (name === 'content-length' && !hasBody) continue;
    if (isRetrieval && METHOD_OVERRIDE_NAMES.has(name)) continue;
    if (unconditional && name === 'accept-encoding') continue;
    if (client.body !== undefined && name.startsWith('content-') && !KEYED_CONTENT.has(name)) continue;
    if (name === 'tracestate' && !validTrace) continue;
    out.push(name, kept[i + 1]);
  }
  out.push('via', appendVia(combineHeader(headers, 'via'), '1.1', PROXY_NAME));
  out.push('cdn-loop', appendCdnLoop(combineHeader(headers, 'cdn-loop'), `${PROXY_NAME};id=${client.instance}`));
  out.push(
    'x-forwarded-for',
    client.forwardedFor,
    'x-forwarded-proto',
    client.scheme,
    'x-forwarded-host',
    host.authority,
  );
  out.push('x-request-id', client.requestId, 'traceparent', span?.traceparent ?? nextTraceparent(traced));
  return client.edits === undefined ? out : client.edits.apply(out);
}
