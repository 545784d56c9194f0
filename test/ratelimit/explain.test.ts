// lb explain knows which limits a request counts for.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';

const scene = await startScene(
  { after },
  {
    rules: [{ match: '/app/*', rewrite: '/v2/{1}', limits: 'app' }],
    addons: {
      rate_limit: [
        { name: 'all', requests_per_minute: 600 },
        { name: 'app', by: 'all', concurrent: 7, mode: 'log' },
        { name: 'posts', methods: 'POST', requests_per_second: 1, scope: 'origin' },
      ],
    },
  },
);

async function limits(path: string, method = 'GET'): Promise<unknown[][]> {
  const answer = await scene.lb.admin.fetch('GET', `/explain?url=${encodeURIComponent(path)}&method=${method}`);
  const explanation = answer.json() as { limits: Record<string, unknown>[] };
  return explanation.limits.map(({ name, terms, by, scope, mode }) => [name, terms, by, scope, mode]);
}

test('the limits that are for the request as the client sends it', async () => {
  const all = ['all', '600 requests per minute, 10 at once', ['ip'], 'requests', 'enforce'];
  assert.deepEqual(await limits('/'), [all]);
  assert.deepEqual(await limits('/app/a'), [all, ['app', '7 under way at once', [], 'requests', 'log']]);
  assert.deepEqual(await limits('/v2/a'), [all]);
  assert.deepEqual(await limits('/', 'POST'), [
    all,
    ['posts', '1 requests per second, 1 at once', ['ip'], 'origin', 'enforce'],
  ]);
});
