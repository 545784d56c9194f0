/** Runs a history through lb and through the reference model, side by side. */
import { turn, VirtualClock } from './clock.ts';
import { differences } from './compare.ts';
import type { Exchange, History, Template } from './history.ts';
import { Invariants } from './invariants.ts';
import { filledIn, Origin } from './origin.ts';
import { Reference } from './reference.ts';
import type { Ask, OriginAsk } from './reference-origin.ts';
import type { ModelAnswer } from './reference-serving.ts';
import { type Observed, Rig } from './rig.ts';
import { type ModelSite, SITES } from './sites.ts';

/** The first exchange on which lb and the model differ. */
export interface Disagreement {
  /** Its place in the history. */
  at: number;
  differences: string[];
  /** All that happened up to there, for people. */
  story: string[];
}

/**
 * Undefined where lb and the model agree all along. Takes over the process's clock meanwhile.
 *
 * @param tell whether to tell the story
 */
export async function replay(
  history: History,
  tell = false,
  site = SITES[history.site],
): Promise<Disagreement | undefined> {
  const clock = new VirtualClock(history.begins);
  clock.install();
  try {
    return await run(history, clock, tell, site);
  } finally {
    clock.release();
  }
}

async function run(
  history: History,
  clock: VirtualClock,
  tell: boolean,
  { lbJson, policyOf }: ModelSite,
): Promise<Disagreement | undefined> {
  const rig = new Rig(lbJson, clock);
  const model = new Reference(policyOf);
  const origin = new Origin();
  const invariants = new Invariants(origin, lbJson.includes('"force":true'));
  const story: string[] = [];
  for (const [at, exchange] of history.exchanges.entries()) {
    clock.ms += exchange.wait;
    const now = clock.seconds;
    const lines = requestLines(exchange, origin, now);
    origin.begin(exchange);
    const replies: string[] = [];
    const heard: Ask = (request, when) => {
      const outcome = origin.ask(request, when);
      invariants.hear(at, request, outcome);
      if (tell)
        replies.push(
          outcome.failure === undefined
            ? `${outcome.status} ${text(outcome.lines)}${outcome.complete ? '' : ' (cut)'}`
            : 'failure',
        );
      return outcome;
    };
    const lb = await rig.run(exchange, lines, heard);
    const asked: OriginAsk[] = [];
    const request = {
      method: exchange.method,
      target: exchange.target,
      lines,
      hasBody: exchange.hasBody,
      leaves: exchange.leaves,
    };
    const answer = model.handle(request, now, (ask, when) => {
      asked.push(ask);
      return origin.ask(ask, when);
    });
    const found = differences(exchange.method, lb, asked, answer);
    found.push(...invariants.broken(at, exchange, lines, now, lb));
    if (tell) story.push(paragraph(at, exchange, lines, now, lb, replies, answer));
    if (found.length > 0) return { at, differences: found, story };
  }
  await turn();
  return undefined;
}

/** The request's fields with the origin's validators and dates in place. */
function requestLines(exchange: Exchange, origin: Origin, now: number): Template {
  const known = origin.current(exchange.target);
  const opaque = known?.etag?.replace(/^W\//, '') ?? '"none"';
  const lines = exchange.lines.map(([name, value]): [string, string] => [
    name,
    value
      .replace('W/@etag', `W/${opaque}`)
      .replace('@etag', known?.etag ?? '"none"')
      .replace('@modified', known?.lastModified ?? '@date(-1000)'),
  ]);
  if (exchange.hasBody) lines.push(['content-length', '3']);
  return filledIn(lines, now);
}

function text(lines: readonly (readonly [string, string])[]): string {
  return lines.map(([name, value]) => `${name}: ${value}`).join(' | ');
}

function paragraph(
  at: number,
  exchange: Exchange,
  lines: Template,
  now: number,
  lb: Observed,
  replies: string[],
  model: ModelAnswer,
): string {
  const asks = lb.asks.map(
    (ask, i) =>
      `     asked: ${ask.method} ${text(ask.lines.filter(([name]) => /^(if-|range|accept-encoding)/.test(name)))}\n     origin: ${replies[i] ?? '-'}`,
  );
  return [
    `#${at} +${exchange.wait / 1000} s (${new Date(now * 1000).toISOString()}): ${exchange.method} ${exchange.target} ${text(lines)}${exchange.hasBody ? ' (body)' : ''}`,
    ...asks,
    `     lb: ${lb.reply.status} age ${lb.reply.age} ${lb.reply.broken ? 'broken ' : ''}${lb.reply.cacheStatus} ${lb.reply.body.slice(0, 60)}`,
    `     model: ${model.status} age ${model.age} ${model.broken ? 'broken ' : ''}(${model.why}) ${model.body.slice(0, 60)}`,
  ].join('\n');
}
