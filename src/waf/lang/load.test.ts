import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadRules } from './load.ts';
import { RuleErrors } from './mistakes.ts';
import { OPERATORS, TRANSFORMATIONS, VARIABLES } from './names.ts';
import type { Rule } from './rule.ts';
import { filesOf, printRule, ruleOf, rulesOf } from './testing.ts';

function idsOf(text: string, others = {}): (number | string)[] {
  return rulesOf(text, others).items.map((item) => (item.kind === 'rule' ? item.id : item.name));
}

function mistakesOf(text: string): string[] {
  try {
    rulesOf(text);
  } catch (error) {
    assert.ok(error instanceof RuleErrors);
    return error.message.split('\n');
  }
  return [];
}

test('a rule over several lines, with targets, operator and actions', () => {
  const rule = ruleOf(
    `# about nothing \\
SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/^__utm(a|b)\\/x/|&ARGS:'a b'|XML:/* "!@rx (?i)a\\"b\\\\d" \\
  "id:'7',phase:2,\\
   block,capture,\\
   t:none,t:urlDecodeUni,t:normalizePath,\\
   msg:'It\\'s, %{MATCHED_VAR}',tag:'a',tag:'b',ver:'X/1',severity:'CRITICAL',\\
   setvar:'tx.score_%{rule.id}=+%{tx.critical}',setvar:!tx.gone,setvar:tx.on"
`,
  );
  assert.equal(rule.place.line, 2);
  assert.deepEqual(
    rule.targets.map(({ variable, selector, count, exclude }) => [variable, selector, count, exclude]),
    [
      ['request_cookies', undefined, false, false],
      ['request_cookies', { kind: 'regex', regex: '^__utm(a|b)/x' }, false, true],
      ['args', { kind: 'text', text: 'a b' }, true, false],
      ['xml', { kind: 'text', text: '/*' }, false, false],
    ],
  );
  assert.deepEqual(rule.operator, { name: 'rx', negated: true, argument: '(?i)a\\"b\\\\d' });
  assert.deepEqual(rule.transformations, ['urldecodeuni', 'normalisepath']);
  assert.equal(rule.msg, "It's, %{MATCHED_VAR}");
  assert.deepEqual(rule.tags, ['a', 'b']);
  assert.deepEqual([rule.severity, rule.ver, rule.capture, rule.disruptive], [2, 'X/1', true, 'pass']);
  assert.deepEqual(rule.actions, [
    { kind: 'setvar', collection: 'tx', name: 'score_%{rule.id}', change: 'add', value: '%{tx.critical}' },
    { kind: 'setvar', collection: 'tx', name: 'gone', change: 'remove', value: '' },
    { kind: 'setvar', collection: 'tx', name: 'on', change: 'set', value: '1' },
  ]);
});

test('operators: a pattern alone, negated, quotes in words, and files', () => {
  assert.deepEqual(ruleOf('SecRule ARGS foo id:1').operator, { name: 'rx', negated: false, argument: 'foo' });
  assert.deepEqual(ruleOf('SecRule ARGS "!^a b$" id:1').operator, { name: 'rx', negated: true, argument: '^a b$' });
  assert.equal(ruleOf('SecRule ARGS "@contains a\\"b" id:1').operator?.argument, 'a"b');
  assert.equal(ruleOf('SecRule ARGS "@rx c:\\\\" "id:1"').operator?.argument, 'c:\\\\');
  assert.equal(ruleOf('SecRule TX:x "@streq " "id:1"').operator?.argument, '');
  assert.equal(ruleOf('SecRule ARGS "@pmFromFile a.data b.data" id:1').operator?.name, 'pmfromfile');
});

test('SecDefaultAction holds for rules of its phase, another one for those that follow; block is what it says', () => {
  const rules = rulesOf(`
SecRule ARGS a "id:1,phase:2,block"
SecDefaultAction "phase:2,nolog,deny,status:406,t:lowercase,tag:'all'"
SecRule ARGS a "id:2,phase:2,block,log,t:trim,tag:'own'"
SecRule ARGS a "id:3,phase:2,t:trim,t:none,t:length"
SecRule ARGS a "id:4,phase:1,block"
SecDefaultAction "phase:2,redirect:'/no'"
SecRule ARGS a "id:5,phase:2,block,chain"
SecRule ARGS b "t:length"
`).items as Rule[];
  assert.deepEqual(
    rules.map((rule) => [rule.id, rule.disruptive, rule.status, rule.log, rule.transformations, rule.tags]),
    [
      [1, 'deny', 406, false, ['lowercase'], ['all']],
      [2, 'deny', 406, true, ['lowercase', 'trim'], ['all', 'own']],
      [3, 'pass', 406, false, ['length'], ['all']],
      [4, 'pass', 403, true, [], []],
      [5, 'redirect', 302, true, [], []],
    ],
  );
  assert.equal(rules[4].redirectUrl, '/no');
  assert.deepEqual(rules[4].chain?.transformations, ['length']);
});

test('files: names beside the including file, globs in order, optional ones, loops', () => {
  const others = {
    '/r/sub/2.conf': 'SecAction id:2',
    '/r/sub/10.conf': 'SecAction id:10',
    '/r/loop.conf': 'Include loop.conf',
  };
  assert.deepEqual(idsOf('Include sub/*.conf\nIncludeOptional none/*.conf\nSecMarker "END"', others), [10, 2, 'END']);
  assert.throws(() => rulesOf('\nInclude none/*.conf'), /^RuleErrors: \/r\/a\.conf:2: there is no file \/r\/none\/\*/);
  assert.throws(() => rulesOf('Include loop.conf', others), /loop\.conf:1: \/r\/loop\.conf includes itself/);
  const sources = [{ name: 'lb.json', text: 'SecAction id:1' }, { file: '/gone' }];
  assert.throws(() => loadRules(sources, { files: filesOf({}) }), /cannot read \/gone: it is not there/);
});

test('rules are removed and changed wherever the directive stands', () => {
  const base = `
SecRuleRemoveById 1 "5-6"
SecRule ARGS a "id:1,tag:'x'"
SecRule ARGS a "id:2,tag:'attack/sqli',msg:'SQL one',deny,t:trim"
SecRule ARGS a "id:3,msg:'other',chain"
SecRule REQUEST_URI b
SecAction "id:5,pass"
`;
  assert.deepEqual(idsOf(base), [2, 3]);
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByTag attack/.*`), [3]);
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByMsg "SQL one"`), [3]);
  const updated = rulesOf(`${base}
SecRuleUpdateTargetById 2-3 !ARGS:q,!ARGS:/^r/
SecRuleUpdateTargetById 3:1 REQUEST_BODY REQUEST_URI
SecRuleUpdateTargetByTag attack/(sqli|xss) "&TX:n"
SecRuleUpdateActionById 2 "pass,status:500,t:length,tag:'new',msg:'later'"
`).items as Rule[];
  assert.deepEqual(
    updated[0].targets.map((target) => target.variable + (target.exclude ? '!' : '')),
    ['args', 'args!', 'args!', 'tx'],
  );
  assert.deepEqual(
    updated[1].chain?.targets.map(({ variable }) => variable),
    ['request_body'],
  );
  const { disruptive, status, transformations, tags, msg } = updated[0];
  assert.deepEqual([disruptive, status, msg], ['pass', 500, 'later']);
  assert.deepEqual(
    [transformations, tags],
    [
      ['trim', 'length'],
      ['attack/sqli', 'new'],
    ],
  );
});

test('a plain tag or message is compared as a whole', () => {
  const base = `SecAction "id:1,tag:'attack/sqli',msg:'SQL one'"\n`;
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByTag attack`), [1]);
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByMsg SQL`), [1]);
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByTag attack/sqli`), []);
  assert.deepEqual(idsOf(`${base}SecRuleRemoveByMsg "^SQL"`), []);
});

const DEBIAN = '/usr/share/modsecurity-crs/rules';

test('the rule set of Debian loads', { skip: existsSync(DEBIAN) ? false : 'modsecurity-crs is not installed' }, () => {
  const { items, engine } = loadRules([
    { file: '/etc/modsecurity/crs/crs-setup.conf' },
    { name: 'test', text: `Include ${DEBIAN}/*.conf` },
  ]);
  assert.ok(items.length > 600);
  assert.match(engine.componentSignatures[0], /^OWASP_CRS\/3/);
});

test('ctl takes rules and targets away for one transaction', () => {
  const { actions } = ruleOf(
    `SecRule REQUEST_URI "@beginsWith /a" "id:1,nolog,pass,\\
    ctl:ruleRemoveById=942000-942999,ctl:ruleRemoveTargetByTag=attack-sqli;REQUEST_COOKIES:/^a,b/,\\
    ctl:ruleRemoveTargetById=1;ARGS:'x',ctl:requestBodyProcessor=json,ctl:ruleEngine=DetectionOnly,ctl:auditEngine=Off"`.replace(
      'COOKIES:/^a,b/',
      "COOKIES:'/^a,b/'",
    ),
  );
  const controls = actions.map((action) => (action.kind === 'ctl' ? action.control : undefined));
  const plain = { count: false, exclude: false };
  assert.deepEqual(controls, [
    { option: 'remove-rule', rules: { by: 'id', ranges: [[942000, 942999]] } },
    {
      option: 'remove-target',
      rules: { by: 'tag', pattern: 'attack-sqli' },
      targets: [{ variable: 'request_cookies', selector: { kind: 'regex', regex: '^a,b' }, ...plain }],
    },
    {
      option: 'remove-target',
      rules: { by: 'id', ranges: [[1, 1]] },
      targets: [{ variable: 'args', selector: { kind: 'text', text: 'x' }, ...plain }],
    },
    { option: 'requestbodyprocessor', value: 'JSON' },
    { option: 'ruleengine', value: 'detection-only' },
    { option: 'none' },
  ]);
});

test('what sets up the engine', () => {
  const { engine } = rulesOf(
    `SecRuleEngine DetectionOnly
SecRequestBodyLimit 1000
SecRequestBodyLimitAction ProcessPartial
SecResponseBodyMimeType Text/HTML application/json
SecArgumentSeparator ";"
SecComponentSignature "OWASP_CRS/3.3.4"
SecUnicodeMapFile u.map 20127
SecAuditLogRelevantStatus "^(?:5|4(?!04))"
SecDebugLog /dev/null`,
    { '/r/u.map': '1250 (A)\n00a0:41\n\n20127 (US-ASCII)\n00a0:20 ff07:27 \n\n(UTF-7)\n' },
  );
  assert.equal(engine.mode, 'detection-only');
  assert.deepEqual([engine.requestBody.limit, engine.requestBody.limitAction], [1000, 'process-partial']);
  assert.deepEqual(engine.responseBody.mimeTypes, ['text/html', 'application/json']);
  assert.deepEqual([engine.argumentSeparator, engine.componentSignatures], [';', ['OWASP_CRS/3.3.4']]);
  assert.deepEqual(
    [...(engine.unicodeMap ?? [])],
    [
      [0xa0, 0x20],
      [0xff07, 0x27],
    ],
  );
});

const MISTAKES: readonly [text: string, says: RegExp][] = [
  ['SecRul ARGS a id:1', /unknown directive SecRul: did you mean SecRule\?/],
  ['secruleremovebyidd 1', /unknown directive secruleremovebyidd: did you mean SecRuleRemoveById\?/],
  ['SecRule ARG a id:1', /unknown variable ARG: did you mean ARGS\?/],
  ['SecRule REQUEST_URI:x a id:1', /REQUEST_URI has no members/],
  ['SecRule ARGS:/a a id:1', /is not closed/],
  ['SecRule ARGS "@contain a" id:1', /unknown operator @contain: did you mean @contains\?/],
  ['SecRule ARGS "@inspectFile a" id:1', /@inspectFile is not supported/],
  ['SecRule ARGS @rx id:1', /@rx has nothing to compare with/],
  ['SecRule ARGS a "id:1,t:lowcase"', /unknown transformation t:lowcase: did you mean t:lowercase\?/],
  ['SecRule ARGS a "id:1,denny"', /unknown action denny: did you mean deny\?/],
  ['SecRule ARGS a "id:1,exec:/bin/x"', /exec is not supported/],
  ['SecRule ARGS a "id:1,msg:\'a"', /the quote before "a" is not closed/],
  ['SecRule ARGS "a id:1', /the quote before "a id:1" is not closed/],
  ['SecRule ARGS a "id:1,msg:a b:c"', /^$/],
  ['SecRule ARGS a', /the rule has no id/],
  ['SecRule ARGS a id:1\nSecAction id:1', /a\.conf:2: rule 1 is there already: .*a\.conf:1/],
  ['SecRule ARGS a "id:1,chain"', /a\.conf:1: the chain has no further rule/],
  ['SecRule ARGS a "id:1,chain"\nSecRule ARGS b deny', /deny in a rule of a chain/],
  ['SecRule ARGS a "id:1,phase:6"', /phase is not 6/],
  ['SecAction "id:1,skipAfter:END"', /skipAfter:END leads nowhere/],
  ['SecAction "id:1,setvar:foo=1"', /setvar:foo names nothing/],
  ['SecAction "id:1,ctl:ruleRemoveTargetById=1"', /no target in 1/],
  ['SecRuleRemoveById abc', /"abc" is no rule id/],
  ['SecRuleEngine Maybe', /SecRuleEngine is not Maybe: write one of on, off, detectiononly/],
  ['SecDefaultAction "phase:1,id:2"', /id is for single rules/],
  ['<IfModule security2_module>', /is of Apache/],
  ['SecRuleScript a.lua', /SecRuleScript is not supported/],
  ['SecRule ARGS @rx a b id:1', /too many words/],
];

test('mistakes are told with file, line and what to do', () => {
  for (const [text, says] of MISTAKES) {
    const found = mistakesOf(text).join('\n');
    assert.match(found, says, text);
    if (says.source !== '^$') assert.match(found, /^\/r\/a\.conf:\d+: .+: .+/, text);
  }
  const many = mistakesOf(Array.from({ length: 30 }, (_, line) => `Bad${line}`).join('\n'));
  assert.equal(many.length, 21);
  assert.equal(many.at(-1), 'and 10 more');
});

test('syntax of the current rule set', () => {
  const { items } = rulesOf(`SecComponentSignature "OWASP_CRS/4.0.0"
SecRule &TX:crs_setup_version "@eq 0" "id:1,phase:1,deny,status:500,log,auditlog,severity:'CRITICAL'"
SecRule TX:DETECTION_PARANOIA_LEVEL "@lt 1" "id:2,phase:1,pass,nolog,skipAfter:END-A"
SecRule REQUEST_HEADERS:Content-Type "@rx ^[^;\\s]+" "id:3,phase:1,block,capture,t:none,chain,\\
    ver:'OWASP_CRS/4.0.0',tag:'OWASP_CRS',logdata:'%{TX.0}',setvar:'tx.content_type=|%{tx.0}|'"
    SecRule TX:content_type "!@within %{tx.allowed_request_content_type}" \\
        "t:lowercase,ctl:forceRequestBodyVariable=On,setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}'"
SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/__utm/|MULTIPART_PART_HEADERS:/^file/|TX:/MULTIPART_HEADERS_CONTENT_TYPES_*/ \\
    "@validateByteRange 9,10,13,32-126,128-255" "id:4,phase:2,block,t:none,t:urlDecodeUni,multiMatch"
SecMarker "END-A"`);
  assert.equal(items.length, 5);
});

const WORD = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/);
const TEXT = fc.string({
  unit: fc.constantFrom(...'abc ,;:|()[]{}%.*+\'"=&!#@/\xe4'.split('')),
  minLength: 1,
  maxLength: 12,
});
const SAFE_TEXT = TEXT.map((text) => text.trim().replace(/^[+-]+/, '')).filter((text) => text !== '');
const TARGET = fc
  .record({
    variable: fc.constantFrom(...VARIABLES.keys()),
    member: fc.option(fc.oneof(WORD, fc.constant('/^x(a|b)\\/c/'), fc.constant("'a b|c'"))),
    flags: fc.constantFrom('', '!', '&', '!&'),
  })
  .map(({ variable, member, flags }) =>
    member !== null && !(variable === 'xml' && member.startsWith('/')) && VARIABLES.get(variable) === 'collection'
      ? `${flags}${variable}:${member}`
      : flags + variable,
  );
const ACTION = fc.oneof(
  fc.constantFrom('deny', 'block', 'pass', 'drop', 'allow:phase', 'nolog', 'capture', 'multiMatch', 'auditlog'),
  fc.constantFrom(...TRANSFORMATIONS).map((name) => `t:${name}`),
  fc.constantFrom('phase:1', 'severity:ERROR', 'status:429', 'skip:2', 'ctl:ruleRemoveTargetById=7;ARGS:a|ARGS:b'),
  fc
    .tuple(fc.constantFrom('msg', 'logdata', 'tag', 'ver', 'rev', 'setsid'), SAFE_TEXT)
    .map(([name, text]) => `${name}:${quoted(text)}`),
  fc.tuple(WORD, SAFE_TEXT).map(([name, text]) => `setvar:${quoted(`tx.${name}=${text}`)}`),
  WORD.map((name) => `setvar:!ip.${name}`),
);
const RULE = fc.record({
  targets: fc.array(TARGET, { minLength: 1, maxLength: 4 }),
  operator: fc.tuple(fc.constantFrom('', '!'), fc.constantFrom(...OPERATORS.keys()), SAFE_TEXT),
  actions: fc.array(ACTION, { maxLength: 8 }),
});

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}

test('rules that are printed are read as the same rules', () => {
  fc.assert(
    fc.property(RULE, ({ targets, operator: [bang, name, argument], actions }) => {
      const list = ['id:1', ...actions].join(',').replaceAll('"', '\\"');
      const call = `${bang}@${name} ${argument}`.replaceAll('"', '\\"');
      const rule = ruleOf(`SecRule "${targets.join('|')}" "${call}" "${list}"`);
      const { place: _, ...again } = ruleOf(printRule(rule));
      const { place: __, ...first } = rule;
      assert.deepEqual(again, first);
    }),
    { numRuns: 300 },
  );
});

test('whatever is read, only mistakes are thrown', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'SecRule',
      'SecAction',
      'SecMarker',
      'Include',
      'SecRuleUpdateTargetById',
      'SecDefaultAction',
      '\\\n',
    ),
    fc.constantFrom(' ', '"', "'", '\n', '\\', '|', ',', ':', '=', '!', '&', '@', '/', '%{', '\0', '#', '<'),
    fc.constantFrom('ARGS', 'TX:/a', '@rx', 'id:1', 'ctl:ruleRemoveById=', 'setvar:tx.', 'chain', 't:none', 'phase:'),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        rulesOf(pieces.join(''));
      } catch (error) {
        assert.ok(error instanceof RuleErrors, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
