import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FORWARDED_NAMES } from './forwarded.ts';
import { isMaskedName, isUnmaskable, unmaskedName } from './masked-names.ts';

const masked = [
  'x_forwarded_host',
  'x.forwarded.host',
  'x-forwarded_host',
  'x_http_method_override',
  'transfer_encoding',
  'content_length',
  'if_none_match',
  'accept_encoding',
  'user_agent',
  'x_country',
];
for (const name of masked) test(`${name} is masked`, () => assert.equal(isMaskedName(name), true));

for (const name of ['x-forwarded-host', 'accept', 'api_key', 'x_device', 'x.my.field', '_', 'cookie_']) {
  test(`${name} is not masked`, () => assert.equal(isMaskedName(name), false));
}

test('fields that only an application knows may come under other spellings', () => {
  assert.equal(isUnmaskable('x-device'), false);
  for (const name of ['cookie', 'device', 'user-agent', 'x-forwarded-for']) assert.equal(isUnmaskable(name), true);
});

test('every spelling of a known name is found, and the name itself is none', () => {
  const name = fc.constantFrom(...[...FORWARDED_NAMES].filter((known) => known.includes('-')));
  const marks = fc.array(fc.constantFrom('-', '_', '.'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(name, marks, (known, chosen) => {
      let count = 0;
      const spelled = known.replace(/-/g, () => chosen[count++ % chosen.length]);
      assert.equal(unmaskedName(spelled), known);
      assert.equal(isMaskedName(spelled), spelled !== known);
    }),
  );
});
