// Coded answers with a disk below memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRig } from '../disk/rig.ts';
import { until } from '../support/cleanup.ts';
import type { Field } from '../support/message.ts';
import { contentOf, encode, page } from './codings.ts';

const HTML: readonly Field[] = [
  ['Cache-Control', 'max-age=600'],
  ['Content-Type', 'text/html'],
];

const takes = (value: string) => ({ fields: [['Accept-Encoding', value]] as Field[] });

test('variants and coded answers are on disk after a restart, and large ones are coded from there', async (t) => {
  const rig = await startRig(t, { compression: true, background_cpu: 1 });
  const small = page(40_000);
  const large = page(900_000, 2);
  const coded = await encode('gzip', large);
  const { resources } = rig;
  let asked = 0;
  resources.origin.handler = async ({ target }, answer) => {
    asked++;
    if (target === '/small') await answer.send(200, HTML, small);
    else if (target === '/large') await answer.send(200, HTML, large);
    else await answer.send(200, [...HTML, ['Content-Encoding', 'gzip']], coded);
  };
  const check = async () => {
    for (const [target, text] of [
      ['/small', small],
      ['/large', large],
      ['/coded', large],
    ]) {
      for (const coding of ['identity', 'gzip', 'br', 'zstd']) {
        const response = await rig.get(target, takes(coding));
        assert.equal(response.get('content-encoding') ?? 'identity', coding);
        assert.equal(await contentOf(response), text, `${target} ${coding}`);
      }
    }
  };
  await check();
  let best = 0;
  await until(async () => {
    best = Number((await rig.get('/small', takes('br'))).get('content-length') ?? 0);
    const metrics = await rig.lb.admin.metrics();
    return [...metrics].some(([name, value]) => name.startsWith('lb_compression_variant_hits') && value > 0);
  }, 'a variant');
  best = Number((await rig.get('/small', takes('br'))).get('content-length'));
  await rig.written(4);
  await rig.restart();
  await rig.ready();
  const first = await rig.get('/small', takes('br'));
  assert.equal(first.get('content-length'), String(best), 'the variant came from the disk');
  assert.equal(await contentOf(first), small);
  await check();
  assert.equal(asked, 3);
});
