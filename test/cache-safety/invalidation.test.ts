// What a change through lb takes from the cache, and what it may not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { type Field, type Handler, startScene } from '../caching/scene.ts';
import { FRESH, HIT, newPath } from './attack.ts';

const scene = await startScene({ after });

/** GET answers with a number that grows; other methods with `status` and `fields`. */
function page(status: number, fields: readonly Field[] = []): Handler {
  let count = 0;
  return (request, answer) => {
    if (request.method === 'GET') return answer.send(200, [FRESH], String(++count));
    return status === 204 ? answer.head(204, fields) : answer.send(status, fields, '');
  };
}

async function isKept(target: string, fields: readonly Field[] = []): Promise<boolean> {
  return (await scene.get(target, fields)).get('cache-status') === HIT;
}

for (const [method, status, kept] of [
  ['POST', 200, false],
  ['POST', 201, false],
  ['PUT', 204, false],
  ['PATCH', 200, false],
  ['DELETE', 200, false],
  ['DELETE', 302, false],
  ['MOVE', 200, false],
  ['PURGE', 200, false],
  ['POST', 400, true],
  ['POST', 403, true],
  ['PUT', 404, true],
  ['DELETE', 500, true],
  ['OPTIONS', 200, true],
  ['PROPFIND', 200, true],
] as const) {
  test(`${method} answered with ${status} ${kept ? 'leaves' : 'invalidates'} its URI`, async () => {
    const path = newPath();
    scene.on(path, page(status));
    await scene.get(path);
    assert.equal((await scene.get(path, [], { method })).status, status);
    assert.equal(await isKept(path), kept);
  });
}

test('a change takes its own URI only: not other queries, hosts or paths', async () => {
  const path = newPath();
  const others: [string, Field[]][] = [
    [`${path}?a=1`, []],
    [`${path}/`, []],
    [path.toUpperCase(), []],
    [path, [['Host', 'other.test']]],
    [path, [['Host', 'site.test:8080']]],
  ];
  for (const [target] of others) scene.on(target.split('?')[0], page(200));
  for (const [target, fields] of others) await scene.get(target, fields);
  await scene.get(path, [], { method: 'POST' });
  for (const [target, fields] of others) assert.ok(await isKept(target, fields), `${target} ${fields.join()}`);
});

test('a change takes all variants of its URI', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    request.method === 'GET' ? answer.send(200, [FRESH, ['Vary', 'X-A']], 'v') : answer.send(200, [], ''),
  );
  for (const a of ['1', '2']) await scene.get(path, [['X-A', a]]);
  await scene.get(path, [['X-A', '3']], { method: 'POST' });
  for (const a of ['1', '2']) assert.equal(await isKept(path, [['X-A', a]]), false);
});

test('Location and Content-Location of another origin take nothing', async () => {
  const victim = newPath();
  scene.on(victim, page(200));
  for (const location of [
    `http://other.test${victim}`,
    `https://site.test${victim}`,
    `http://site.test:8080${victim}`,
    `//other.test${victim}`,
    `http://site.test@other.test${victim}`,
    `ftp://site.test${victim}`,
    'http://[evil',
    'javascript:alert(1)',
  ]) {
    for (const name of ['Location', 'Content-Location']) {
      for (const host of ['site.test', 'other.test', 'site.test:8080']) await scene.get(victim, [['Host', host]]);
      const attack = newPath();
      scene.on(attack, page(201, [[name, location]]));
      await scene.get(attack, [], { method: 'POST' });
      for (const host of ['site.test', 'other.test', 'site.test:8080'])
        assert.ok(await isKept(victim, [['Host', host]]), `${name}: ${location} took it from ${host}`);
    }
  }
});

test('a failed change takes nothing by its Location', async () => {
  const victim = newPath();
  scene.on(victim, page(200));
  await scene.get(victim);
  for (const status of [400, 404, 500]) {
    const path = newPath();
    scene.on(
      path,
      page(status, [
        ['Location', victim],
        ['Content-Location', victim],
      ]),
    );
    await scene.get(path, [], { method: 'POST' });
  }
  assert.ok(await isKept(victim));
});

test('a GET takes nothing by its Location', async () => {
  const victim = newPath();
  scene.on(victim, page(200));
  await scene.get(victim);
  const path = newPath();
  scene.on(path, (_request, answer) =>
    answer.send(
      302,
      [
        ['Location', victim],
        ['Content-Location', victim],
      ],
      '',
    ),
  );
  await scene.get(path);
  assert.ok(await isKept(victim));
});

test('a field that asks for another method on a GET invalidates nothing', async () => {
  const path = newPath();
  scene.on(path, page(200));
  await scene.get(path);
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method']) await scene.get(path, [[name, 'DELETE']]);
  assert.ok(await isKept(path));
});

for (const name of ['Location', 'Content-Location']) {
  test(`${name} of the same origin is invalidated`, async () => {
    for (const form of ['absolute', 'path', 'relative', 'host in another case', 'default port']) {
      const victim = newPath();
      const change = newPath();
      const location = {
        absolute: `http://site.test${victim}`,
        path: victim,
        relative: victim.slice(1),
        'host in another case': `HTTP://SITE.test${victim}`,
        'default port': `http://site.test:80${victim}`,
      }[form] as string;
      scene.on(victim, (_request, answer) => answer.send(200, [FRESH], 'page'));
      scene.on(change, (_request, answer) => answer.send(201, [[name, location]], ''));
      await scene.get(victim);
      await scene.get(change, [], { method: 'POST' });
      assert.notEqual((await scene.get(victim)).get('cache-status'), HIT, form);
    }
  });
}

for (const [name, known, lifetime, coding] of [
  ['the first variant', false, 60, 'gzip'],
  ['a stale variant', true, 0, 'gzip'],
  ['another variant than the one stored', true, 60, 'br'],
] as const) {
  test(`${name} on its way when a PUT changed the page is not served after it`, async () => {
    const path = newPath();
    let version = 1;
    let gate: Gate | undefined;
    scene.on(path, async (request, answer) => {
      if (request.method !== 'GET') {
        version++;
        return answer.head(204);
      }
      const etag = `"${version}"`;
      const text = `version ${version}`;
      const held = gate;
      gate = undefined;
      await held?.opened;
      const fields: Field[] = [
        ['Cache-Control', `max-age=${held === undefined ? lifetime : 60}`],
        ['Vary', 'Accept-Encoding'],
        ['ETag', etag],
      ];
      if (request.get('if-none-match') === etag) return answer.head(304, fields);
      return answer.send(200, fields, text);
    });
    const ask = async (value: string) => (await scene.get(path, [['Accept-Encoding', value]])).text;
    if (known) await ask('gzip');
    const held = new Gate();
    gate = held;
    const before = scene.origin.requests.length;
    const early = ask(coding);
    await scene.origin.request(before);
    assert.equal((await scene.get(path, [], { method: 'PUT', body: 'x' })).status, 204);
    held.open();
    await early;
    for (const value of [coding, 'gzip', 'br', 'identity']) assert.equal(await ask(value), 'version 2', value);
  });
}
