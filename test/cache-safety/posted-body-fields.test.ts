// A POST that is cached by its body: fields that tell how the body is to be read are a part of it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { FRESH, newPath, told } from './attack.ts';

const scene = await startScene({ after }, { cache: { posts: { match: '/posts/*', methods: ['POST'] } } });

for (const field of [
  ['Content-Language', 'evil'],
  ['Content-Location', '/evil'],
  ['Content-Disposition', 'evil'],
  ['Content-Range', 'bytes 0-1/2; evil'],
] as Field[]) {
  test(`${field[0]} changes no stored answer to POST`, async () => {
    const path = `/posts${newPath()}`;
    scene.on(path, (request, answer) => answer.send(200, [FRESH], told(request)));
    const post = (fields: readonly Field[]) => scene.get(path, fields, { method: 'POST', body: 'a=1' });
    await post([field]);
    assert.doesNotMatch((await post([])).text, /evil/i);
  });
}
