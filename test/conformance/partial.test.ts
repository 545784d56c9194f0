// Parts of a representation are stored, joined and served (RFC 9111 section 3.3 and 3.4): what the suite's tests on partial
// responses mean, with Content-Range fields that fit their bodies.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Field, type OriginRequest, type Scene, startScene } from '../caching/scene.ts';

const WHOLE = '0123456789';
const FIELDS: Field[] = [
  ['Cache-Control', 'max-age=3600'],
  ['ETag', '"ten"'],
];

/** First and last byte that a Range field of one range asks for. */
function asked(request: OriginRequest): [first: number, last: number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.get('range') ?? '');
  if (match === null) return undefined;
  const [, first, last] = match;
  if (first === '') return [WHOLE.length - Number(last), WHOLE.length - 1];
  return [Number(first), last === '' ? WHOLE.length - 1 : Math.min(Number(last), WHOLE.length - 1)];
}

/** lb before an origin of ten bytes that answers any range. */
async function tenBytes(t: TestContext): Promise<Scene> {
  const scene = await startScene(t);
  scene.on('/ten', (request, answer) => {
    const range = asked(request);
    if (range === undefined) return answer.send(200, FIELDS, WHOLE);
    const [first, last] = range;
    const part: Field = ['Content-Range', `bytes ${first}-${last}/${WHOLE.length}`];
    return answer.send(206, [...FIELDS, part], WHOLE.slice(first, last + 1));
  });
  return scene;
}

/** Status, Content-Range and body of the answer to a range. */
async function ask(scene: Scene, range: string): Promise<[number, string | undefined, string]> {
  const response = await scene.get('/ten', [['Range', `bytes=${range}`]]);
  return [response.status, response.get('content-range'), response.text];
}

const REUSED: [range: string, contentRange: string, body: string, name: string][] = [
  ['-5', 'bytes 5-9/10', '56789', 'A stored part answers the same range [partial-store-partial-reuse-partial]'],
  [
    '6-8',
    'bytes 6-8/10',
    '678',
    'A stored part answers a smaller range [partial-store-partial-reuse-partial-byterange]',
  ],
  [
    '6-',
    'bytes 6-9/10',
    '6789',
    'A stored part answers a range to the end [partial-store-partial-reuse-partial-absent]',
  ],
  ['-1', 'bytes 9-9/10', '9', 'A stored part answers the last byte [partial-store-partial-reuse-partial-suffix]'],
];
for (const [range, contentRange, body, name] of REUSED) {
  test(name, async (t) => {
    const scene = await tenBytes(t);
    assert.deepEqual(await ask(scene, '-5'), [206, 'bytes 5-9/10', '56789']);
    assert.deepEqual(await ask(scene, range), [206, contentRange, body]);
    assert.equal(scene.origin.requests.length, 1);
  });
}

test('Only what is missing is fetched, and the whole is stored [partial-store-partial-complete]', async (t) => {
  const scene = await tenBytes(t);
  assert.deepEqual(await ask(scene, '0-4'), [206, 'bytes 0-4/10', '01234']);
  const { status, text } = await scene.get('/ten');
  assert.deepEqual([status, text], [200, WHOLE]);
  const [, completing] = scene.origin.requests;
  assert.match(completing.get('range') ?? '', /^bytes=5-9?$/);
  assert.equal(completing.get('if-range'), '"ten"');
  assert.equal((await scene.get('/ten')).text, WHOLE);
  assert.equal(scene.origin.requests.length, 2);
});

test('Parts of a resource that has changed are not joined', async (t) => {
  const scene = await tenBytes(t);
  await ask(scene, '0-4');
  scene.on('/ten', (_request, answer) => answer.send(200, [FIELDS[0], ['ETag', '"new"']], 'abcdefghij'));
  const { status, text } = await scene.get('/ten');
  assert.deepEqual([status, text], [200, 'abcdefghij']);
});
