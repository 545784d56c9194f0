// A change while a variant is on its way to the cache: neither that variant nor those stored before it come back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { type Field, startScene } from '../caching/scene.ts';
import { newPath } from './attack.ts';

const scene = await startScene({ after });

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
