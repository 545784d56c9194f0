import { cacheNow, fromCacheTime } from '../base/clock.ts';
import { type Cache, NO_BAN, SOFT_BAN } from '../cache/cache.ts';
import type { Provenance } from '../config/picker.ts';
import { selectionOf } from '../fill/judge.ts';
import type { StoredMeta } from '../fill/stored.ts';
import type { Uncacheable } from '../fill/uncacheable.ts';
import { etagsToSend } from '../fill/variants.ts';
import { TAG_FIELDS } from '../http/cache-tags.ts';
import { combineHeader, getHeader, type HeaderList, onlyFields } from '../http/headers.ts';
import { normaliseSelecting } from '../http/vary.ts';
import type { HostEntry, HostTable } from '../site/host-table.ts';
import type { CachePolicy } from '../site/plan.ts';
import { decide } from './decision.ts';
import { type Entry, type Found, findEntry, judgeAgain } from './entry.ts';
import { describeFreshness, isoTime, type Times } from './freshness.ts';
import { rangeText } from './parts.ts';
import { findPurge, type Purgeable, type RecentPurge } from './purges.ts';
import { type ExplainedRequest, readRequest } from './request.ts';
import { describePolicy, describeRule, describeSite } from './site.ts';
import type {
  ExplainProblem,
  ExplainQuery,
  Explanation,
  KeyPart,
  LastAnswerPart,
  StoredPart,
  ValidationPart,
  VaryPart,
} from './types.ts';

/** Where the answers come from. Nothing of it is changed. */
export interface ExplainSources {
  readonly cache: Cache;
  readonly hosts: HostTable;
  readonly uncacheable: Uncacheable;
  readonly scheme: 'http' | 'https';
  /** Host and port that a path alone is asked of. */
  readonly own: string;
  /** Every setting with where it came from. */
  readonly settings: readonly Provenance[];
  /** The purges remembered that concern something, the newest first. */
  purges(purgeable: Purgeable): readonly RecentPurge[];
}

/** Fields of a stored response that have a say in what becomes of it. */
const DECISIVE = [...TAG_FIELDS, 'age', 'cache-control', 'date', 'etag', 'expires', 'last-modified', 'pragma', 'vary'];

/** Says what lb would do with a request at this moment, without asking an origin and without a trace in the cache. */
export function explain(query: ExplainQuery, sources: ExplainSources): Explanation | ExplainProblem {
  const request = readRequest(query, sources.own);
  if ('problem' in request) return request;
  const host = sources.hosts.find(request.hostField);
  if (typeof host === 'string') return unknownHost(request.hostField, host === 'malformed', sources);
  const policy = host.plan.policyFor(request.path);
  return explainAt(request, host, policy, sources);
}

function unknownHost(host: string, malformed: boolean, { hosts }: ExplainSources): ExplainProblem {
  if (malformed) return { problem: `"${host}" is no host`, status: 400 };
  const known = hosts.names().slice(0, 10).join(', ');
  const fix = `lb would answer 421; it answers for ${known}. Another host: -H "Host: NAME"`;
  return { problem: `no site answers for ${host}: ${fix}`, status: 404 };
}

function explainAt(
  request: ExplainedRequest,
  host: HostEntry,
  policy: CachePolicy,
  sources: ExplainSources,
): Explanation {
  const { cache, uncacheable } = sources;
  const now = cacheNow();
  const { headers } = request;
  const target = keyedTarget(request, policy);
  const parts = configuredParts(request, policy);
  const found = findEntry(cache, { host, target, parts: keyText(parts), headers });
  const entry = found.entry !== undefined && found.entry.ban <= SOFT_BAN ? found.entry : undefined;
  const shown = entry ?? found.parts;
  const times = shown === undefined ? undefined : timesOf(shown, now);
  const judgement = shown === undefined ? undefined : judgeAgain(shown, request.path, policy);
  const last = uncacheable.recall(found.key, now);
  const situation = {
    request,
    policy,
    found: { ...found, entry },
    times: entry === undefined ? undefined : times,
    partsTimes: times,
    uncacheable: last !== undefined,
    now,
  };
  const purged = { site: host.plan.index, host: host.host, target };
  return {
    time: new Date().toISOString(),
    request: {
      method: request.method,
      host: request.hostField,
      target: request.query === '' ? request.path : `${request.path}?${request.query}`,
      fields: linesOf(headers),
    },
    decision: decide(situation),
    site: describeSite(host.plan.config, host.host),
    rule: describeRule(policy.rule),
    policy: describePolicy(sources.settings, host.plan.config, policy.rule),
    key: describeKey(sources.scheme, host, target, parts, found, headers),
    stored: shown === undefined ? null : describeStored(shown, policy),
    freshness:
      shown === undefined || times === undefined || judgement === undefined
        ? null
        : describeFreshness(shown, judgement, times, policy, headers, now),
    validation: describeValidation(entry?.meta, found.marker),
    purge: findPurge(found.entry ?? found.parts, purged, (purgeable) => sources.purges(purgeable)),
    last_answer: last === undefined ? null : describeLast(last),
  };
}

function keyedTarget({ path, query }: ExplainedRequest, { key }: CachePolicy): string {
  if (key !== undefined) return key.target(path, query);
  return query === '' ? path : `${path}?${query}`;
}

/** The address of a client is not known here: the country is that of nobody. */
function configuredParts({ headers }: ExplainedRequest, { key }: CachePolicy): string {
  return key?.parts((name) => getHeader(headers, name) ?? '', '') ?? '';
}

function keyText(parts: string): string {
  return parts === '' ? '' : `${parts.length}:${parts}`;
}

function timesOf({ born, freshUntil, ban, meta }: Entry, now: number): Times {
  if (freshUntil !== 0 && ban === NO_BAN) return { born, freshUntil };
  return { born, freshUntil: Math.min(now, born + (meta.life ?? 0)) };
}

function describeKey(
  scheme: string,
  { authority }: HostEntry,
  target: string,
  configured: string,
  { marker, key, variants }: Found,
  headers: HeaderList,
): KeyPart {
  const vary = marker === undefined ? null : describeVary(marker, key.variant, variants, headers);
  return { scheme, host: authority, methods: 'GET, HEAD', target, configured, vary };
}

function describeVary(
  { vary = [], known = [] }: StoredMeta,
  chosen: string,
  stored: ReadonlySet<string>,
  headers: HeaderList,
): VaryPart {
  const selecting = vary.map((field) => [field, normaliseSelecting(field, combineHeader(headers, field)) ?? null]);
  const variants = known.map(({ name, etag }) => ({
    selection: selectionOf(name),
    etag: etag ?? null,
    stored: stored.has(name),
    chosen: chosen.endsWith(name),
  }));
  return { fields: vary, selecting: Object.fromEntries(selecting) as Record<string, string | null>, variants };
}

function describeStored({ meta, headers, bytes, uses }: Entry, policy: CachePolicy): StoredPart {
  const { status, parts } = meta;
  return {
    status,
    bytes,
    parts: parts === undefined ? null : { ranges: parts.ranges.map(rangeText), complete: parts.complete },
    arrived: meta.arrived === undefined ? null : isoTime(meta.arrived),
    uses,
    fields: linesOf(onlyFields(headers, [...DECISIVE, ...policy.targets])),
  };
}

/** Of the request to the origin, for what is stored or, where that is not this request's variant, for any of the variants. */
function describeValidation(meta: StoredMeta | undefined, marker: StoredMeta | undefined): ValidationPart | null {
  const etags = etagsToSend(marker, meta);
  const { etag, lastModified } = meta ?? {};
  const request: string[] = [];
  if (etags.length > 0) request.push(`if-none-match: ${etags.join(', ')}`);
  if (lastModified !== undefined) request.push(`if-modified-since: ${lastModified}`);
  return request.length === 0 ? null : { etag: etag ?? null, last_modified: lastModified ?? null, request };
}

function describeLast({ status, reason, at }: NonNullable<ReturnType<Uncacheable['recall']>>): LastAnswerPart {
  return { status, reason, time: isoTime(fromCacheTime(at)) };
}

function linesOf(headers: HeaderList): string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return lines;
}
