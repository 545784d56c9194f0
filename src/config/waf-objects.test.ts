import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';

/** What is said of the settings of `addons.waf`: `message: fix` each. */
function mistakesOf(waf: object): string[] {
  const file = JSON.stringify({ origins: ['a:80'], addons: { waf } });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/folder', readFile: () => file });
  return 'errors' in loaded ? loaded.errors.map(({ message, fix }) => `${message}: ${fix}`) : [];
}

test('the settings of the WAF as the types have them', () => {
  const file = `{"origins": ["a:80"], "addons": {"waf": {"ruleset": "owasp-core", "mode": "block", "setup": ["s/*.conf"],
    "paths": [{"match": "/api/*", "mode": "log"}],
    "exclusions": [{"rules": [942100, "942000 - 942999"], "targets": ["ARGS:/^a,b/"]}],
    "request_body": {"limit": "2MB", "at_limit": "partial"}, "response_body": false,
    "custom_rules": [
      {"action": "block", "when": {"path": "/a*", "not": {"networks": "10.0.0.0/8"}, "headers": {"X-A": ["1", "2"]}}},
      {"name": "n", "action": "log", "when": [{"countries": "de"}, {"any": [{"user_agent": "x, y"}]}]}]}}}`;
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/folder', readFile: () => file });
  assert.ok('config' in loaded);
  const waf = loaded.config.sites[0].waf!;
  assert.deepEqual([waf.paranoiaLevel, waf.setup, waf.timeBudget], [undefined, ['/folder/s/*.conf'], 100]);
  assert.deepEqual(waf.paths, [{ match: ['/api/*'], mode: 'log' }]);
  const excluded = { rules: ['942100', '942000-942999'], tags: [], targets: ['ARGS:/^a,b/'], path: [] };
  assert.deepEqual(waf.exclusions, [{ ...excluded, source: 'lb.json:3:20' }]);
  assert.deepEqual(waf.requestBody, {
    enabled: true,
    limit: 2 * 1024 ** 2,
    atLimit: 'partial',
    noFilesLimit: 1024 ** 2,
  });
  assert.equal(waf.responseBody.enabled, false);
  const [first, second] = waf.customRules;
  assert.deepEqual([first.name, first.status, second.name], ['custom-1', 403, 'n']);
  assert.deepEqual(first.when[0].not[0].networks, ['10.0.0.0/8']);
  assert.deepEqual(first.when[0].headers, [{ name: 'x-a', patterns: ['1', '2'] }]);
  assert.deepEqual(second.when[0].countries, ['DE']);
  assert.deepEqual(second.when[1].any[0].userAgent, ['x, y']);
  const printed = loaded.origins.find(({ path }) => path === 'addons.waf.custom_rules')?.value;
  assert.deepEqual((printed as readonly object[])[0], {
    action: 'block',
    status: 403,
    when: [{ path: ['/a*'], headers: { 'x-a': ['1', '2'] }, not: [{ networks: ['10.0.0.0/8'] }] }],
  });
});

test('mistakes in them', () => {
  const when = { path: '/' };
  const custom = (rule: object): object => ({ custom_rules: [rule] });
  const cases: [waf: object, says: RegExp][] = [
    [{ paths: [{ match: '/a' }] }, /does not say which mode: add "mode"/],
    [{ exclusions: [{ path: '/a' }] }, /the exclusion excludes nothing/],
    [{ exclusions: [{ rules: ['9421x'] }] }, /"9421x" is no id of a rule/],
    [{ exclusions: [{ rules: ['9-1'] }] }, /the range 9-1 is empty: write "1-9"/],
    [{ exclusions: [{ tags: [''] }] }, /a tag is empty/],
    [{ exclusions: [{ targets: ['A B'] }] }, /"A B" is no target/],
    [custom({ when }), /does not say what to do/],
    [custom({ action: 'block' }), /does not say for which requests/],
    [custom({ action: 'blok', when }), /did you mean "block"/],
    [custom({ action: 'log', status: 404, when }), /log answers nothing/],
    [custom({ action: 'log', when: {} }), /the condition says nothing/],
    [custom({ action: 'log', when: [] }), /the list is empty/],
    [custom({ action: 'log', when: { not: { pat: '/' } } }), /unknown key "pat" in .*when\.not: did you mean "path"/],
    [custom({ action: 'log', when: { countries: ['DEU'] } }), /"DEU" is no country/],
    [custom({ action: 'log', when: { countries: ['uk'] } }), /"uk" is no code of ISO 3166-1/],
    [custom({ action: 'log', when: { headers: 'X-A' } }), /headers: expected an object such as/],
    [custom({ action: 'log', when: { headers: { 'X A': '1' } } }), /"X A" is no field name/],
    [custom({ action: 'log', when: { query: { '': '1' } } }), /a name is empty/],
    [{ time_budget: '0s' }, /time_budget: 0s? is too small|too small/],
  ];
  for (const [waf, says] of cases) {
    const found = mistakesOf(waf);
    assert.equal(found.length, 1, JSON.stringify([waf, found]));
    assert.match(found[0], says);
  }
  let deep: object = when;
  for (let depth = 0; depth < 60; depth += 1) deep = { any: [deep] };
  assert.match(mistakesOf(custom({ action: 'log', when: deep }))[0], /nested too deeply/);
});
