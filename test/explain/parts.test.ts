// What lb explain says of resources that are stored in parts, or asked for in parts, is what lb then does.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, cacheStatus, type Field, type OriginRequest, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { agreementWith } from './agreement.ts';

const scene = await startScene({ after }, { cache: { demanding: { match: '/demanding/*', client_directives: true } } });
const FRESH: Field = ['Cache-Control', 'max-age=600'];
const { explain, ask, agree } = agreementWith(scene);

test('parts of what is not stored as a whole', async () => {
  scene.on('/parts', (request, answer) => {
    const match = /^bytes=(\d)-(\d)$/.exec(request.get('range') ?? '');
    const [start, end] = match === null ? [0, 9] : [Number(match[1]), Number(match[2])];
    const fields: Field[] = [FRESH, ['ETag', '"p"'], ['Content-Range', `bytes ${start}-${end}/10`]];
    return answer.send(206, fields, '0123456789'.slice(start, end + 1));
  });
  const range = (text: string): Field[] => [['Range', `bytes=${text}`]];
  await agree('miss', '/parts', range('2-4'));
  const { stored, decision } = await agree('hit', '/parts', range('3-4'));
  assert.equal(decision.status, 206);
  assert.deepEqual(stored?.parts, { ranges: ['2-4'], complete: 10, joinable: true });
  const gap = await agree('miss', '/parts', range('1-3'));
  assert.match(gap.decision.why.join(), /bytes 1-1 are not stored/);
  assert.deepEqual((await agree('hit', '/parts', range('1-4'))).stored?.parts?.ranges, ['1-4']);
  await agree('pass', '/parts', [...range('0-0'), ['If-Range', '"p"']]);
});

/** Of an origin that answers `bytes=N-M` of ten bytes. */
function rangesOf(etag: string) {
  return (request: OriginRequest, answer: Answer) => {
    const [, start, end] = /^bytes=(\d)-(\d)$/.exec(request.get('range') ?? '') ?? ['', '0', '9'];
    const fields: Field[] = [FRESH, ['ETag', etag], ['Content-Range', `bytes ${start}-${end}/10`]];
    return answer.send(206, fields, '0123456789'.slice(Number(start), Number(end) + 1));
  };
}

test('parts, and what the directives of a client make of them', async () => {
  scene.on('/demanding/parts', rangesOf('"p"'));
  const range: Field = ['Range', 'bytes=2-4'];
  await agree('miss', '/demanding/parts', [range]);
  await agree('hit', '/demanding/parts', [range]);
  await agree('hit', '/demanding/parts', [range, ['Cache-Control', 'max-age=60']]);
  await agree('hit', '/demanding/parts', [range, ['Cache-Control', 'only-if-cached']]);
  await agree('miss', '/demanding/parts', [range, ['Cache-Control', 'no-cache']]);
  const whole = await agree('refuse', '/demanding/parts', [['Cache-Control', 'only-if-cached']]);
  assert.match(whole.decision.why[0], /^parts of it are stored under this key, not all of it$/);
});

test('parts with a weak validator', async () => {
  scene.on('/weak', rangesOf('W/"p"'));
  await ask('/weak', [['Range', 'bytes=2-4']]);
  const { stored, decision } = await agree('miss', '/weak', [['Range', 'bytes=3-5']]);
  assert.deepEqual(stored?.parts, { ranges: ['2-4'], complete: 10, joinable: false });
  assert.match(decision.why.join(), /bytes 5-5 are not stored, and without a strong validator nothing is joined/);
});

test('a range of what is being fetched as a whole', async () => {
  const rest = Promise.withResolvers<void>();
  scene.on('/long', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', '10']]);
    await answer.raw('01234');
    await rest.promise;
    await answer.raw('56789');
  });
  const whole = ask('/long');
  await until(() => Promise.resolve(scene.asked('/long').length === 1), 'the request to the origin');
  const range: Field[] = [['Range', 'bytes=1-2']];
  const { decision } = await explain('/long', range);
  assert.deepEqual([decision.action, decision.cache_status], ['miss', 'lb; fwd=uri-miss; collapsed']);
  assert.match(decision.why.join(), /it is being fetched/);
  assert.equal(cacheStatus(await ask('/long', range)), decision.cache_status);
  rest.resolve();
  assert.equal((await whole).status, 200);
  assert.equal(scene.asked('/long').length, 1);
});
