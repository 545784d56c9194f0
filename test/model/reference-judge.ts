/** What the reference model makes of an answer at its arrival: RFC 9111 sections 3 and 4.2. */
import type { Wishes } from './reference-directives.ts';
import { has, type Lines, valuesOf } from './reference-fields.ts';
import { type Ask, kept, shown } from './reference-origin.ts';
import type { ModelRequest, Stored } from './reference-serving.ts';
import {
  type Arrival,
  dateOf,
  initialAge,
  lifetime,
  type ModelPolicy,
  refusal,
  staleness,
} from './reference-storing.ts';
import { governing } from './reference-targeted.ts';
import { isAsset, type Resource } from './reference-variants.ts';

/** Older times count as this one: lb's clock begins in 2020. Seconds since 1970. */
const OLDEST = 1_600_000_000;

/** One request's way through the cache. */
export interface Passage {
  request: ModelRequest;
  policy: ModelPolicy;
  wishes: Wishes | undefined;
  ask: Ask;
  resource: Resource | undefined;
  selected: string;
  stored: Stored | undefined;
  attempt: number;
}

/** Whether and for how long an answer is stored; `mine`: what forbids it holds for this request only. */
export function judge(
  passage: Passage,
  answer: Arrival,
  lines: Lines,
  isPart = false,
): { stored: Stored } | { why: string; mine: boolean } {
  const { request, policy, wishes } = passage;
  const says = governing(lines, policy.targets);
  const refused = refusal(answer, says, policy, has(request.lines, 'authorization'), isPart, wishes?.noStore === true);
  if (refused !== undefined) return refused;
  const life = lifetime(answer, says, policy, isAsset(request.target, valuesOf(lines, 'content-type')[0]));
  const arrival = Math.floor(answer.arrived);
  const age = initialAge(answer);
  const freshUntil = arrival + life.seconds - (life.configured ? 0 : age);
  const storedLines = kept(lines).filter(([name]) => !says.withheld.includes(name));
  const stored: Stored = {
    status: answer.status,
    lines: storedLines,
    shown: shown(storedLines, policy.targets),
    body: '',
    born: Math.max(OLDEST, arrival - age),
    freshUntil: Math.max(OLDEST + 1, freshUntil),
    alwaysAsk: says.noCache && !life.overriding,
    date: dateOf(answer),
    ...staleness(answer.status, says, policy, life),
    tried: undefined,
    failed: undefined,
    why: `${life.why} ${life.seconds}`,
  };
  const lasting = !stored.alwaysAsk && freshUntil + Math.max(stored.swr, stored.sie) > arrival;
  if (!lasting && !has(lines, 'etag') && !has(lines, 'last-modified')) return { why: 'of no use later', mine: false };
  return { stored };
}
