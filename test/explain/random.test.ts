// Whatever the origin said, the request asks and was purged: lb does what explain says.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Explanation } from '../../src/explain/types.ts';
import { cacheStatus, type Field, httpDate, startScene } from '../caching/scene.ts';

const EXCHANGES = 300;
/** Exchanges about the same targets. */
const GROUP = 20;
const SEED = 20_261_123;

const CONTROL = [
  'max-age=600',
  'max-age=1',
  'max-age=600, must-revalidate',
  'max-age=1, stale-while-revalidate=300',
  'max-age=1, stale-if-error=300, stale-while-revalidate=300',
  's-maxage=600, max-age=0',
  'no-cache',
  'no-store',
  'private',
  'public',
  '',
];
const VARY = ['', '', 'Accept-Encoding', 'Accept-Language', 'Accept-Encoding, Accept-Language', '*'];
const REQUEST: Field[] = [
  ['Accept-Encoding', 'gzip'],
  ['Accept-Encoding', 'br, gzip'],
  ['Accept-Language', 'de, en;q=0.5'],
  ['Accept-Language', 'en;q=0.5,de'],
  ['If-None-Match', '"a"'],
  ['If-Modified-Since', httpDate(-60)],
  ['Cache-Control', 'no-cache'],
  ['Cache-Control', 'max-age=30'],
  ['Cache-Control', 'max-stale'],
  ['Cache-Control', 'only-if-cached'],
  ['Cache-Control', 'min-fresh=3600'],
  ['Pragma', 'no-cache'],
  ['Range', 'bytes=0-1'],
  ['Range', 'bytes=9-'],
  ['Range', 'bytes=1-2'],
];

/** The second may have changed between question and answer. */
function timeless(status: string): string {
  return status.replace(/ttl=-?\d+/, 'ttl');
}

/** What may come instead is among the reasons: the origin fails, or says by 304 which variant it is that is stored. */
function asExplained(said: string, { cache_status: expected, why }: Explanation['decision']): string {
  const reasons = why.join();
  const confirmed = said === 'lb; fwd=vary-miss; fwd-status=304' && reasons.includes('a 304 says which of them');
  const failed = said.endsWith('detail=stale-if-error') && reasons.includes('should the origin fail');
  return confirmed || failed ? expected : said;
}

/** Numbers from 0 on, the same in each run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test('explain and lb agree over random exchanges', async () => {
  const scene = await startScene({ after }, { cache: { told: { match: '/told/*', client_directives: true } } });
  const next = numbers(SEED);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)];
  let answers: { status: number; fields: Field[] } = { status: 200, fields: [] };
  const respond = (): typeof answers => {
    const fields: Field[] = [['Date', httpDate(0)]];
    const [control, vary] = [pick(CONTROL), pick(VARY)];
    if (control !== '') fields.push(['Cache-Control', control]);
    if (control.includes('max-age=1')) fields.push(['Age', '9']);
    if (vary !== '') fields.push(['Vary', vary]);
    if (next(2) === 0) fields.push(['ETag', pick(['"a"', '"b"', 'W/"a"'])]);
    if (next(3) === 0) fields.push(['Last-Modified', httpDate(-86_400)]);
    if (next(4) === 0) fields.push(['Cache-Tag', 'tag']);
    return { status: pick([200, 200, 200, 404, 301, 500]), fields };
  };
  const paths = ['/told/a', '/told/b', '/plain/a', '/plain/b'];
  for (const path of paths) {
    scene.on(path, (request, answer) => {
      const etag = answers.fields.find(([name]) => name === 'ETag')?.[1];
      const isKnown = etag !== undefined && request.get('if-none-match')?.includes(etag) === true;
      if (isKnown && answers.status === 200) return answer.head(304, answers.fields);
      const match = /^bytes=(\d)-([123])$/.exec(request.get('range') ?? '');
      if (answers.status !== 200 || match === null) return answer.send(answers.status, answers.fields, 'body');
      const [start, end] = [Number(match[1]), Number(match[2])];
      const fields: Field[] = [...answers.fields, ['Content-Range', `bytes ${start}-${end}/4`]];
      return answer.send(206, fields, 'body'.slice(start, end + 1));
    });
  }
  const seen = new Map<string, number>();
  for (let i = 0; i < EXCHANGES; i++) {
    answers = respond();
    // others now and then: one that was not stored is not for a while
    const target = `${pick(paths)}?${Math.floor(i / GROUP)}`;
    const drawn = REQUEST.filter(() => next(5) === 0);
    const fields = drawn.filter(
      ([name], at) => name === 'Cache-Control' || drawn.findIndex((one) => one[0] === name) === at,
    );
    if (next(12) === 0) await scene.lb.admin.fetch('DELETE', `/cache${pick(['/told/*', '/plain/a*', '/*'])}`);
    await scene.lb.admin.idle();
    const parameters = new URLSearchParams({ url: `http://site.test${target}` });
    for (const [name, value] of fields) parameters.append('header', `${name}: ${value}`);
    const explained = await scene.lb.admin.fetch('GET', `/explain?${parameters.toString()}`);
    const { decision, ...rest } = explained.json() as Explanation;
    const response = await scene.get(target, [['Host', 'site.test'], ...fields]);
    const said = asExplained(cacheStatus(response), decision);
    // one thread alone knows that the origin failed a moment ago
    if (decision.action === 'refuse' && said.endsWith('detail=stale-if-error')) continue;
    const context = JSON.stringify({ i, target, fields, said, status: response.status, decision, rest }, null, 1);
    assert.ok(timeless(said).startsWith(timeless(decision.cache_status)), context);
    if (decision.status !== null) assert.equal(response.status, decision.status, context);
    seen.set(decision.action, (seen.get(decision.action) ?? 0) + 1);
  }
  for (const action of ['hit', 'stale', 'revalidate', 'miss', 'pass', 'refuse']) {
    assert.ok((seen.get(action) ?? 0) > 0, `${action} never came: ${JSON.stringify([...seen])}`);
  }
});
