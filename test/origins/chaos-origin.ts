import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../model/random.ts';
import type { Field } from '../support/message.ts';
import type { Answer, Handler, OriginRequest } from '../support/origin.ts';

/** The bytes of a path whose first segment is `s` and their number: always the same ones, unlike those of other paths. */
export function bytesOf(path: string): Buffer {
  const size = Number(/^\/s(\d+)/.exec(path)?.[1] ?? 0);
  const seed = createHash('sha256').update(path).digest();
  const bytes = Buffer.alloc(size, seed);
  for (let at = 0; at + 4 <= size; at += 1024) bytes.writeUInt32BE(at, at);
  return bytes;
}

const CONTROLS = ['no-store', 'max-age=60', 'max-age=1, stale-while-revalidate=5', 'max-age=0, stale-if-error=30'];

type Act = (request: OriginRequest, answer: Answer, random: Random) => Promise<void> | void;

/** A right answer: conditions, ranges and chunks as it comes. */
const right: Act = async (request, answer, random) => {
  const path = request.target;
  const all = bytesOf(path);
  const etag = `"${createHash('sha1').update(path).digest('hex')}"`;
  const fields: Field[] = [
    ['ETag', etag],
    ['Cache-Control', random.pick(CONTROLS)],
  ];
  if (request.get('if-none-match')?.includes(etag) === true) return answer.head(304, fields);
  if (request.method === 'HEAD') return answer.head(200, [...fields, ['Content-Length', String(all.length)]]);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.get('range') ?? '') ?? [];
  if (first === undefined || Number(first) >= all.length) return sendWhole(answer, fields, all, random.chance(30));
  const end = Math.min(Number(last), all.length - 1);
  fields.push(['Content-Range', `bytes ${first}-${end}/${all.length}`]);
  return answer.send(206, fields, all.subarray(Number(first), end + 1));
};

async function sendWhole(answer: Answer, fields: Field[], bytes: Buffer, isChunked: boolean): Promise<void> {
  if (!isChunked) return answer.send(200, fields, bytes);
  await answer.head(200, [...fields, ['Transfer-Encoding', 'chunked']]);
  for (let at = 0; at < bytes.length; at += 20_000) {
    await answer.chunk(bytes.subarray(at, at + 20_000).toString('latin1'));
  }
  return answer.raw('0\r\n\r\n');
}

/** A half of the body, whatever was promised. */
const half: Act = async (request, answer, random) => {
  const bytes = bytesOf(request.target);
  await answer.head(200, [['Content-Length', String(bytes.length + 1)]]);
  if (request.method !== 'HEAD') await answer.raw(bytes.subarray(0, bytes.length >> 1));
  if (random.chance(50)) answer.close();
  else answer.reset();
};

const late: Act = async (request, answer, random) => {
  await delay(random.int(150));
  return right(request, answer, random);
};

/** What an origin may do, as often as it stands here. */
const ACTS: readonly Act[] = [
  ...new Array<Act>(14).fill(right),
  late,
  late,
  half,
  (_, answer) => answer.reset(),
  (_, answer) => answer.close(),
  (_, answer) => answer.send(503, [['Cache-Control', 'no-store']], 'failing'),
  (_, answer) => answer.gone,
];

/** An origin that does whatever comes to its mind, until it is calm. */
export function moody(random: Random, mood: { calm: boolean }): Handler {
  return async (request, answer) => {
    await request.body();
    const act = mood.calm ? right : random.pick(ACTS);
    await act(request, answer, random);
  };
}
