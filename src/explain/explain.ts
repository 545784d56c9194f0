import { cacheNow } from '../base/clock.ts';
import { type Cache, NO_BAN, SOFT_BAN } from '../cache/cache.ts';
import type { Provenance } from '../config/picker.ts';
import type { Uncacheable } from '../fill/uncacheable.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import type { Judgement } from '../http/judge.ts';
import type { HostEntry, HostTables } from '../site/host-table.ts';
import { describeBots, describeCountries } from './clients.ts';
import { describeCompression, withoutRanges } from './compression.ts';
import { decide } from './decision.ts';
import { type DiskFind, type Entry, findEntry, judgeAgain } from './entry.ts';
import { describeFreshness, type Times } from './freshness.ts';
import { guardDecision } from './guard.ts';
import { describeKey, keyOf } from './key.ts';
import { describeLimits } from './limits.ts';
import { findPurge, type Purgeable, type RecentPurge } from './purges.ts';
import { type ExplainedRequest, readRequest } from './request.ts';
import { applyRules, describeRules, rewritten, ruledDecision } from './rules.ts';
import { describePolicy, describeRule, describeSite } from './site.ts';
import { describeLast, describeStored, describeValidation, linesOf } from './stored.ts';
import type { ExplainProblem, ExplainQuery, Explanation } from './types.ts';

/** Where the answers come from. Nothing of it is changed. */
export interface ExplainSources {
  readonly cache: Cache;
  readonly hosts: HostTables;
  readonly uncacheable: Uncacheable;
  /** Undefined where nothing is kept on disk. */
  readonly onDisk?: DiskFind | undefined;
  /** Whether any client reaches lb by TLS; where none does, something in front of it ends https. */
  readonly secure: boolean;
  /** Host and port that a path alone is asked of. */
  readonly own: string;
  /** Every setting with where it came from. */
  readonly settings: readonly Provenance[];
  /** The purges remembered that concern something, the newest first. */
  purges(purgeable: Purgeable): readonly RecentPurge[];
}

/** Says what lb would do with a request at this moment, without asking an origin and without a trace in the cache. */
export function explain(query: ExplainQuery, sources: ExplainSources): Explanation | ExplainProblem {
  const request = readRequest(query, sources.own);
  if ('problem' in request) return request;
  const scheme = schemeOf(request, sources);
  const host = sources.hosts[scheme].find(request.hostField);
  if (typeof host === 'string') return unknownHost(request.hostField, host === 'malformed', sources);
  const rules = applyRules(request, host, scheme);
  const asked = rules === undefined ? request : rewritten(request, rules);
  const explanation = explainAt(asked, host, rules?.request, sources);
  const addons = describeAddons(request, host, scheme);
  const ruled = rules === undefined ? undefined : ruledDecision(rules);
  const decision = guardDecision(host.plan.config, request, addons) ?? ruled ?? explanation.decision;
  if (rules === undefined) return { ...explanation, ...addons, decision };
  return { ...explanation, request: describeRequest(request), rules: describeRules(rules), ...addons, decision };
}

/** The scheme that the request has for lb. */
function schemeOf(request: ExplainedRequest, { secure }: ExplainSources): 'http' | 'https' {
  return secure ? request.scheme : 'http';
}

function unknownHost(host: string, malformed: boolean, { hosts }: ExplainSources): ExplainProblem {
  if (malformed) return { problem: `"${host}" is no host`, status: 400 };
  const known = hosts.http.names().slice(0, 10).join(', ');
  const fix = `lb would answer 421; it answers for ${known}. Another host: -H "Host: NAME"`;
  return { problem: `no site answers for ${host}: ${fix}`, status: 404 };
}

function explainAt(
  request: ExplainedRequest,
  host: HostEntry,
  edits: HeaderEdits | undefined,
  sources: ExplainSources,
): Omit<Explanation, keyof Addons> {
  const now = cacheNow();
  const policy = host.plan.policyFor(request.path);
  const key = keyOf(request, host, policy, edits);
  const found = findEntry(sources.cache, key, sources.onDisk);
  const entry = found.entry !== undefined && found.entry.ban <= SOFT_BAN ? found.entry : undefined;
  const shown = entry ?? found.parts;
  const judgement = shown === undefined ? undefined : judgeAgain(shown, request.path, policy);
  const times = shown === undefined || judgement === undefined ? undefined : timesOf(shown, judgement, now);
  const last = sources.uncacheable.recall(found.key, now);
  const situation = {
    request,
    policy,
    hasBodyKey: key.hasBody,
    found: { ...found, entry },
    times: entry === undefined ? undefined : times,
    partsTimes: times,
    uncacheable: sources.uncacheable.has(found.key, now),
    now,
  };
  const { plan } = host;
  const compression = describeCompression(sources.cache, found.key, entry, request, policy);
  const settings = describePolicy(sources.settings, plan.config, policy.rule);
  const purged = { site: plan.index, host: host.host, target: key.target };
  return {
    time: new Date().toISOString(),
    request: describeRequest(request),
    decision: withoutRanges(decide(situation), compression),
    site: describeSite(plan.config, host.host),
    rules: null,
    rule: describeRule(policy),
    policy: settings,
    key: describeKey(schemeOf(request, sources), request.method, key, found),
    stored: shown === undefined ? null : describeStored(shown, policy),
    compression,
    freshness:
      shown === undefined || judgement === undefined || times === undefined
        ? null
        : describeFreshness(shown, judgement, times, { headers: request.headers, policy, settings, now }),
    validation: key.hasBody ? null : describeValidation(entry?.meta, found.marker, found.variants),
    purge: findPurge(found.entry ?? found.parts, purged, (purgeable) => sources.purges(purgeable)),
    last_answer: describeLast(last, shown),
  };
}

type Addons = Pick<Explanation, 'countries' | 'bots' | 'limits'>;

/** What addons make of the request as the client sends it. */
function describeAddons(request: ExplainedRequest, { plan, host }: HostEntry, scheme: 'http' | 'https'): Addons {
  return {
    countries: describeCountries(plan.config, request),
    bots: describeBots(plan.config, request, scheme),
    limits: describeLimits(plan.config, request, host),
  };
}

function describeRequest({ method, hostField, path, query, headers }: ExplainedRequest): Explanation['request'] {
  return { method, host: hostField, target: query === '' ? path : `${path}?${query}`, fields: linesOf(headers) };
}

/** A purge that the entry has not met yet is taken for one of this moment. */
function timesOf({ born, freshUntil, ban }: Entry, { alwaysRevalidate }: Judgement, now: number): Times {
  const validatedEach = alwaysRevalidate && freshUntil === 0;
  return { born, freshUntil: ban === NO_BAN ? freshUntil : Math.min(freshUntil, now), validatedEach };
}
