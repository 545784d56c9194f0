// What the suite asks about validators with answers that lack them, or that say the same tag in two ways: here with
// answers that say what they are about.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';

const scene = await startScene({ after });
const FRESH: Field = ['Cache-Control', 'max-age=3600'];
const STALE: Field = ['Cache-Control', 'max-age=0'];

test('An ETag with bytes over 0x7f is compared byte by byte [conditional-etag-strong-respond-obs-text]', async () => {
  const utf8: Field = ['ETag', Buffer.from('"ü"').toString('latin1')];
  const latin1: Field = ['ETag', '"ü"'];
  scene.on('/bytes', (_request, answer) => answer.send(200, [FRESH, utf8], 'page'));
  const status = async ([, tag]: Field) => (await scene.get('/bytes', [['If-None-Match', tag]])).status;
  await scene.get('/bytes');
  assert.deepEqual([await status(utf8), await status(latin1)], [304, 200]);
  assert.equal(scene.asked('/bytes').length, 1);
});

test('A further variant is asked for by the tags of the known ones [conditional-etag-vary-headers-mismatch]', async () => {
  const fields: Field[] = [FRESH, ['ETag', '"one"'], ['Vary', 'Abc']];
  scene.on('/vary', (request, answer) =>
    request.get('if-none-match') === '"one"' ? answer.head(304, fields) : answer.send(200, fields, 'page'),
  );
  for (const value of ['123', '456', '456']) assert.equal((await scene.get('/vary', [['Abc', value]])).text, 'page');
  assert.deepEqual(
    scene.asked('/vary').map((request) => [request.get('abc'), request.get('if-none-match')]),
    [
      ['123', undefined],
      ['456', '"one"'],
    ],
  );
});

const HEADS: [path: string, validator: Field[], template: string, asked: number][] = [
  ['/head', [['ETag', '"one"']], '2', 2],
  ['/bare-head', [], '1', 3],
];
test('A HEAD with the validator of what is stored updates it, one without does not [head-200-freshness-update, head-200-update]', async () => {
  for (const [path, validator, template, asked] of HEADS) {
    scene.on(path, (request, answer) => {
      if (request.method === 'HEAD') return answer.head(200, [FRESH, ...validator, ['Template-A', '2']]);
      return answer.send(200, [STALE, ['ETag', '"one"'], ['Template-A', '1']], 'page');
    });
    await scene.get(path);
    await scene.head(path);
    const response = await scene.get(path);
    assert.deepEqual([response.text, response.get('template-a')], ['page', template], path);
    assert.equal(scene.asked(path).length, asked, path);
  }
});
