import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import type { CustomSubject } from './condition.ts';
import { CustomRules } from './custom-rules.ts';

/** Rules as they stand in lb.json. */
function rulesOf(...rules: object[]): CustomRules {
  const file = JSON.stringify({ origins: ['a:80'], addons: { waf: { custom_rules: rules } } });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', readFile: () => file });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return new CustomRules(loaded.config.sites[0].waf?.customRules ?? []);
}

interface Asked extends Partial<Omit<CustomSubject, 'field'>> {
  readonly fields?: Readonly<Record<string, string>>;
  readonly from?: string;
  readonly of?: string;
}

function subjectOf({ fields = {}, from = '192.0.2.1', of = '', ...rest }: Asked): CustomSubject {
  return {
    method: 'GET',
    host: 'example.com',
    path: '/',
    query: '',
    field: (name) => fields[name] ?? '',
    clientAddress: () => from,
    country: () => of,
    ...rest,
  };
}

/** The name of the rule that decides, '' where none does. */
function decided(rules: CustomRules, asked: Asked): string {
  return rules.apply(subjectOf(asked))?.decided?.name ?? '';
}

test('each part of a condition', () => {
  const cases: [when: object, yes: Asked[], no: Asked[]][] = [
    [{ path: '/admin/*,*.php' }, [{ path: '/admin/x' }, { path: '/a/b.PHP' }], [{ path: '/admin' }, { path: '/x' }]],
    [{ methods: ['GET', 'PUT'] }, [{ method: 'HEAD' }, { method: 'PUT' }], [{ method: 'POST' }]],
    [
      { hosts: ['*.a.com', 'b.com'] },
      [{ host: 'x.a.com' }, { host: 'b.com' }],
      [{ host: 'a.com' }, { host: 'c.b.com' }],
    ],
    [{ networks: ['10.0.0.0/8', '::1'] }, [{ from: '10.1.2.3' }, { from: '::1' }], [{ from: '11.0.0.1' }]],
    [{ countries: 'de,fr' }, [{ of: 'DE' }], [{ of: 'US' }, { of: '' }]],
    [
      { user_agent: ['*curl/7, *', ''] },
      [{ fields: { 'user-agent': 'x CURL/7, y' } }, {}],
      [{ fields: { 'user-agent': 'curl/8' } }],
    ],
    [
      { headers: { 'X-A': ['a*', '*z'], 'X-B': '*' } },
      [{ fields: { 'x-a': 'Abc', 'x-b': '1' } }, { fields: { 'x-a': 'xyz', 'x-b': '1' } }],
      [{ fields: { 'x-a': 'abc' } }, { fields: { 'x-a': 'b', 'x-b': '1' } }],
    ],
    [
      { query: { 'a b': 'x*' } },
      [{ query: 'q=1&a+b=%58y' }, { query: 'a%20b=0&a%20b=xx' }],
      [{ query: '' }, { query: 'a+b' }, { query: 'a+b=y' }],
    ],
    [{ query: { debug: '*' } }, [{ query: 'debug' }, { query: 'debug=1' }], [{ query: 'debugger' }]],
    [{ cookies: { sid: '' } }, [{}, { fields: { cookie: 'a=1' } }], [{ fields: { cookie: 'a=1; sid=2' } }]],
    [
      { any: [{ path: '/a' }, { path: '/b' }], not: { methods: 'POST' } },
      [{ path: '/b' }],
      [{ path: '/b', method: 'POST' }, {}],
    ],
    [
      { all: [{ any: [{ path: '/a*' }] }, { any: [{ methods: 'PUT' }] }] },
      [{ path: '/a', method: 'PUT' }],
      [{ path: '/a' }],
    ],
  ];
  for (const [when, yes, no] of cases) {
    const rules = rulesOf({ name: 'r', action: 'block', when });
    for (const asked of yes) assert.equal(decided(rules, asked), 'r', JSON.stringify([when, asked]));
    for (const asked of no) assert.equal(decided(rules, asked), '', JSON.stringify([when, asked]));
  }
});

test('the first rule that decides ends them, those before it are logged', () => {
  const rules = rulesOf(
    { action: 'log', when: { path: '/*' } },
    { action: 'log', when: { path: '/never' } },
    { name: 'open', action: 'allow', when: [{ path: '/open' }, { path: '/free' }] },
    { action: 'challenge', when: { path: '/open,/shop' } },
    { name: 'rest', action: 'block', status: 404, when: { countries: 'DE' } },
  );
  const outcome = rules.apply(subjectOf({ path: '/open', of: 'DE' }));
  assert.deepEqual([outcome?.logged.map(({ name }) => name), outcome?.decided?.name], [['custom-1'], 'open']);
  assert.equal(decided(rules, { path: '/shop' }), 'custom-4');
  assert.equal(rules.apply(subjectOf({ path: '/x', of: 'DE' }))?.decided?.status, 404);
  assert.equal(decided(rules, { path: '/x' }), '');
  assert.equal(rules.asksForCountries, true);
  assert.equal(rulesOf({ action: 'log', when: { path: '/' } }).apply(subjectOf({ path: '/x' })), undefined);
});

test('a path cannot be written so that a rule misses it, nor so that it is let through', () => {
  const evasions = [
    '/%61dmin/x',
    '/%2561dmin/x',
    '//admin/x',
    '/./admin/x',
    '/open/../admin/x',
    '/open/%2e%2e/admin/x',
    '/open/..;/admin/x',
    '/admin;a=b/x',
    '\\admin\\x',
    '/open%2f..%2fadmin%2fx',
  ];
  const block = rulesOf({ name: 'b', action: 'block', when: { path: '/admin/*' } });
  const allow = rulesOf({ name: 'a', action: 'allow', when: { path: '/open/*' } });
  const unless = rulesOf({ name: 'b', action: 'block', when: { not: { path: '/open/*' } } });
  for (const path of evasions) {
    assert.equal(decided(block, { path }), 'b', path);
    assert.equal(decided(allow, { path }), '', path);
    assert.equal(decided(unless, { path }), 'b', path);
  }
  assert.equal(decided(allow, { path: '/open/%41' }), 'a');
  assert.equal(decided(unless, { path: '/open/x.y' }), '');
});
