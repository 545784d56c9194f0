import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  availableDictionary,
  dictionaryRules,
  isReadable,
  isSecureContext,
  mayUseDictionary,
  ruleOfDictionary,
} from './dictionary-rules.ts';

test('rules: which responses are dictionaries, for what, and how clients are told', () => {
  const rules = dictionaryRules([
    { match: ['/app/*.js', '*.mjs'], useFor: '/app/*', id: 'a "b" \\c' },
    { match: ['/words'], useFor: '/docs/*', id: undefined },
  ]);
  assert.equal(ruleOfDictionary(rules, '/app/x/1.js')?.field, 'match="/app/*", id="a \\"b\\" \\\\c"');
  assert.equal(ruleOfDictionary(rules, '/words')?.field, 'match="/docs/*"');
  assert.equal(ruleOfDictionary(rules, '/app/1.css'), undefined);
  assert.deepEqual(
    ['/app/1.css', '/docs/', '/words'].map((path) => mayUseDictionary(rules, path)),
    [true, true, false],
  );
});

test('Available-Dictionary: a byte sequence of 32 bytes, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (hash) => {
      const text = Buffer.from(hash).toString('base64');
      return availableDictionary(`:${text}:`) === Buffer.from(hash).toString('hex');
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => availableDictionary(text) === undefined));
  for (const value of ['', ':AAAA:', '"text"', `:${'A'.repeat(44)}`, `:${'A'.repeat(43)}=:, :${'A'.repeat(43)}=:`]) {
    assert.equal(availableDictionary(value), undefined, value);
  }
});

test('secure contexts are HTTPS, and what can be no other machine', () => {
  const secure = ['localhost', 'localhost:8080', 'app.localhost:1', '127.0.0.1', '127.1.2.3:80', '[::1]', '[::1]:8080'];
  const others = ['site.test', 'localhost.test', 'notlocalhost', '128.0.0.1', '127.0.0.1.test', '[::2]', ''];
  for (const authority of [...secure, ...others]) assert.ok(isSecureContext('https', authority));
  for (const authority of secure) assert.ok(isSecureContext('http', authority), authority);
  for (const authority of others) assert.ok(!isSecureContext('http', authority), authority);
});

test('what a request tells of whether its client may read the answer (RFC 9842 section 9.3.3)', () => {
  const of = (fields: Record<string, string>, response: string[] = []) =>
    isReadable((name) => fields[name] ?? '', response);
  const cross = { 'sec-fetch-site': 'cross-site' };
  const cors = { ...cross, 'sec-fetch-mode': 'cors' };
  const allowed = (value: string) => ['access-control-allow-origin', value];
  assert.ok(of({}) && of({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' }) && of(cross));
  assert.ok(of({ ...cross, 'sec-fetch-mode': 'navigate' }));
  assert.ok(!of({ ...cross, 'sec-fetch-mode': 'no-cors' }) && !of(cors) && !of(cors, allowed('*')));
  const named = { ...cors, origin: 'https://a.test' };
  assert.ok(of(named, allowed('*')) && of(named, allowed('https://a.test')));
  assert.ok(!of(named) && !of(named, allowed('https://b.test')));
});
