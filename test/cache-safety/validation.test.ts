// A 304 that names another version than the one that the cache asked about (RFC 9111 section 4.3.4).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { FRESH, newPath, STALE } from './attack.ts';

const scene = await startScene({ after });

test('a 304 with the ETag of another version does not renew the stored one', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    if (request.get('if-none-match') === undefined) return answer.send(200, [STALE, ['ETag', '"1"']], 'version 1');
    return answer.head(304, [FRESH, ['ETag', '"2"']]);
  });
  await scene.get(path);
  await scene.get(path);
  scene.on(path, (_request, answer) => answer.send(200, [FRESH, ['ETag', '"2"']], 'version 2'));
  assert.equal((await scene.get(path)).text, 'version 2');
});

test('a 304 with another Last-Modified, without ETag, does not renew the stored one', async () => {
  const path = newPath();
  const modified = (second: number): Field => ['Last-Modified', `Thu, 01 Jan 2015 00:00:0${second} GMT`];
  scene.on(path, (request, answer) => {
    if (request.get('if-modified-since') === undefined) return answer.send(200, [STALE, modified(1)], 'version 1');
    return answer.head(304, [FRESH, modified(2)]);
  });
  await scene.get(path);
  await scene.get(path);
  scene.on(path, (_request, answer) => answer.send(200, [FRESH, modified(2)], 'version 2'));
  assert.equal((await scene.get(path)).text, 'version 2');
});
