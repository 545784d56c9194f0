import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../config/load.ts';
import type { WafConfig } from '../../config/waf-config.ts';
import { compileGlobs } from '../../http/glob.ts';
import { RuleErrors } from '../lang/mistakes.ts';
import type { Rule } from '../lang/rule.ts';
import { findRuleSet, NoRuleSet, rulesIn } from './find.ts';
import { patternOfGlobs } from './glob-pattern.ts';
import { compileModes, compileRedaction, loadWafRules, type WafRules } from './waf-rules.ts';

const SMALL: Readonly<Record<string, string>> = {
  'crs-setup.conf':
    'SecDefaultAction "phase:2,log,auditlog,pass"\nSecAction "id:900000,phase:1,pass,nolog,setvar:tx.x=1"',
  'rules/REQUEST-901-INITIALIZATION.conf':
    'SecComponentSignature "OWASP_CRS/4.1.0"\nSecAction "id:901001,phase:1,pass,nolog"',
  'rules/REQUEST-942-SQLI.conf': `SecRule ARGS|REQUEST_COOKIES "@rx select" "id:942100,phase:2,block,tag:'attack-sqli'"
SecRule ARGS "@rx union" "id:942200,phase:2,block,tag:'attack-sqli'"`,
};

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-crs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The settings of `addons.waf`, checked. */
function wafOf(waf: object): WafConfig {
  const file = JSON.stringify({ origins: ['a:80'], addons: { waf } });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', readFile: () => file });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return loaded.config.sites[0].waf!;
}

function load(waf: object): WafRules {
  return loadWafRules(wafOf(waf), { env: {}, dataDir: '/nowhere' });
}

function ruleOf({ rules }: WafRules, id: number): Rule | undefined {
  return rules.items.find((item): item is Rule => item.kind === 'rule' && item.id === id);
}

test('a release, its rules folder alone, and its plugins', (t) => {
  const folder = folderOf(t, {
    ...SMALL,
    'plugins/a-config.conf': '',
    'plugins/a-before.conf': '',
    'plugins/a-after.conf': '',
  });
  const names = (files: readonly string[]): string[] => files.map((file) => file.slice(folder.length + 1));
  const found = rulesIn(folder);
  assert.equal(found?.version, '4.1.0');
  assert.deepEqual(names(found.setup), ['crs-setup.conf', 'plugins/a-config.conf']);
  assert.deepEqual(names(found.rules), [
    'plugins/a-before.conf',
    'rules/REQUEST-901-INITIALIZATION.conf',
    'rules/REQUEST-942-SQLI.conf',
    'plugins/a-after.conf',
  ]);
  assert.deepEqual(rulesIn(join(folder, 'rules')), found);
  assert.equal(rulesIn(join(folder, 'plugins')), undefined);
});

test('a rule set without crs-setup.conf has its defaults', (t) => {
  const { 'crs-setup.conf': _, ...bare } = SMALL;
  const plugin = { 'plugins/a-config.conf': '' };
  assert.ok(ruleOf(load({ path: join(folderOf(t, { ...bare, ...plugin }), 'rules') }), 8_800_901));
  assert.equal(ruleOf(load({ path: folderOf(t, SMALL) }), 8_800_901), undefined);
});

test('what is given counts before the environment, and what is missing is told', (t) => {
  const folder = folderOf(t, SMALL);
  const none = { path: undefined, env: {}, dataDir: '/nowhere' };
  assert.equal(findRuleSet({ ...none, env: { LB_CRS_PATH: folder } }).folder, folder);
  assert.equal(findRuleSet({ ...none, path: folder, env: { LB_CRS_PATH: '/none' } }).folder, folder);
  assert.throws(() => findRuleSet({ ...none, path: '/none' }), /addons\.waf\.path: there is no rule set in \/none/);
  assert.throws(() => findRuleSet({ ...none, env: { LB_CRS_PATH: '/none' } }), /LB_CRS_PATH: there is no rule set/);
  const data = folderOf(
    t,
    Object.fromEntries(Object.entries(SMALL).map(([name, text]) => [`waf/owasp-core/${name}`, text])),
  );
  assert.equal(findRuleSet({ ...none, dataDir: data }).version, '4.1.0');
  if (existsSync('/usr/share/modsecurity-crs')) return;
  assert.throws(
    () => findRuleSet(none),
    (error) => error instanceof NoRuleSet && /lb waf install/.test(error.fix),
  );
});

test('lb.json sets levels, mode and limits; files of its own stand around the rules', (t) => {
  const folder = folderOf(t, {
    ...SMALL,
    'own/before.conf': 'SecRuleEngine Off\nSecRequestBodyLimit 5000\nSecAction "id:1,phase:1,pass,nolog"',
    'own/after.conf': 'SecRuleRemoveById 942200',
  });
  const loaded = load({
    path: folder,
    mode: 'log',
    paranoia_level: 2,
    detection_paranoia_level: 3,
    inbound_threshold: 10,
    setup: [join(folder, 'own/b*.conf')],
    rules: [join(folder, 'own/after.conf')],
    response_body: { enabled: false, at_limit: 'reject' },
  });
  const { engine, items } = loaded.rules;
  assert.deepEqual(
    [engine.mode, engine.requestBody.limit, engine.responseBody.access],
    ['detection-only', 5000, false],
  );
  const ids = items
    .map((item) => (item.kind === 'rule' ? item.id : 0))
    .filter((id) => id < 8_800_000 || id > 8_800_099);
  assert.deepEqual(ids, [900000, 8800100, 1, 901001, 942100]);
  const set = ruleOf(loaded, 8_800_100)?.actions.map((action) =>
    action.kind === 'setvar' ? `${action.name}=${action.value}` : '',
  );
  assert.deepEqual(set, [
    'paranoia_level=2',
    'executing_paranoia_level=3',
    'blocking_paranoia_level=2',
    'detection_paranoia_level=3',
    'inbound_anomaly_score_threshold=10',
  ]);
  assert.equal(ruleOf(load({ path: folder }), 8_800_100), undefined);
});

test('exclusions take rules and targets away, for some paths by ctl', (t) => {
  const path = folderOf(t, SMALL);
  const removed = load({
    path,
    exclusions: [{ rules: '942100-942150' }, { tags: ['attack-sqli'], targets: ["ARGS:a'b", 'ARGS:/^x,y/'] }],
  });
  assert.equal(ruleOf(removed, 942100), undefined);
  assert.deepEqual(
    ruleOf(removed, 942200)?.targets.map(({ selector, exclude }) => [exclude, selector]),
    [
      [false, undefined],
      [true, { kind: 'text', text: "a'b" }],
      [true, { kind: 'regex', regex: '^x,y' }],
    ],
  );
  const byPath = load({
    path,
    exclusions: [
      { rules: [942100], targets: ['ARGS:q', 'REQUEST_COOKIES'], path: '/search/*,*.php' },
      { tags: 'attack-sqli', path: '/raw' },
    ],
  });
  const rule = ruleOf(byPath, 8_801_000);
  assert.match(rule?.operator?.argument ?? '', /^\^\/search\/\.\*\$\|\^\.\*\/\[\^\/\]\*\\x2e\[pP\]\[hH\]\[pP\]\$$/);
  assert.deepEqual(rule?.actions, []);
  const controls = rule?.chain?.actions.map((action) => (action.kind === 'ctl' ? action.control : undefined));
  assert.deepEqual(
    controls?.map((control) => control?.option),
    ['remove-target', 'remove-target'],
  );
  const other = ruleOf(byPath, 8_801_001)?.chain?.actions[0];
  assert.deepEqual(other, {
    kind: 'ctl',
    control: { option: 'remove-rule', rules: { by: 'tag', pattern: 'attack-sqli' } },
  });
});

test('mistakes of lb.json and of files are told where they are', (t) => {
  const folder = folderOf(t, { ...SMALL, 'own.conf': '\nSecRule ARG a id:1' });
  const mistakes = (waf: object): string => {
    try {
      load({ path: folder, ...waf });
    } catch (error) {
      assert.ok(error instanceof RuleErrors);
      return error.message;
    }
    return '';
  };
  assert.match(mistakes({ rules: [join(folder, 'own.conf')] }), /own\.conf:2: unknown variable ARG/);
  assert.match(mistakes({ rules: [join(folder, 'gone.conf')] }), /addons\.waf\.rules: there is no file .*gone\.conf/);
  assert.match(mistakes({ exclusions: [{ rules: [1], targets: ['ARG:x'] }] }), /^lb\.json:1: unknown variable ARG/);
});

test('modes by path, the strictest where a path can be read in several ways', () => {
  const modeOf = compileModes(
    wafOf({
      paths: [
        { match: '/api/*', mode: 'log' },
        { match: '/static/*', mode: 'off' },
      ],
    }),
  );
  assert.deepEqual(['/', '/api/x', '/static/a.js'].map(modeOf), ['block', 'log', 'off']);
  assert.deepEqual(['/static/../x', '/static/%2e%2e/api/x', '/%61pi/x'].map(modeOf), ['block', 'log', 'block']);
  assert.equal(compileModes(wafOf({ mode: 'off' }))('/'), 'off');
});

test('values of secret names are not logged', () => {
  const isRedacted = compileRedaction(wafOf({}));
  for (const name of ['ARGS:Password', 'ARGS_POST:user[passwd]', 'REQUEST_HEADERS:cookie', 'REQUEST_COOKIES:sid'])
    assert.equal(isRedacted(name), true, name);
  for (const name of ['ARGS:q', 'REQUEST_URI', 'REQUEST_HEADERS:User-Agent'])
    assert.equal(isRedacted(name), false, name);
});

test('globs as patterns match what they match as globs', () => {
  const part = fc.constantFrom('a', 'B', '/', '*', '?', '.js', '.', '-', '%20', '+', '(');
  const glob = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const path = fc
    .array(fc.constantFrom('a', 'B', 'b', '/', '.js', '.JS', '.', '-', '%20', '+', '(', 'x'), { maxLength: 8 })
    .map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(fc.array(glob, { minLength: 1, maxLength: 3 }), path, (globs, text) => {
      assert.equal(new RegExp(patternOfGlobs(globs), 's').test(text), compileGlobs(globs)(text));
    }),
    { numRuns: 3000, examples: [[['/.js('], '/.JS(']] },
  );
});
