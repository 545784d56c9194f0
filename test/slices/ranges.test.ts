// What clients get of a large file that is stored in slices, and what that costs the origin.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Explanation } from '../../src/explain/types.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { assertParts } from '../ranges/parts.ts';
import { until } from '../support/cleanup.ts';
import { getSettled, rangesAsked, serving, slicesAsked, type Version, wholeOf } from './file.ts';

const SIZE = 64 * 1024;
const scene = await startScene({ after }, { workers: 2, cache: { slice: '64KB' }, log: { access: true } });

const V: Version = { length: 10 * SIZE + 123, etag: '"v"' };
const WHOLE = wholeOf(V);
const range = (text: string, ...more: Field[]): Field[] => [['Range', `bytes=${text}`], ...more];

async function expectRange(target: string, text: string, start: number, end: number, ...more: Field[]) {
  const response = await getSettled(scene, target, range(text, ...more));
  assert.equal(response.status, 206, text);
  assert.equal(response.get('content-range'), `bytes ${start}-${end}/${V.length}`);
  assert.equal(response.get('content-length'), String(end - start + 1));
  assert.ok(response.body.equals(WHOLE.subarray(start, end + 1)), `bytes of ${text}`);
  return response;
}

test('one byte costs the origin one slice, and the slice serves all that lies in it', async () => {
  scene.on(
    '/byte',
    serving(() => V),
  );
  const at = 5 * SIZE + 7;
  assert.equal(cacheStatus(await expectRange('/byte', `${at}-${at}`, at, at)), 'lb; fwd=uri-miss; stored');
  assert.deepEqual(rangesAsked(scene, '/byte'), [`${5 * SIZE}-${6 * SIZE - 1}`]);
  assert.equal(cacheStatus(await expectRange('/byte', `${at}-${at}`, at, at)), 'lb; hit');
  assert.equal(
    cacheStatus(await expectRange('/byte', `${5 * SIZE}-${6 * SIZE - 1}`, 5 * SIZE, 6 * SIZE - 1)),
    'lb; hit',
  );
  assert.equal(scene.asked('/byte').length, 1);
  const over = await expectRange('/byte', `${at}-${6 * SIZE}`, at, 6 * SIZE);
  assert.equal(cacheStatus(over), 'lb; fwd=partial; stored');
  assert.deepEqual(slicesAsked(scene, '/byte', SIZE), [5, 6]);
  assert.equal(scene.asked('/byte')[1].get('if-range'), '"v"');
});

test('a whole GET fetches what is missing, once', async () => {
  scene.on(
    '/whole',
    serving(() => V),
  );
  await expectRange('/whole', `${3 * SIZE}-${3 * SIZE}`, 3 * SIZE, 3 * SIZE);
  for (const status of ['lb; fwd=partial; stored', 'lb; hit']) {
    const response = await getSettled(scene, '/whole');
    assert.equal(response.status, 200);
    assert.equal(response.get('content-length'), String(V.length));
    assert.equal(response.get('content-range'), undefined);
    assert.ok(response.body.equals(WHOLE));
    assert.equal(cacheStatus(response), status);
    assert.match(response.get('age') ?? '', /^[01]$/);
  }
  assert.deepEqual(slicesAsked(scene, '/whole', SIZE), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('HEAD, once the file is known, and before', async () => {
  scene.on(
    '/head',
    serving(() => V),
  );
  const before = await scene.head('/head');
  assert.equal(before.get('content-length'), String(V.length));
  await getSettled(scene, '/head', range('0-0'));
  const known = await scene.head('/head');
  assert.equal(known.status, 200);
  assert.equal(known.get('content-length'), String(V.length));
  assert.equal(cacheStatus(known), 'lb; hit');
});

test('suffixes and open ends: of an unknown file the suffix costs one byte more', async () => {
  scene.on(
    '/suffix',
    serving(() => V),
  );
  await expectRange('/suffix', '-100', V.length - 100, V.length - 1);
  assert.deepEqual(rangesAsked(scene, '/suffix'), ['0-0', `${10 * SIZE}-${V.length - 1}`]);
  await expectRange('/suffix', `${9 * SIZE}-`, 9 * SIZE, V.length - 1);
  await expectRange('/suffix', `${V.length - 1}-${V.length + 1000}`, V.length - 1, V.length - 1);
  await expectRange('/suffix', `-${V.length * 2}`, 0, V.length - 1);
});

test('several ranges in one answer, of different slices', async () => {
  scene.on(
    '/several',
    serving(() => V),
  );
  const response = await getSettled(scene, '/several', range(`${8 * SIZE - 1}-${8 * SIZE},5-9,-3`));
  assertParts(response, WHOLE, [
    [8 * SIZE - 1, 8 * SIZE],
    [5, 9],
    [V.length - 3, V.length - 1],
  ]);
  assert.deepEqual(slicesAsked(scene, '/several', SIZE), [0, 7, 8, 10]);
  const again = await getSettled(scene, '/several', range(`5-9,${8 * SIZE - 1}-${8 * SIZE}`));
  assertParts(again, WHOLE, [
    [5, 9],
    [8 * SIZE - 1, 8 * SIZE],
  ]);
  assert.equal(scene.asked('/several').length, 4);
});

test('beyond the end: 416, known or not', async () => {
  scene.on(
    '/beyond',
    serving(() => V),
  );
  for (const times of [1, 2]) {
    const response = await getSettled(scene, '/beyond', range(`${V.length}-`));
    assert.equal(response.status, 416, String(times));
    assert.equal(response.get('content-range'), `bytes */${V.length}`);
    await expectRange('/beyond', '0-0', 0, 0);
  }
  const far = await getSettled(scene, '/far-off', range('99999999999999999-'));
  assert.equal(far.status, 404);
});

test('several ranges of which the first lies beyond the end', async () => {
  scene.on(
    '/partly',
    serving(() => V),
  );
  const response = await getSettled(scene, '/partly', range(`${V.length + SIZE}-,0-9`));
  assert.equal(response.status, 206);
  assert.ok(response.body.equals(WHOLE.subarray(0, 10)));
});

test('If-Range: the range where it holds, all where it does not', async () => {
  scene.on(
    '/if-range',
    serving(() => V),
  );
  for (const times of [1, 2]) {
    await expectRange('/if-range', '70000-70009', 70000, 70009, ['If-Range', '"v"']);
    const other = await getSettled(scene, '/if-range', range('70000-70009', ['If-Range', '"other"']));
    assert.equal(other.status, 200, String(times));
    assert.ok(other.body.equals(WHOLE));
  }
});

test('conditions: 304 of what the client has, also before the file is known', async () => {
  scene.on(
    '/304',
    serving(() => V),
  );
  for (const times of [1, 2]) {
    const response = await getSettled(scene, '/304', [['If-None-Match', '"v"']]);
    assert.equal(response.status, 304, String(times));
    assert.equal(response.get('etag'), '"v"');
  }
  assert.equal((await getSettled(scene, '/304', [['If-None-Match', '"w"']])).status, 200);
  assert.ok(scene.asked('/304').every((request) => request.get('if-none-match') === undefined));
});

test('If-Match with a range of what is not known is for the origin to judge', async () => {
  scene.on(
    '/412',
    serving(() => V),
  );
  assert.equal((await getSettled(scene, '/412', range('0-9', ['If-Match', '"w"']))).status, 412);
  await expectRange('/412', '0-9', 0, 9, ['If-Match', '"v"']);
});

test('a file of at most one slice is stored whole', async () => {
  for (const length of [SIZE, 1000]) {
    const small = { ...V, length };
    const target = `/small-${length}`;
    scene.on(
      target,
      serving(() => small),
    );
    assert.ok((await getSettled(scene, target)).body.equals(wholeOf(small)));
    const part = await getSettled(scene, target, range('10-19'));
    assert.equal(part.status, 206);
    assert.equal(cacheStatus(part), 'lb; hit');
    assert.equal(scene.asked(target).length, 1);
  }
});

test('an empty file', async () => {
  scene.on(
    '/empty',
    serving(() => ({ ...V, length: 0 })),
  );
  for (const times of [1, 2]) {
    const response = await getSettled(scene, '/empty');
    assert.equal(response.status, 200, String(times));
    assert.equal(response.body.length, 0);
  }
});

test('lb explain tells of slices', async () => {
  const ask = async (target: string, fields: Field[] = []) => {
    await scene.lb.admin.idle();
    const parameters = new URLSearchParams({ url: `http://site.test${target}` });
    for (const [name, value] of fields) parameters.append('header', `${name}: ${value}`);
    return (await scene.lb.admin.fetch('GET', `/explain?${parameters.toString()}`)).json() as Explanation;
  };
  scene.on(
    '/told',
    serving(() => V),
  );
  const unknown = await ask('/told', range('5-9'));
  assert.equal(unknown.decision.action, 'miss');
  assert.match(unknown.decision.why.join(), /the slice that is needed first/);
  await getSettled(scene, '/told', range('5-9'));
  const held = await ask('/told', range('5-9'));
  assert.equal(held.decision.cache_status, 'lb; hit');
  assert.equal(held.decision.status, 206);
  assert.deepEqual(held.stored?.slices, { size: SIZE, count: 11, stored: 1 });
  assert.equal(held.stored?.bytes, V.length);
  const whole = await ask('/told');
  assert.equal(whole.decision.action, 'miss');
  assert.match(whole.decision.why.join(), /10 slices of what is asked for are not in memory/);
  assert.equal(cacheStatus(await getSettled(scene, '/told')), whole.decision.cache_status);
});

test('the access log has the bytes that were sent', async () => {
  await getSettled(scene, '/whole', range(`100-${SIZE}`));
  await until(() => scene.lb.lines.some(({ bytes }) => bytes === SIZE - 99), 'the line of the request');
});

test('nothing is left pinned or under way', () => scene.lb.admin.idle());
