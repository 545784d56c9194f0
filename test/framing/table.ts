import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { Lb } from '../support/lb.ts';
import type { OriginRequest } from '../support/origin.ts';
import { sharedPair } from '../support/pair.ts';
import { CASES, type Case, smuggled } from './cases.ts';
import { type Outcome, plain, sendRaw } from './raw.ts';

/** How the bytes of a case come: what goes before them, and where they are cut into packets. */
interface Way {
  name: string;
  pieces(target: string, bytes: string): string[];
  /** Requests in front that are good. */
  before: number;
  /** What the case asks for is stored already. */
  isStored?: boolean;
  /** Nothing stands behind the request: then there is time to say what is wrong with it. */
  isAlone?: boolean;
}

const good = (target: string) => `GET ${target} HTTP/1.1\r\nHost: site.test\r\n\r\n`;

/** Cut within the first line, at each line's end, and within the last byte's neighbourhood. */
function cut(bytes: string): string[] {
  const lineEnd = bytes.indexOf('\n') + 1;
  const at = [3, lineEnd - 1, lineEnd, bytes.indexOf('\r\n\r\n') + 3, bytes.length - 2];
  const places = [...new Set(at.filter((place) => place > 0 && place < bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.slice(from, places[i]));
}

const WAYS: readonly Way[] = [
  { name: 'alone', pieces: (_, bytes) => [bytes], before: 0, isAlone: true },
  { name: 'in one packet', pieces: (_, bytes) => [bytes], before: 0 },
  { name: 'in many packets', pieces: (_, bytes) => cut(bytes), before: 0 },
  { name: 'behind a good request', pieces: (target, bytes) => [`${good(`${target}/good`)}${bytes}`], before: 1 },
  { name: 'for what is stored', pieces: (_, bytes) => [bytes], before: 0, isStored: true },
];

/** Cases that are under way at once. */
const AT_ONCE = 48;

interface TableOptions {
  /** Why a case is not handled as it should be in one way, for those that cannot be. */
  known?: (name: string, way: string) => string | undefined;
  /** Heads that the listener takes for unfinished: it waits for the rest, until the deadline of heads. */
  waits?: RegExp;
  connect?: (port: number) => Duplex;
  /** Where to connect, in place of the first listener. */
  port?: (lb: Lb) => number;
  settings?: Record<string, unknown>;
}

/** The whole table in front of an origin that is strict and remembers everything, each case in every way. */
export function framingTable({
  known = () => undefined,
  waits = /^$/,
  connect = plain,
  port = (lb) => lb.port,
  settings = {},
}: TableOptions = {}): void {
  const pair = sharedPair(settings);
  for (const way of WAYS) {
    test(`${CASES.length} raw requests ${way.name}: none is two, none is mishandled`, async () => {
      const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'ok'));
      const wrong: string[] = [];
      const queue = [...CASES.entries()];
      const work = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const [number, one] = next;
          const target = `/${way.name.replaceAll(' ', '-')}/${number}`;
          if (way.isStored === true) await sendRaw(connect(port(pair.lb)), [good(target)], 'GET');
          const outcome = await attempt(connect(port(pair.lb)), way, one, target);
          const seen = origin.requests.filter((request) => isOf(request, target));
          const mistake = judge(one, way, target, outcome, seen, waits.test(one.name));
          if (mistake !== undefined && known(one.name, way.name) === undefined) wrong.push(`${one.name}: ${mistake}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      assert.deepEqual(wrong, []);
      assert.deepEqual(origin.malformed, []);
    });
  }
}

function isOf({ target }: OriginRequest, wanted: string): boolean {
  return target === wanted || target.startsWith(`${wanted}/`) || target.startsWith(`${wanted}?`);
}

async function attempt(socket: Duplex, way: Way, one: Case, target: string): Promise<Outcome | Error> {
  try {
    return await sendRaw(
      socket,
      way.pieces(target, one.bytes(target, way.isAlone === true ? '' : smuggled(target))),
      way.before > 0 ? 'GET' : one.method,
    );
  } catch (error) {
    return error as Error;
  }
}

/** What was wrong about how a case was handled, or undefined. */
function judge(
  one: Case,
  way: Way,
  target: string,
  outcome: Outcome | Error,
  seen: OriginRequest[],
  mayWait: boolean,
): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  const stored = way.isStored === true ? 1 : 0;
  const asked = seen.map((request) => `${request.method} ${request.target}`);
  if (asked.some((text) => text.includes('/smuggled'))) return `the origin saw ${asked.join()}`;
  const own = asked.length - asked.filter((text) => text === `GET ${target}/good`).length - stored;
  if (own > (one.verdict === 'refused' ? 0 : 1)) return `the origin saw ${asked.join()}`;
  const answers = outcome.statuses.slice(way.before);
  if (outcome.statuses.length > way.before + 1) return `answers ${outcome.statuses.join()}`;
  if (one.verdict !== 'refused') return undefined;
  if (mayWait && answers.length === 0) return undefined;
  if (!outcome.closed) return `the connection stays open after ${outcome.statuses.join() || 'nothing'}`;
  // bytes behind a refused request may end the connection before its answer
  if (way.isAlone !== true && answers.length === 0) return undefined;
  if (answers.length !== 1) return 'no answer';
  return one.statuses.includes(answers[0]) ? undefined : `answered ${answers[0]}`;
}
