// Purges against fills and validations that are under way when they come.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { cacheStatus, type Field, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';

const scene = await startScene({ after }, { workers: 2 });
const FRESH: Field = ['Cache-Control', 'max-age=600'];

async function purge(target: string, soft = false): Promise<void> {
  const { port } = scene.lb.admin;
  const body = soft ? '{"soft": true}' : undefined;
  const response = await fetch(`http://127.0.0.1:${port}/cache${target}`, { method: 'DELETE', body });
  assert.equal(response.status, 200);
}

async function ask(target: string) {
  const client = await scene.open();
  client.send(requestText('GET', target));
  return client;
}

for (const soft of [false, true]) {
  const name = soft ? 'soft' : 'hard';

  test(`a ${name} purge before the head: the fill's answer is for those who asked before`, async () => {
    const target = `/waiting-${name}`;
    const old = new Gate();
    scene.on(target, async (_request, answer) => {
      const isFirst = scene.asked(target).length === 1;
      if (isFirst) await old.opened;
      await answer.send(200, [FRESH], isFirst ? 'old' : 'new');
    });
    const before = await ask(target);
    await until(() => scene.asked(target).length === 1, 'the fill');
    await purge(target, soft);
    for (let i = 0; i < 4; i++) assert.equal((await scene.get(target)).text, 'new');
    old.open();
    assert.equal((await before.response()).text, 'old');
    for (let i = 0; i < 4; i++) assert.equal((await scene.get(target)).text, 'new');
    assert.equal(scene.asked(target).length, 2);
  });

  test(`a ${name} purge amid the body: nobody joins the fill any more, nor is it used afterwards`, async () => {
    const target = `/streaming-${name}`;
    const rest = new Gate();
    scene.on(target, async (_request, answer) => {
      const isFirst = scene.asked(target).length === 1;
      await answer.head(200, [FRESH, ['Content-Length', '8']]);
      await answer.raw(isFirst ? 'old-' : 'new-');
      if (isFirst) await rest.opened;
      await answer.raw(isFirst ? 'old.' : 'new.');
    });
    const before = await ask(target);
    const head = await before.head();
    assert.ok(head !== undefined);
    await purge(target, soft);
    rest.open();
    assert.equal((await within(before.body(head), 'the rest')).text, 'old-old.');
    for (let i = 0; i < 4; i++) assert.equal((await scene.get(target)).text, 'new-new.');
  });
}

for (const more of [[], [['X-New', '1']]] as Field[][]) {
  const how = more.length === 0 ? 'in place' : 'with new fields';

  test(`a validation that began before a soft purge does not undo it (${how})`, async () => {
    const target = `/validation-${more.length}`;
    const early = new Gate();
    const aged = (age: number): Field[] => [
      ['Cache-Control', 'max-age=100'],
      ['Age', String(age)],
      ['ETag', '"v"'],
    ];
    scene.on(target, async (request, answer) => {
      if (request.get('if-none-match') === undefined) return answer.send(200, aged(200), 'body');
      if (scene.asked(target).length > 2) return answer.head(304, aged(200));
      await early.opened;
      await answer.head(304, [...aged(0), ...more]);
    });
    await scene.get(target);
    const before = await ask(target);
    await until(() => scene.asked(target).length === 2, 'the validation');
    await purge(target, true);
    // on both threads, so that the purge has been applied to the entry
    for (let i = 0; i < 2; i++) assert.equal((await scene.get(target)).text, 'body');
    const asked = scene.asked(target).length;
    early.open();
    assert.equal((await before.response()).text, 'body');
    assert.doesNotMatch(cacheStatus(await scene.get(target)), /hit/);
    assert.equal(scene.asked(target).length, asked + 1);
  });
}

test('a validation that began before a hard purge brings nothing back', async () => {
  const early = new Gate();
  scene.on('/gone', async (request, answer) => {
    const fields: Field[] = [
      ['Cache-Control', 'no-cache'],
      ['ETag', '"g"'],
    ];
    const number = scene.asked('/gone').length;
    if (request.get('if-none-match') === undefined) return answer.send(200, fields, `body-${number}`);
    await early.opened;
    await answer.head(304, [FRESH, ['ETag', '"g"']]);
  });
  assert.equal((await scene.get('/gone')).text, 'body-1');
  const before = await ask('/gone');
  await until(() => scene.asked('/gone').length === 2, 'the validation');
  await purge('/gone');
  early.open();
  assert.equal((await before.response()).text, 'body-3');
  assert.notEqual((await scene.get('/gone')).text, 'body-1');
});

test('purges do not disturb what they do not match', async () => {
  const go = new Gate();
  scene.on('/calm', async (_request, answer) => {
    await go.opened;
    await answer.send(200, [FRESH], 'calm');
  });
  const before = await ask('/calm');
  await until(() => scene.asked('/calm').length === 1, 'the fill');
  for (let i = 0; i < 20; i++) await purge(`/storm/${i}`);
  await purge('/storm/*');
  go.open();
  assert.equal((await before.response()).text, 'calm');
  for (let i = 0; i < 2; i++) assert.equal(cacheStatus(await scene.get('/calm')), 'lb; hit');
});

test('in the end nothing is held', () => scene.lb.admin.idle());
