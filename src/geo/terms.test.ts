import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CountryTerms, GeoConfig, GeoPath } from '../config/bot-config.ts';
import { CountryGate } from './terms.ts';

const OPEN: CountryTerms = { allow: [], block: [], otherwise: 'allow', status: 403 };
const at = (match: string, terms: Partial<CountryTerms>): GeoPath => ({
  ...OPEN,
  ...terms,
  match: [match],
  source: '',
});
const gate = (terms: Partial<CountryTerms>, ...paths: GeoPath[]) =>
  new CountryGate({ ...OPEN, ...terms, paths, header: undefined } satisfies GeoConfig);

test('who is let in by the lists of the site', () => {
  const cases: readonly (readonly [Partial<CountryTerms>, Record<string, number | undefined>])[] = [
    [{}, { DE: undefined, XX: undefined }],
    [{ block: ['RU', 'XX'] }, { DE: undefined, RU: 403, XX: 403 }],
    [
      { allow: ['DE'], otherwise: 'block', status: 451 },
      { DE: undefined, FR: 451, XX: 451 },
    ],
    [
      { allow: ['DE', 'XX'], otherwise: 'block' },
      { DE: undefined, FR: 403, XX: undefined },
    ],
    [
      { allow: ['DE'], block: ['FR'] },
      { DE: undefined, FR: 403, US: undefined },
    ],
  ];
  for (const [terms, expected] of cases) {
    for (const [country, status] of Object.entries(expected))
      assert.equal(gate(terms).refuses('/a', country), status, `${JSON.stringify(terms)} ${country}`);
  }
});

test('the first terms for the path count, in place of those of the site', () => {
  const one = gate(
    { block: ['RU'] },
    at('/open/*', {}),
    at('/shop/*', { allow: ['DE'], otherwise: 'block', status: 451 }),
    at('/shop/*', { block: ['DE'] }),
  );
  assert.deepEqual(
    ['/open/a', '/shop/a', '/b'].map((path) => ['DE', 'RU'].map((country) => one.refuses(path, country))),
    [
      [undefined, undefined],
      [undefined, 451],
      [undefined, 403],
    ],
  );
});

test('another spelling of a path is no way in', () => {
  const closed = gate({}, at('/shop/*', { allow: ['DE'], otherwise: 'block' }));
  for (const path of ['/shop/a', '/%73hop/a', '/x/../shop/a', '//shop/a', '/shop%2fa', '/./shop/a'])
    assert.equal(closed.refuses(path, 'FR'), 403, path);
  assert.equal(closed.refuses('/other', 'FR'), undefined);
  const open = gate({ block: ['FR'] }, at('/open/*', {}));
  for (const path of ['/open/../secret', '/open/%2e%2e/secret', '/open/..%2fsecret'])
    assert.equal(open.refuses(path, 'FR'), 403, path);
  assert.equal(open.refuses('/open/a', 'FR'), undefined);
});
