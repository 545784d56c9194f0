// Rules by path, and paths that the origin reads otherwise than they are written.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startScene } from '../caching/scene.ts';
import { isFromOrigin } from './attack.ts';

const scene = await startScene(
  { after },
  { cache: { assets: { match: '/assets/*', ttl: '1h' }, robots: { match: '/robots.txt, *.css', ttl: '1h' } } },
);

// the part of the name that a lenient origin takes for the path is /account in each
const HIDDEN = [
  '/assets/../account',
  '/assets/..%2faccount',
  '/assets/..%2Faccount',
  '/assets/%2e%2e/account',
  '/assets/%2e%2e%2faccount',
  '/assets/..%5caccount',
  '/assets/..\\account',
  '/assets/..;/account',
  '/account%2f..%2fassets/x',
  '/account/%2e%2e/assets/x',
  '/account;x.css',
  '/account%3bx.css',
  '/account%00x.css',
  '/account%0ax.css',
  '/account%23x.css',
  '/account%3fx.css',
];

for (const target of HIDDEN) {
  test(`no rule gives a lifetime to ${target}`, async () => {
    scene.on(target, (request, answer) =>
      answer.send(200, [['Content-Type', 'text/html']], `${request.get('cookie')}`),
    );
    await scene.get(target, [['Cookie', 'owner']]);
    const other = await scene.get(target);
    assert.equal(other.text, 'undefined');
    assert.ok(isFromOrigin(other));
  });
}

test('a rule by file name gives no lifetime to a page whose content type contradicts it', async () => {
  scene.on('/account/x.css', (request, answer) =>
    answer.send(200, [['Content-Type', 'text/html']], `${request.get('cookie')}`),
  );
  await scene.get('/account/x.css', [['Cookie', 'owner']]);
  assert.equal((await scene.get('/account/x.css')).text, 'undefined');
});
