// Changes of rules hold for what is stored already.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, startScene } from '../caching/scene.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];

test('response fields of stored responses change with a reload', async () => {
  const scene = await startScene(
    { after },
    { workers: 2, rules: [{ response_headers: { set: { 'x-version': '1' } } }] },
  );
  const origins = [scene.origin.address];
  scene.on('/a', counted([FRESH, ['X-Version', '0']]));
  const versions = async (): Promise<(string | undefined)[]> => {
    const seen = [];
    for (let i = 0; i < 4; i++) seen.push((await scene.get('/a')).get('x-version'));
    return seen;
  };
  assert.deepEqual(await versions(), ['1', '1', '1', '1']);
  const rules = [{ response_headers: { set: { 'x-version': '2' } } }];
  assert.ok((await scene.lb.reload({ workers: 2, origins, rules })).ok);
  assert.deepEqual(await versions(), ['2', '2', '2', '2']);
  assert.ok((await scene.lb.reload({ workers: 2, origins })).ok);
  assert.deepEqual(await versions(), ['0', '0', '0', '0']);
  assert.equal(scene.asked('/a').length, 1);
  assert.equal(cacheStatus(await scene.get('/a')), 'lb; hit');
});

test('request fields that a reload changes are asked with anew', async () => {
  const rules = (value: string) => [{ request_headers: { set: { 'x-side': value } } }];
  const scene = await startScene({ after }, { rules: rules('a') });
  scene.on('/b', (request, answer) => answer.send(200, [FRESH], request.get('x-side') ?? 'none'));
  assert.equal((await scene.get('/b')).text, 'a');
  assert.ok((await scene.lb.reload({ origins: [scene.origin.address], rules: rules('b') })).ok);
  assert.equal((await scene.get('/b')).text, 'b');
});
