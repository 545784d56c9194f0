// Which fields select a variant: those that the origin was told, not those that the client sent.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { Client, type Response, requestText } from '../support/client.ts';
import type { Field } from '../support/message.ts';
import { FRESH, HIT, newPath } from './attack.ts';

const scene = await startScene({ after });

/** One request from another address of this machine. */
async function getFrom(
  t: Cleanup,
  address: string,
  port: number,
  target: string,
  fields: readonly Field[] = [],
): Promise<Response> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  const client = new Client(socket);
  client.send(requestText('GET', target, fields));
  const response = await client.response();
  client.close();
  return response;
}

test('a field that Connection takes from the request selects no variant', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-Device']], `for ${request.get('x-device') ?? 'anything'}`),
  );
  await scene.get(path);
  await scene.get(path, [
    ['X-Device', 'phone'],
    ['Connection', 'X-Device'],
  ]);
  assert.equal((await scene.get(path, [['X-Device', 'phone']])).text, 'for phone');
});

test('a page that varies by a field that lb writes goes to nobody whose field differs', async (t) => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-Forwarded-For']], `for ${request.get('x-forwarded-for')}`),
  );
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.2']) {
    assert.equal((await getFrom(t, address, scene.lb.port, path)).text, `for ${address}`);
  }
});

test('a page that varies by the id of the request is no one else’s', async () => {
  for (const name of ['X-Request-Id', 'Traceparent']) {
    const path = newPath();
    scene.on(path, (request, answer) => answer.send(200, [FRESH, ['Vary', name]], `${request.get(name)}`));
    const first = await scene.get(path);
    const second = await scene.get(path);
    assert.notEqual(second.text, first.text, name);
    assert.notEqual(second.get('cache-status'), HIT, name);
  }
});
