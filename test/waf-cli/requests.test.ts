// lb waf test: what it tells of requests, with the guard that lb itself runs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/index.ts';
import type { TrialResult } from '../../src/cli/waf/trial-result.ts';
import { put, ruleFolder } from '../waf-http/scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'lb-waf-test-'));
after(() => rmSync(folder, { recursive: true }));

const waf = {
  path: ruleFolder({ after }),
  paths: [
    { match: '/logged/*', mode: 'log' },
    { match: '/free/*', mode: 'off' },
  ],
  exclusions: [{ rules: [942900], targets: ['ARGS:text'], path: '/editor' }],
  custom_rules: [
    { name: 'office', action: 'allow', when: { networks: '192.0.2.0/24' } },
    { name: 'admin', action: 'block', status: 404, when: { path: '/admin/*' } },
    { name: 'debug', action: 'log', when: { query: { debug: '*' } } },
  ],
};
const settings = {
  trusted_proxies: ['10.0.0.0/8'],
  sites: {
    'shop.test': {
      origins: ['127.0.0.1:1'],
      addons: { waf, allow: '198.51.100.0/24', rate_limit: [{ name: 'none', match: '/limited', concurrent: 1 }] },
    },
    'plain.test': { origins: ['127.0.0.1:1'] },
  },
};
put(folder, 'lb.json', JSON.stringify(settings));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(...argv: string[]): Promise<Ran> {
  const ran = { code: 0, stdout: '', stderr: '' };
  ran.code = await runCli(['waf', 'test', ...argv], {
    env: {},
    cwd: folder,
    stdout: { write: (text) => (ran.stdout += text) },
    stderr: { write: (text) => (ran.stderr += text) },
  });
  return ran;
}

async function result(code: number, ...argv: string[]): Promise<TrialResult> {
  const ran = await run('--json', ...argv);
  assert.equal(ran.code, code, ran.stderr || ran.stdout);
  return JSON.parse(ran.stdout) as TrialResult;
}

const ATTACK = 'id=1%20union%20select%202';

test('an attack: rules in order, with what they found and what they add', async () => {
  const { decision, rules, scores, mode, site, addons } = await result(1, `http://shop.test/?${ATTACK}&hint=odd`);
  assert.deepEqual([site, mode, addons], ['shop.test', 'block', ['allow', 'custom-rules', 'rate-limit', 'waf']]);
  assert.deepEqual([decision.action, decision.status, decision.by, decision.rule_id], ['refused', 403, 'waf', 949110]);
  assert.deepEqual(
    rules.map(({ id, phase, score, variable }) => [id, phase, score, variable]),
    [
      [942900, 2, 5, 'ARGS:id'],
      [942902, 2, 2, 'ARGS:hint'],
      [949110, 2, 0, 'TX:anomaly_score'],
    ],
  );
  assert.deepEqual(
    [rules[0].message, rules[0].data, rules[0].severity, rules[0].tags],
    [
      'SQL in arguments',
      'Matched Data: union select found within ARGS:id: 1 union select 2',
      'critical',
      ['attack-sqli'],
    ],
  );
  assert.match(rules[0].file, /REQUEST-901/);
  assert.equal(scores.inbound.total, 7);
});

test('modes of paths, and the mode that is asked for', async () => {
  const logged = await result(0, `http://shop.test/logged/a?${ATTACK}`);
  assert.deepEqual([logged.decision.action, logged.mode, logged.rules.length], ['would_block', 'log', 2]);
  const free = await result(0, `http://shop.test/free/a?${ATTACK}`);
  assert.deepEqual([free.decision.action, free.mode, free.rules.length], ['passed', 'off', 0]);
  assert.equal((await result(1, '--mode', 'block', `http://shop.test/free/a?${ATTACK}`)).mode, 'block');
});

test('exclusions, custom rules, networks that are let past', async () => {
  const attack = '=union%20select';
  assert.equal((await result(0, `http://shop.test/editor?text${attack}`)).rules.length, 0);
  assert.equal((await result(1, `http://shop.test/editor?other${attack}`)).rules.length, 2);
  const admin = await result(1, '--site', 'shop.test', '/admin/x');
  assert.deepEqual([admin.decision.by, admin.decision.status], ['custom-rules', 404]);
  assert.deepEqual(admin.custom_rules, [{ name: 'admin', action: 'blocked' }]);
  const debug = await result(0, 'http://shop.test/?debug=1');
  assert.deepEqual(debug.custom_rules, [{ name: 'debug', action: 'logged' }]);
  const office = await result(0, '--client', '192.0.2.9', `http://shop.test/admin/?${ATTACK}`);
  assert.deepEqual([office.custom_rules[0].action, office.rules.length], ['allowed', 0]);
  const proxied = await result(0, '--client', '10.0.0.1', 'http://shop.test/admin/', '-HX-Forwarded-For: 198.51.100.7');
  assert.match(proxied.decision.detail, /let past/);
  assert.equal(proxied.request.client_ip, '198.51.100.7');
});

test('bodies, secrets, and what lb refuses before any addon', async () => {
  const form = await result(1, 'curl', 'http://shop.test/', '-d', 'password=union select');
  assert.deepEqual([form.rules[0].variable, form.rules[0].data], ['ARGS:password', '[redacted] ARGS:password']);
  assert.equal(
    (await result(1, 'http://shop.test/', '--json', '{"a": "union select"}')).rules[0].variable,
    'ARGS:json.a',
  );
  assert.equal((await result(1, 'curl http://shop.test/ -F "f=@lb.json;filename=a.php"')).rules[0].id, 942903);
  const early = await result(1, 'curl http://shop.test/ -H "Expect: magic"');
  assert.deepEqual([early.decision.by, early.decision.status], ['request-check', 417]);
});

test('raw requests, and answers of origins', async () => {
  put(folder, 'request.txt', `GET /?${ATTACK} HTTP/1.1\nHost: shop.test\n\n`);
  assert.equal((await result(1, '--raw', 'request.txt')).rules[0].id, 942900);
  put(folder, 'answer.txt', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nORA-01756: quoted');
  const leak = await result(1, '--response', 'answer.txt', 'http://shop.test/');
  assert.deepEqual([leak.decision.action, leak.decision.status, leak.rules[0].id], ['response_refused', 403, 951900]);
  put(folder, 'fine.txt', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nfine');
  assert.equal((await result(0, '--response', 'fine.txt', 'http://shop.test/')).decision.action, 'passed');
});

test('as text, with options of lb behind a request in quotes', async () => {
  const refused = await run(`curl 'http://shop.test/?${ATTACK}'`, '--client', '203.0.113.5');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^request +GET .*Host: shop\.test, from 203\.0\.113\.5/);
  assert.match(refused.stdout, /^decision +refused with 403 by waf \(rule 949110\)/m);
  assert.match(refused.stdout, /^rules +942900 {2}SQL in arguments {2}\+5\n.*phase 2, critical, .*:\d+, ARGS:id\n/m);
  const passed = await run('http://shop.test/');
  assert.deepEqual([passed.code, passed.stderr], [0, '']);
  assert.match(passed.stdout, /^decision +passes$/m);
});

test('wrong use is told with what to do', async () => {
  const cases: [argv: string[], message: RegExp][] = [
    [[], /no URL/],
    [['http://nowhere.test/'], /no site is configured for the host "nowhere\.test".*shop\.test/],
    [['http://plain.test/'], /plain\.test has no addons\.waf/],
    [['--site', 'x', '/'], /sites are shop\.test, plain\.test/],
    [['--client', 'x', 'http://shop.test/'], /an IP address/],
    [['--raw', 'none.txt'], /cannot read none\.txt/],
    [['--raw', 'request.txt', '/'], /not by both/],
    [['--level', '9', '/'], /from 1 to 4/],
    [["curl 'http://shop.test/"], /not closed/],
    [['http://shop.test/', '--jsno'], /--jsno is no option of curl.*--json/],
  ];
  for (const [argv, message] of cases) {
    const { code, stderr } = await run(...argv);
    assert.deepEqual([code, stderr.split('\n').length], [2, 2], `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
  put(folder, 'bad/rules/REQUEST-901-INITIALIZATION.conf', '\nSecRule ARGS "@contain x" "id:1,phase:2,deny"\n');
  put(folder, 'bad.json', JSON.stringify({ origins: ['a:80'], addons: { waf: { path: join(folder, 'bad') } } }));
  const { code, stderr } = await run('-c', 'bad.json', '/');
  assert.equal(code, 2);
  assert.match(stderr, /REQUEST-901-INITIALIZATION\.conf:2: .*contain/);
});
