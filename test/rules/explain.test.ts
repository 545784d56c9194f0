// lb explain knows what the rules make of a request.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';
import { agreementWith } from '../explain/agreement.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];

const scene = await startScene(
  { after },
  {
    rules: [
      { match: '/moved/*', redirect: { to: '/x/{1}', status: 308 } },
      { match: '/app/*', rewrite: '/v2/{1}' },
      { match: '/by-lang', request_headers: { remove: ['x-gone'], set: { 'x-lang': '{cookie:lang}' } } },
      { response_headers: { set: { 'x-served': 'yes' } } },
    ],
    cache: { v2: { match: '/v2/*', ttl: '1h' } },
  },
);
const { agree } = agreementWith(scene);

test('a rewrite', async () => {
  scene.on('/v2/a', counted([]));
  const miss = await agree('miss', '/app/a?b=c');
  assert.deepEqual([miss.request.target, miss.key.target, miss.rule?.name], ['/app/a?b=c', '/v2/a?b=c', 'v2']);
  assert.deepEqual(miss.rules?.target, '/v2/a?b=c');
  assert.equal(miss.rules?.matched.length, 2);
  assert.deepEqual(miss.rules?.response_headers, ['x-served: yes']);
  await agree('hit', '/app/a?b=c');
  await agree('hit', '/v2/a?b=c');
  await agree('refuse', '/app/../a');
});

test('a redirect', async () => {
  const { decision } = await agree('answer', '/moved/a');
  assert.deepEqual(decision.why.length, 1);
  assert.match(decision.why[0], /redirects to \/x\/a; neither/);
});

test('a field that is keyed', async () => {
  scene.on('/by-lang', counted([FRESH]));
  const miss = await agree('miss', '/by-lang', [['Cookie', 'lang=de']]);
  assert.deepEqual(miss.key.configured, ['rules - x-gone', 'rules x-lang: de']);
  assert.deepEqual(miss.rules?.request_headers, ['- x-gone', 'x-lang: de']);
  await agree('hit', '/by-lang', [['Cookie', 'a=b; lang=de']]);
  await agree('miss', '/by-lang', [['Cookie', 'lang=en']]);
  await agree('miss', '/by-lang');
});
