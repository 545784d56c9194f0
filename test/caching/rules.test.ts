// Lifetimes that the configuration gives: rules, override, force, and static types found by themselves.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, httpDate, type Scene, startScene } from './scene.ts';

const rules = {
  static: { match: '*.dat, /assets/*', ttl: 100 },
  api: { match: '/api/products/*', ttl: 60 },
  over: { match: '/over/*', ttl: 60, override: true },
  force: { match: '/force/*', ttl: 60, override: true, force: true },
};
const ruled = await startScene({ after }, { cache: rules });
const plain = await startScene({ after }, { cache: { auto: false } });

interface Case {
  path: string;
  fields?: Field[];
  status?: number;
  request?: Field[];
  stored: boolean;
}

const control = (value: string): Field => ['Cache-Control', value];
const type = (value: string): Field => ['Content-Type', value];

async function isStored(scene: Scene, { path, fields = [], status = 200, request = [] }: Case): Promise<boolean> {
  scene.on(path, counted(fields, status));
  assert.equal((await scene.get(path, request)).text, '1');
  const second = await scene.get(path, request);
  const stored = cacheStatus(second) === 'lb; hit';
  assert.equal(second.text, stored ? '1' : '2');
  assert.equal(scene.asked(path).length, stored ? 1 : 2);
  return stored;
}

function describe({ path, fields = [], status = 200, request = [] }: Case): string {
  const sent = [...request, ...fields].map((field) => field.join(': '));
  return [path, ...(status === 200 ? [] : [String(status)]), ...sent].join(', ');
}

const RULED: Case[] = [
  { path: '/file.dat', stored: true },
  { path: '/deep/down/FILE.DAT', stored: true },
  { path: '/assets/page', stored: true },
  { path: '/api/products/1', stored: true },
  { path: '/api/other/1', stored: false },
  {
    path: '/api/products/old',
    fields: [
      ['Date', httpDate(-9999)],
      ['Age', '9999'],
    ],
    stored: true,
  },
  { path: '/api/products/ma', fields: [control('max-age=0')], stored: false },
  { path: '/api/products/ex', fields: [['Expires', httpDate(-1)]], stored: false },
  { path: '/api/products/nc', fields: [control('no-cache')], stored: false },
  { path: '/api/products/ns', fields: [control('no-store')], stored: false },
  { path: '/api/products/pr', fields: [control('private')], stored: false },
  { path: '/api/products/sc', fields: [['Set-Cookie', 'a=b']], stored: false },
  { path: '/api/products/au', request: [['Authorization', 'x']], stored: false },
  { path: '/api/products/404', status: 404, stored: false },
  { path: '/api/products/500', status: 500, stored: false },
  { path: '/api/products/301', status: 301, fields: [['Location', '/']], stored: true },
  { path: '/over/ma', fields: [control('max-age=0')], stored: true },
  { path: '/over/nc', fields: [control('no-cache, must-revalidate')], stored: true },
  { path: '/over/ns', fields: [control('no-store')], stored: false },
  { path: '/over/pr', fields: [control('private')], stored: false },
  { path: '/over/500', status: 500, stored: false },
  { path: '/over/sc', fields: [['Set-Cookie', 'a=b']], stored: false },
  { path: '/force/ns', fields: [control('no-store')], stored: true },
  { path: '/force/pr', fields: [control('private, max-age=0')], stored: true },
  { path: '/force/sc', fields: [control('private'), ['Set-Cookie', 'a=b']], stored: false },
  { path: '/force/au', fields: [control('private')], request: [['Authorization', 'x']], stored: false },
];
for (const one of RULED) {
  test(`rules: ${describe(one)}`, async () => assert.equal(await isStored(ruled, one), one.stored));
}

const AUTO: Case[] = [
  { path: '/a.png', fields: [type('image/png')], stored: true },
  { path: '/b/c.WOFF2', fields: [type('font/woff2')], stored: true },
  { path: '/a.css', fields: [type('text/css; charset=utf-8')], stored: true },
  { path: '/a.js', fields: [type('application/javascript')], stored: true },
  { path: '/account/x.css', fields: [type('text/html')], stored: false },
  { path: '/x.png', fields: [type('text/css')], stored: false },
  { path: '/y.png', stored: false },
  { path: '/image', fields: [type('image/png')], stored: false },
  { path: '/page.html', fields: [type('text/html')], stored: false },
  { path: '/z.css', fields: [type('text/css'), control('no-store')], stored: false },
  { path: '/z0.css', fields: [type('text/css'), control('max-age=0')], stored: false },
  { path: '/zp.css', fields: [type('text/css'), control('private')], stored: false },
  { path: '/c.css', fields: [type('text/css'), ['Set-Cookie', 'a=b']], stored: false },
  { path: '/e.css', status: 404, fields: [type('text/css')], stored: false },
];
for (const one of AUTO) {
  test(`static types: ${describe(one)}`, async () => assert.equal(await isStored(ruled, one), one.stored));
}

test('"auto": false stores no static type by itself, and still what the origin allows', async () => {
  assert.equal(await isStored(plain, { path: '/a.png', fields: [type('image/png')], stored: false }), false);
  const allowed = { path: '/b.png', fields: [type('image/png'), control('max-age=9')], stored: true };
  assert.equal(await isStored(plain, allowed), true);
});

test('fields that are not stored reach the client whose request fetched the answer, and nobody else', async () => {
  plain.on('/own', (_request, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=60, private="set-cookie"'],
        ['Set-Cookie', 'a=b'],
      ],
      'body',
    ),
  );
  const first = await plain.get('/own');
  assert.deepEqual([first.text, first.get('set-cookie')], ['body', 'a=b']);
  const second = await plain.get('/own');
  assert.deepEqual([second.text, second.get('set-cookie'), second.get('cache-status')], ['body', undefined, 'lb; hit']);
});
