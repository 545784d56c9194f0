// lb explain knows what becomes of a client by its fields, and which countries may ask.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { explanationText } from '../../src/cli/explain-text.ts';
import type { Explanation } from '../../src/explain/types.ts';
import { startScene } from '../caching/scene.ts';
import { agreementWith } from '../explain/agreement.ts';

const scene = await startScene(
  { after },
  {
    addons: {
      geo: {
        block: ['RU'],
        paths: [
          { match: '/eu/*', allow: ['DE', 'FR'], status: 451 },
          { match: '/closed/*', default: 'block', status: 451 },
        ],
      },
      bots: { actions: { scanner: 'block' }, thresholds: { challenge: 30 }, exclude: '/open/*' },
    },
  },
);
const { agree } = agreementWith(scene);

test('the decision is that of the addons, where the address of the client does not matter', async () => {
  const blocked = await agree('refuse', '/', [['User-Agent', 'sqlmap/1.7']]);
  assert.deepEqual(blocked.decision.why, ['addons.bots blocks clients of class scanner with score 100']);
  const challenged = await agree('refuse', '/', [['User-Agent', 'curl/8']]);
  assert.match(challenged.decision.why[0], /challenges clients of class library/);
  const closed = await agree('refuse', '/closed/a', [['User-Agent', 'sqlmap/1.7']]);
  assert.deepEqual([closed.decision.status, closed.decision.why.length], [451, 1], 'countries come before bots');
  scene.on('/open/a', (_, answer) => answer.send(200, [], 'open'));
  await agree('miss', '/open/a', [['User-Agent', 'curl/8']]);
});

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
  assert.equal((await explained('/', 'sqlmap/1.7')).bots?.action, 'block');
  const google = await explained('/', 'Googlebot/2.1');
  assert.equal(google.bots?.action, 'allow', 'no threshold is for who can be asked about');
  assert.notEqual(google.decision.action, 'refuse');
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
