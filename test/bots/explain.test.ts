// lb explain knows what becomes of a client by its fields, and which countries may ask.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { explanationText } from '../../src/cli/explain-text.ts';
import type { Explanation } from '../../src/explain/types.ts';
import { startScene } from '../caching/scene.ts';

const scene = await startScene(
  { after },
  {
    addons: {
      geo: { block: ['RU'], paths: [{ match: '/eu/*', allow: ['DE', 'FR'], status: 451 }] },
      bots: { actions: { ai: 'block' }, thresholds: { challenge: 60 }, exclude: '/open/*' },
    },
  },
);

async function explained(path: string, agent: string): Promise<Explanation> {
  const headers = agent === '' ? '' : `&header=${encodeURIComponent(`User-Agent: ${agent}`)}`;
  return (
    await scene.lb.admin.fetch('GET', `/explain?url=${encodeURIComponent(path)}${headers}`)
  ).json() as Explanation;
}

test('class, score and action of a client', async () => {
  const { bots } = await explained('/', 'curl/8');
  assert.deepEqual(bots, {
    ...{ class: 'library', score: 70, signals: [], action: 'challenge', mode: 'enforce' },
    is_verified_by_address: false,
  });
  assert.equal((await explained('/open/a', 'curl/8')).bots?.action, 'allow');
  assert.equal((await explained('/', 'GPTBot/1.2')).bots?.action, 'block');
  const google = await explained('/', 'Googlebot/2.1');
  assert.deepEqual([google.bots?.class, google.bots?.is_verified_by_address], ['search', true]);
  const firefox = await explained('/', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0');
  assert.deepEqual([firefox.bots?.action, firefox.bots?.signals.length], ['challenge', 3]);
  const text = explanationText(firefox, false);
  assert.match(text, /\nbots {8}class browser, score 80 \(no_accept, .*\): challenge\n/);
});

test('the countries that may ask', async () => {
  const { countries } = await explained('/eu/a', 'curl/8');
  assert.deepEqual([countries?.allow, countries?.default, countries?.status], [['DE', 'FR'], 'block', 451]);
  assert.match(
    explanationText(await explained('/eu/a', ''), false),
    /\ncountries {3}DE, FR let in, all others not; refused with 451 \(lb\.json:/,
  );
  assert.match(
    explanationText(await explained('/', ''), false),
    /\ncountries {3}RU not, all others let in; refused with 403\n/,
  );
});
