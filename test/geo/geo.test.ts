// Countries as clients and origins see them, with the database that comes with lb.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Status } from '../../src/admin/status.ts';
import { statusText } from '../../src/cli/status-text.ts';
import { cacheStatus, counted, type Field, type Handler, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const NL: Field = ['X-Forwarded-For', '193.0.6.139'];
const NL6: Field = ['X-Forwarded-For', '2001:67c:2e8:22::c100:68b'];
const US: Field = ['X-Forwarded-For', '8.8.8.8'];
const UNKNOWN: Field = ['X-Forwarded-For', '10.1.2.3'];

const scene = await startScene(
  { after },
  {
    trusted_proxies: ['127.0.0.1'],
    log: { access: true },
    addons: {
      allow: '198.51.100.0/24',
      geo: {
        block: ['RU'],
        header: 'X-Country-Code',
        paths: [
          { match: '/eu/*', allow: ['NL', 'DE'] },
          { match: '/legal/*', block: 'NL', status: 451 },
          { match: '/known/*', block: ['xx'] },
        ],
      },
    },
  },
);
const status = async (target: string, ...fields: Field[]) => (await scene.get(target, fields)).status;
/** Tells the origin's clients what country it was told. */
const telling: Handler = (request, answer) => answer.send(200, [FRESH], request.get('x-country-code') ?? 'none');

test('let in or not by country and path; who is not known is XX', async () => {
  for (const path of ['/eu/a', '/legal/a', '/known/a', '/a']) scene.on(path, counted([FRESH]));
  assert.deepEqual(
    await Promise.all([NL, NL6, US, UNKNOWN].map((from) => status('/eu/a', from))),
    [200, 200, 403, 403],
  );
  assert.deepEqual(await Promise.all([NL, US].map((from) => status('/legal/a', from))), [451, 200]);
  assert.deepEqual(await Promise.all([US, UNKNOWN].map((from) => status('/known/a', from))), [200, 403]);
  assert.deepEqual(await Promise.all([NL, US, UNKNOWN].map((from) => status('/a', from))), [200, 200, 200]);
});

test('a hit is guarded too, and another spelling of the path is no way in', async () => {
  scene.on('/eu/hit', counted([FRESH]));
  assert.equal(await status('/eu/hit', NL), 200);
  assert.match(cacheStatus(await scene.get('/eu/hit', [NL6])), /hit/);
  assert.equal(await status('/eu/hit', US), 403);
  for (const path of ['/%65u/hit', '//eu/hit', '/x/../eu/hit', '/eu%2fhit'])
    assert.equal(await status(path, US), 403, path);
});

test('the refusal says why, in all methods, and by its id it is found on the log', async () => {
  const refused = await scene.get('/eu/why', [US]);
  assert.equal(refused.get('content-type'), 'application/problem+json');
  const problem = JSON.parse(refused.text) as Record<string, unknown>;
  assert.deepEqual([problem.country, problem.request_id], ['US', refused.get('x-request-id')]);
  assert.match(cacheStatus(refused), /detail=country/);
  assert.equal(refused.get('cache-control'), 'no-store');
  assert.equal((await scene.get('/eu/why', [US], { method: 'POST', body: 'x' })).status, 403);
  assert.equal((await scene.head('/eu/why', [US])).status, 403);
  assert.equal(scene.asked('/eu/why').length, 0);
  const line = () => scene.lb.lines.find(({ request_id: id }) => id === refused.get('x-request-id'));
  await until(() => line() !== undefined, 'the line of the access log');
  assert.deepEqual([line()?.country, line()?.bot], ['US', undefined]);
  const metrics = (await scene.lb.admin.fetch('GET', '/metrics')).text();
  assert.match(metrics, /^lb_geo_refused_total\{site="default"\} [1-9]/m);
});

test('lb status has how many were refused', async () => {
  const status = (await scene.lb.admin.fetch('GET', '/status')).json() as Status;
  assert.deepEqual(
    status.countries.map(({ site }) => site),
    ['default'],
  );
  assert.match(statusText(status, false), /\ncountries site +refused\n {10}default +\d+\n/);
});

test('origins are told the country, which is part of the key; what clients say of it is dropped', async () => {
  scene.on('/told', telling);
  const asked = async (...fields: Field[]) => {
    const response = await scene.get('/told', fields);
    return `${response.text} ${cacheStatus(response).includes('hit') ? 'hit' : 'miss'}`;
  };
  assert.equal(await asked(NL, ['X-Country-Code', 'DE']), 'NL miss');
  assert.equal(await asked(US), 'US miss');
  assert.equal(await asked(NL6), 'NL hit');
  assert.equal(await asked(UNKNOWN, ['X-Country-Code', 'NL']), 'XX miss');
  scene.on('/posted', telling);
  const posted = await scene.get('/posted', [NL, ['X-Country-Code', 'DE']], { method: 'POST', body: 'x' });
  assert.equal(posted.text, 'NL');
});

test('clients of addons.allow come from anywhere; a word of others about their address does not count', async () => {
  scene.on('/eu/allowed', counted([FRESH]));
  assert.equal(await status('/eu/allowed', ['X-Forwarded-For', '198.51.100.9']), 200);
  assert.equal(
    await status('/eu/allowed', ['X-Forwarded-For', '193.0.6.139, 8.8.8.8']),
    403,
    'the nearest that is not trusted',
  );
  const open = await startScene({ after }, { addons: { geo: { allow: 'NL' } } });
  open.on('/', counted([FRESH]));
  assert.equal((await open.get('/', [NL])).status, 403, 'nobody is trusted');
});
