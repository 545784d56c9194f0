// Interim responses go through as they come, and nothing of them is stored (RFC 9110 section 15.2, RFC 8297).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Field, httpDate, type Scene, startScene } from '../caching/scene.ts';
import { within } from '../support/cleanup.ts';
import { Response, requestText } from '../support/client.ts';
import { type Head, readHead } from '../support/message.ts';

const LINK: Field = ['Link', '</styles.css>; rel=preload; as=style'];
const FRESH: Field[] = [
  ['Cache-Control', 'max-age=100000'],
  ['Date', httpDate(0)],
];

interface Interim {
  status: number;
  fields: readonly Field[];
}

/** A page whose every answer has these interim responses before it; the body counts the answers. */
function interimPage(scene: Scene, path: string, interim: readonly Interim[]): void {
  let count = 0;
  scene.on(path, async (_request, answer) => {
    for (const { status, fields } of interim) await answer.head(status, fields);
    await answer.send(200, FRESH, String(++count));
  });
}

/** All that answers one GET. */
async function answers(scene: Scene, path: string): Promise<{ interim: Head[]; final: Response }> {
  const client = await scene.open();
  client.send(requestText('GET', path));
  const interim: Head[] = [];
  for (;;) {
    const head = await within(readHead(client.reader), `the head for ${path}`);
    assert.ok(head !== undefined, 'the connection ended');
    const response = new Response(head, []);
    if (response.status >= 200) return { interim, final: await client.body(response) };
    interim.push(head);
  }
}

const statuses = (seen: readonly Head[]) => seen.map(({ start }) => Number(start.split(' ')[1]));

async function sceneWith(t: TestContext, interim: readonly Interim[]): Promise<Scene> {
  const scene = await startScene(t);
  interimPage(scene, '/page', interim);
  return scene;
}

test('102 goes through, and the final response is stored [interim-102]', async (t) => {
  const scene = await sceneWith(t, [{ status: 102, fields: [] }]);
  const first = await answers(scene, '/page');
  assert.deepEqual(statuses(first.interim), [102]);
  assert.equal(first.final.text, '1');
  assert.equal((await answers(scene, '/page')).final.text, '1');
});

test('103 goes through with its fields, and the final response is stored [interim-103]', async (t) => {
  const scene = await sceneWith(t, [{ status: 103, fields: [LINK, ['X-My-Header', 'test']] }]);
  const first = await answers(scene, '/page');
  assert.deepEqual(statuses(first.interim), [103]);
  assert.equal(first.interim[0].get('link'), LINK[1]);
  assert.equal(first.interim[0].get('x-my-header'), 'test');
  assert.equal((await answers(scene, '/page')).final.text, '1');
});

test('A hit has no interim response [interim-not-cached]', async (t) => {
  const scene = await sceneWith(t, [{ status: 103, fields: [LINK] }]);
  assert.deepEqual(statuses((await answers(scene, '/page')).interim), [103]);
  const hit = await answers(scene, '/page');
  assert.deepEqual([hit.interim.length, hit.final.text], [0, '1']);
});

test('Fields of an interim response get neither into the final one nor into the stored one [interim-no-header-reuse]', async (t) => {
  const scene = await sceneWith(t, [{ status: 103, fields: [LINK, ['X-My-Header', 'test']] }]);
  for (const whose of ['the first', 'the stored']) {
    const { final } = await answers(scene, '/page');
    assert.deepEqual([final.get('x-my-header'), final.get('link'), final.text], [undefined, undefined, '1'], whose);
  }
});

test('Several interim responses go through in order, before the final one is there', async (t) => {
  const scene = await startScene(t);
  let finish = (): void => {};
  const asked = new Promise<void>((resolve) => {
    finish = resolve;
  });
  scene.on('/page', async (_request, answer) => {
    await answer.head(103, [LINK]);
    await answer.head(103, [['Link', '</script.js>; rel=preload; as=script']]);
    await asked;
    await answer.send(200, FRESH, 'done');
  });
  const client = await scene.open();
  client.send(requestText('GET', '/page'));
  for (const target of ['styles.css', 'script.js']) {
    const head = await within(readHead(client.reader), 'an interim response');
    assert.match(head?.get('link') ?? '', new RegExp(target.replace('.', '\\.')));
  }
  finish();
  assert.equal((await client.response()).text, 'done');
});
