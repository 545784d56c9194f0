// HEAD says something of a stored page only where it names the version.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { FRESH, newPath } from './attack.ts';

const scene = await startScene({ after });

for (const [what, fields] of [
  ['nothing', []],
  ['a length alone', [['Content-Length', '9']]],
] as [string, Field[]][]) {
  test(`HEAD that says ${what} does not make an old page fresh`, async () => {
    const path = newPath();
    let version = 1;
    scene.on(path, (request, answer) => {
      if (request.method === 'HEAD') return answer.head(200, [FRESH, ...fields]);
      return answer.send(
        200,
        [
          ['Cache-Control', 'max-age=10'],
          ['Age', version === 1 ? '12' : '0'],
        ],
        `version ${version}`,
      );
    });
    await scene.get(path);
    version = 2;
    await scene.head(path);
    assert.equal((await scene.get(path)).text, 'version 2');
  });
}
