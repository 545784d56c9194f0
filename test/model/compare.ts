/** Where what lb did and what the reference model says differ. */
import { type Lines, valuesOf } from './reference-fields.ts';
import type { OriginAsk } from './reference-origin.ts';
import { BOUNDARY, type ModelAnswer } from './reference-serving.ts';
import type { Observed } from './rig.ts';

/** Request fields to the origin that are lb's own business. */
const NOT_COMPARED = [
  'host',
  'via',
  'cdn-loop',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'traceparent',
  'content-length',
];

const CUT_SHORT = 'http_response_incomplete';

/** Every difference in words; none where both agree. */
export function differences(method: string, lb: Observed, asked: readonly OriginAsk[], model: ModelAnswer): string[] {
  const { reply } = lb;
  const found = [
    ...lb.bugs.map((error) => `lb threw: ${error.stack}`),
    ...reply.misuse.map((call) => `${call} out of order`),
  ];
  if (lb.hung) found.push('lb never answered');
  const tell = (what: string, mine: unknown, model: unknown) => {
    if (mine !== model) found.push(`${what}: lb ${JSON.stringify(mine)}, model ${JSON.stringify(model)}`);
  };
  tell('requests to the origin', lb.asks.map(told).join('\n'), asked.map(told).join('\n'));
  if (reply.aborted) return found;
  // of an answer that is cut short nothing may have left yet, which is said then
  const isTold =
    model.broken &&
    reply.status === 502 &&
    valuesOf(reply.lines, 'proxy-status').some((value) => value.includes(CUT_SHORT));
  if (isTold) return found;
  if (reply.broken || model.broken) {
    tell('broken off', reply.broken, model.broken);
    return found;
  }
  tell('status', reply.status, model.status);
  if (model.problem) return found;
  const { lines, body } = withoutBoundary(reply.lines, reply.body);
  tell('fields', fieldText(lines), fieldText(model.lines));
  // a new answer of age 0 may leave Age out
  if (reply.age >= 0 || (model.age ?? 0) > 0) tell('Age', reply.age, model.age ?? -1);
  if (model.status !== 416) tell('body', body, model.body);
  if (method === 'GET' && reply.length >= 0) tell('length', reply.length, reply.body.length);
  return found;
}

/** The boundary of a multipart body is invented anew each time. */
function withoutBoundary(lines: Lines, body: string): { lines: Lines; body: string } {
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(valuesOf(lines, 'content-type')[0] ?? '')?.[1];
  if (boundary === undefined) return { lines, body };
  const renamed = lines.map(([name, value]) => [name, value.replace(boundary, BOUNDARY)] as const);
  return { lines: renamed, body: body.replaceAll(boundary, BOUNDARY) };
}

function told(ask: OriginAsk): string {
  return `${ask.method} ${ask.target} ${fieldText(ask.lines.filter(([name]) => !NOT_COMPARED.includes(name)))}`;
}

/** Lines sorted by name, those of one name in their order. */
function fieldText(lines: Lines): string {
  return lines
    .filter(([name]) => name !== 'via')
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([name, value]) => `${name}: ${value}`)
    .join(' | ');
}
