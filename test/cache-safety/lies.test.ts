// More fields by which frameworks take a request for another one, and other spellings of those known.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { afterAttack, FRESH, mirror, newPath } from './attack.ts';

const scene = await startScene({ after });

const LIES: Field[] = [
  // CGI, WSGI and PHP give a program both spellings as HTTP_X_FORWARDED_HOST
  ['X_Forwarded_Host', 'evil.test'],
  ['X.Forwarded.Host', 'evil.test'],
  ['X_Original_URL', '/evil'],
  ['X_HTTP_Method_Override', 'EVIL'],
  ['X_Real_IP', 'evil'],
  // httpoxy: HTTP_PROXY of a CGI program
  ['Proxy', 'http://evil.test'],
  ['X-Forwarded-Protocol', 'evil'],
  ['X-Forwarded', 'evil'],
  ['X-Forwarded-By', 'evil'],
  ['X-Forwarded-Method', 'EVIL'],
  ['Forwarded-For', 'evil'],
  ['X-HTTP-Host-Override', 'evil.test'],
  ['X-Backend-Host', 'evil.test'],
  ['X-URL-Scheme', 'evil'],
  ['Front-End-Https', 'evil'],
  ['X-Original-Method', 'EVIL'],
  ['X-Original-Scheme', 'evil'],
  ['X-Envoy-Original-Path', '/evil'],
  ['X-Envoy-External-Address', 'evil'],
  ['X-HTTP-DestinationURL', 'http://evil.test'],
  ['X-Proxy-URL', 'http://evil.test'],
  ['Proxy-Host', 'evil.test'],
  ['Base-Url', 'http://evil.test'],
  ['Request-Uri', '/evil'],
  ['X-ProxyUser-IP', 'evil'],
  ['X-Remote-IP', 'evil'],
  ['X-Remote-Addr', 'evil'],
  ['X-Originating-IP', 'evil'],
  ['CF-Connecting-IP', 'evil'],
  ['Fastly-Client-IP', 'evil'],
];

for (const [name, value] of LIES) {
  test(`${name} changes no stored page`, async () => {
    const path = newPath();
    mirror(scene, path);
    assert.doesNotMatch((await afterAttack(scene, path, [[name, value]])).text, /evil/i);
  });
}

test('a spelling of a selecting field that an origin may take for it never changes another variant', async () => {
  for (const [field, spelling] of [
    ['X-Device', 'X_Device'],
    ['Accept-Language', 'Accept_Language'],
    ['User-Agent', 'User.Agent'],
  ]) {
    const path = newPath();
    mirror(scene, path, [FRESH, ['Vary', field]]);
    assert.doesNotMatch((await afterAttack(scene, path, [[spelling, 'evil']])).text, /evil/, spelling);
  }
});

test('fields of an application’s own go on as they are written', async () => {
  const path = newPath();
  mirror(scene, path);
  assert.match((await scene.get(path, [['api_key', 'abc']])).text, /^api_key: abc$/m);
});
