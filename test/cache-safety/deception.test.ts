// Personal pages under names that look like files: nobody else gets them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { isFromOrigin } from './attack.ts';

const scene = await startScene({ after });
const ruled = await startScene(
  { after },
  { cache: { styles: { match: '*.css', ttl: '1h' }, assets: { match: '/assets/*', ttl: '1h' } } },
);

const NAMES = [
  '/account/x.css',
  '/account/x.js',
  '/account/x.jpg',
  '/account/x.woff2',
  '/account/x.mp4',
  '/account/x.css?y',
  '/account%2fx.css',
  '/account;x.css',
  '/account%3bx.css',
  '/account%00.css',
  '/account%0a.css',
  '/account%23.css',
  '/account%3f.css',
  '/account.css',
  '/account/.css',
  '/account/favicon.ico',
  '/static/..%2faccount/x.css',
];
const html: Field = ['Content-Type', 'text/html; charset=utf-8'];
const css: Field = ['Content-Type', 'text/css'];

/** The page is asked for by its owner, then by someone else, who must get an answer of the origin's own. */
async function checkNotShared(where: typeof scene, target: string, fields: readonly Field[]): Promise<void> {
  const path = target.split('?')[0];
  where.on(path, (request, answer) => answer.send(200, fields, `page of ${request.get('cookie') ?? 'nobody'}`));
  assert.equal((await where.get(target, [['Cookie', 'owner']])).text, 'page of owner');
  const other = await where.get(target);
  assert.equal(other.text, 'page of nobody', target);
  assert.ok(isFromOrigin(other), target);
}

for (const target of NAMES) {
  test(`a page named ${target} is not taken for a file`, () => checkNotShared(scene, target, [html]));
}

test('what the origin says goes over what the name and the content type say', async () => {
  for (const value of ['no-store', 'private', 'no-cache', 'max-age=0', 'private, max-age=60']) {
    for (const type of [html, css]) {
      await checkNotShared(scene, `/account/${value.replace(/\W/g, '')}-${type[1].length}.css`, [
        ['Cache-Control', value],
        type,
      ]);
    }
  }
});

test('what the origin says goes over a rule that does not override it', async () => {
  for (const value of ['no-store', 'private', 'no-cache', 'max-age=0'])
    await checkNotShared(ruled, `/account/${value.replace(/\W/g, '')}.css`, [['Cache-Control', value], html]);
});

test('a content type that is missing, odd or another file’s is not the one of the name', async () => {
  const types = [
    '',
    'text/plain',
    'text/html',
    'TEXT/HTML',
    'text/css text/html',
    'image/png',
    'application/json',
    '*/*',
    'css',
  ];
  for (const [i, type] of types.entries())
    await checkNotShared(scene, `/account/type-${i}.css`, type === '' ? [] : [['Content-Type', type]]);
});

test('a file is a file: name and content type agree, nothing forbids it, and a cookie of the asker changes nothing', async () => {
  scene.on('/real.css', (_request, answer) => answer.send(200, [css], 'a{}'));
  await scene.get('/real.css', [['Cookie', 'owner']]);
  assert.ok(!isFromOrigin(await scene.get('/real.css')));
  for (const field of [
    ['Set-Cookie', 'session=1'],
    ['Vary', '*'],
  ] as Field[]) {
    const path = `/real-${field[0]}.css`;
    await checkNotShared(scene, path, [css, field]);
  }
});
