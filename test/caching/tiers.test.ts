// lb in front of lb: ages add up, each says what it did, and a circle is found.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { cacheStatus, counted, httpDate, startScene, validated } from './scene.ts';

const shield = await startScene({ after });
const edge = await startLb({ after }, { origins: [`127.0.0.1:${shield.lb.port}`] });
const get = (target: string) => request({ after }, edge.port, target, {});

test('an object goes through both, and each keeps it', async () => {
  const fields = [
    ['Cache-Control', 'max-age=600'],
    ['Date', httpDate(-100)],
  ] as const;
  shield.on('/object', counted(fields));
  await shield.get('/object');
  const miss = await get('/object');
  assert.equal(cacheStatus(miss), 'lb; hit, lb; fwd=uri-miss; stored');
  assert.equal(miss.get('via'), '1.1 lb, 1.1 lb');
  const hit = await get('/object');
  assert.equal(cacheStatus(hit), 'lb; hit, lb; hit');
  for (const response of [miss, hit]) {
    const age = Number(response.get('age'));
    assert.ok(age >= 100 && age < 110, `Age ${age}`);
    assert.equal(response.all('date').length, 1);
  }
  assert.equal(shield.asked('/object').length, 1);
});

test('what is too old in the first is validated with it, and there with the origin', async () => {
  shield.on('/old', validated([['Cache-Control', 'max-age=0']]));
  assert.equal((await get('/old')).text, '1');
  const second = await get('/old');
  assert.equal(second.text, '1');
  assert.match(cacheStatus(second), /lb; fwd=stale; fwd-status=304$/);
  assert.equal(shield.asked('/old')[1].get('if-none-match'), '"v"');
});

test('an object that grows stale on the way is not fresh again', async () => {
  shield.on(
    '/spent',
    counted([
      ['Cache-Control', 'max-age=100'],
      ['Age', '99999'],
    ]),
  );
  await get('/spent');
  assert.equal((await get('/spent')).text, '2');
});

test('an origin that leads back to lb: 508', async () => {
  shield.on('/circle', async (asked, answer) => {
    const { status, text } = await request({ after }, shield.lb.port, asked.target, { fields: asked.fields });
    await answer.send(status, [], text);
  });
  const response = await shield.get('/circle');
  assert.equal(response.status, 508);
  assert.ok(shield.asked('/circle').length <= 4, `${shield.asked('/circle').length} rounds`);
});
