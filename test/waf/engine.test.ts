import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WafCompileError } from '../../src/waf/engine/waf.ts';
import { ids, messages, planOf, send } from './engine-harness.ts';

const FORM = ['host', 'a', 'content-type', 'application/x-www-form-urlencoded'];

/** The message of rule 99 (phase 2), which shows what the text expands to. */
function shows(rules: string, text: string, sent: Parameters<typeof send>[1] = {}): string | undefined {
  const outcome = send(planOf(`${rules}\nSecAction "id:99,phase:2,pass,log,msg:'${text}'"\n`), sent);
  return outcome.matched.find(({ id }) => id === 99)?.message;
}

test('a rule denies with its status, and the phases after it are not run', () => {
  const plan = planOf(`
    SecRule ARGS:a "@streq x" "id:1,phase:1,deny,status:418,log,msg:'a is %{MATCHED_VAR}',logdata:'%{MATCHED_VAR_NAME}',tag:'t',severity:'CRITICAL'"
    SecAction "id:2,phase:2,pass,log"
    SecAction "id:3,phase:5,pass,log"`);
  const outcome = send(plan, { target: '/?a=x' });
  assert.equal(ids(outcome), '1 3 !1');
  assert.deepEqual(outcome.verdict, { action: 'deny', status: 418, location: '', ruleId: 1, reason: 'rule' });
  const [rule] = outcome.matched;
  assert.deepEqual([rule.message, rule.data, rule.variable, rule.severity], ['a is x', 'ARGS:a', 'ARGS:a', 2]);
  assert.equal(ids(send(plan, { target: '/?a=y' })), '2 3');
});

test('redirect and drop', () => {
  const plan = planOf(`
    SecRule ARGS:to "@rx ." "id:1,phase:1,redirect:'https://b.example/%{MATCHED_VAR}',status:307,log"
    SecRule ARGS:drop "@rx ." "id:2,phase:1,drop,log"`);
  assert.deepEqual(send(plan, { target: '/?to=x' }).verdict, {
    ...{ action: 'redirect', status: 307, location: 'https://b.example/x', ruleId: 1, reason: 'rule' },
  });
  assert.equal(send(plan, { target: '/?drop=x' }).verdict?.action, 'drop');
});

test('to log only: rules go on, and the first verdict is noted', () => {
  const rules = `SecAction "id:1,phase:1,deny,log"\nSecAction "id:2,phase:2,deny,log"`;
  const outcome = send(planOf(rules, { mode: 'log' }));
  assert.equal(ids(outcome), '1 2 !1');
  assert.equal(outcome.detectionOnly, true);
  assert.equal(send(planOf(`SecRuleEngine DetectionOnly\n${rules}`)).detectionOnly, true);
  assert.equal(send(planOf(`SecRuleEngine DetectionOnly\n${rules}`, { mode: 'block' })).detectionOnly, false);
  assert.equal(ids(send(planOf(`SecRuleEngine Off\n${rules}`, { mode: 'block' }))), '');
  const off = `SecAction "id:9,phase:1,pass,nolog,ctl:ruleEngine=Off"\n${rules}`;
  assert.equal(ids(send(planOf(off))), '');
  const on = `SecAction "id:9,phase:1,pass,nolog,ctl:ruleEngine=On"\n${rules}`;
  assert.equal(send(planOf(on, { mode: 'log' })).detectionOnly, true);
});

test('a chain matches when each link does; what its links set is set as they match', () => {
  const plan = planOf(`
    SecRule ARGS:a "@rx ^(.)" "id:1,phase:2,deny,capture,log,msg:'%{TX.1} %{tx.n}',setvar:tx.n=+1,chain"
      SecRule ARGS:b "@eq 2" "setvar:tx.n=+10,chain"
      SecRule TX:1 "@streq q" "setvar:tx.n=+100"
    SecAction "id:2,phase:2,pass,log,msg:'n=%{tx.n}'"`);
  assert.equal(ids(send(plan, { target: '/?a=q1&b=2' })), '1 !1');
  assert.deepEqual(messages(send(plan, { target: '/?a=z&b=2' })), ['n=11']);
  assert.deepEqual(messages(send(plan, { target: '/?a=z&b=3' })), ['n=1']);
  assert.deepEqual(messages(send(plan, { target: '/?b=2' })), ['n=']);
});

test('links of a chain see what matched in the links before', () => {
  const rules = `
    SecRule ARGS "@rx ^x" "id:1,phase:2,pass,nolog,chain"
      SecRule MATCHED_VARS_NAMES "@rx :(b)$" "capture,setvar:tx.seen=%{TX.1},setvar:tx.name=%{MATCHED_VAR_NAME}"`;
  assert.equal(shows(rules, '%{tx.seen} %{tx.name}', { target: '/?a=x1&b=x2&c=y' }), 'b MATCHED_VARS_NAMES:ARGS:b');
});

test('every value that matches sets variables again', () => {
  const rules = `SecRule ARGS|ARGS_NAMES "@rx x" "id:1,phase:2,pass,nolog,setvar:tx.n=+3"`;
  assert.equal(shows(rules, '%{tx.n}', { target: '/?x=x&b=x&c=1' }), '9');
});

test('setvar: numbers as ModSecurity adds them, macros in name and value, removal', () => {
  const rules = `
    SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=5,setvar:tx.b=%{tx.a}x,setvar:tx.c=-2,setvar:tx.d"
    SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=+%{tx.b},setvar:tx.c=-%{tx.none},setvar:tx.n_%{tx.d}=%{tx.a}"
    SecAction "id:3,phase:1,pass,nolog,setvar:tx.e=1,setvar:!tx.e,setvar:tx.big=99999999999,setvar:tx.big=+1"`;
  assert.equal(shows(rules, '%{tx.a} %{TX.B} %{tx.c} %{tx.d} %{tx.n_1} [%{tx.e}] %{tx.big}'), '10 5x -2 1 10 [] 1');
  assert.equal(ids(send(planOf(`${rules}\nSecRule &TX:e "@eq 0" "id:4,phase:1,pass,log"`))), '4');
  assert.equal(ids(send(planOf(`${rules}\nSecRule TX:/^N_/ "@eq 10" "id:5,phase:2,pass,log"`))), '5');
});

test('skip and skipAfter', () => {
  const log = (id: number) => `SecAction "id:${id},phase:1,pass,log"\n`;
  const skip = `SecAction "id:1,phase:1,pass,nolog,skip:2"\n${log(2)}${log(3)}${log(4)}`;
  assert.equal(ids(send(planOf(skip))), '4');
  const other = `SecAction "id:1,phase:1,pass,nolog,skipAfter:END"\n${log(2)}SecAction "id:7,phase:2,pass,log"\nSecMarker END\n${log(3)}`;
  assert.equal(ids(send(planOf(other))), '3 7');
  assert.equal(ids(send(planOf(other.replaceAll('END', '2').replace('SecMarker 2\n', '')))), '3 7');
});

test('allow: the phase, the request, everything but the log', () => {
  const rules = (form: string) => `SecAction "id:1,phase:1,${form},nolog"
    SecAction "id:2,phase:1,pass,log"\nSecAction "id:3,phase:2,pass,log"
    SecAction "id:4,phase:3,pass,log"\nSecAction "id:5,phase:5,pass,log"`;
  const response = { status: 200, headers: [] };
  assert.equal(ids(send(planOf(rules('allow:phase')), { response })), '3 4 5');
  assert.equal(ids(send(planOf(rules('allow:request')), { response })), '4 5');
  assert.equal(ids(send(planOf(rules('allow')), { response })), '5');
});

test('counts, exclusions, selectors by name and pattern', () => {
  const matches = (targets: string, operator: string, target: string, headers?: string[]) =>
    ids(
      send(planOf(`SecRule ${targets} "${operator}" "id:1,phase:1,pass,log"`), { target, headers: headers ?? [] }),
    ) === '1';
  assert.ok(matches('&ARGS', '@eq 2', '/?a=1&b=2'));
  assert.ok(matches('&ARGS:A', '@eq 1', '/?a=1&b=2'));
  assert.ok(matches('&REQUEST_HEADERS:Host', '@eq 0', '/'));
  assert.ok(!matches('ARGS|!ARGS:a', '@streq 1', '/?a=1&b=2'));
  assert.ok(!matches('ARGS|!ARGS:/^A/', '@streq 1', '/?ab=1&b=2'));
  assert.ok(matches('ARGS:/^a/', '@streq 1', '/?ab=1&b=2'));
  assert.ok(!matches('ARGS|!ARGS', '@rx .', '/?a=1'));
  assert.ok(matches('REQUEST_COOKIES_NAMES', '@streq b', '/', ['cookie', 'a=1; b = 2 ;; =x', 'Cookie', 'b=3']));
  assert.ok(matches('REQUEST_COOKIES:b', '@streq 3', '/', ['cookie', 'a=1', 'Cookie', 'b=3']));
});

test('transformations in order; multiMatch tries each step', () => {
  const rule = (actions: string) => `SecRule ARGS "@streq a b" "id:1,phase:2,pass,log,${actions},setvar:tx.n=+1"`;
  const target = '/?x=A%2520B';
  assert.equal(ids(send(planOf(rule('t:none,t:urlDecode,t:lowercase')), { target })), '1');
  assert.equal(ids(send(planOf(rule('t:none,t:lowercase')), { target })), '');
  assert.equal(
    ids(send(planOf(rule('t:none,t:urlDecode,t:lowercase,t:removeWhitespace,multiMatch')), { target })),
    '1',
  );
  const each = `SecRule ARGS "@rx (?i)^a" "id:1,phase:2,pass,nolog,multiMatch,t:urlDecode,t:lowercase,setvar:tx.n=+1"`;
  assert.equal(shows(each, '%{tx.n}', { target }), '3');
});

test('values that come again are judged as before, and rules with macros anew', () => {
  const plan = planOf(`
    SecRule ARGS:a "@streq %{ARGS.b}" "id:1,phase:2,pass,log"
    SecRule ARGS "@rx ^hel+o" "id:2,phase:2,pass,log,capture,msg:'%{TX.0}'"`);
  for (let i = 0; i < 5; i++) {
    assert.equal(ids(send(plan, { target: '/?a=hello1&b=hello1' })), '1 2');
    assert.equal(ids(send(plan, { target: '/?a=world&b=hello1' })), '2');
    assert.equal(ids(send(plan, { target: '/?a=world&b=there' })), '');
  }
});

test('ctl: rules and targets taken away for one request', () => {
  const plan = planOf(`
    SecRule ARGS:off "@streq id" "id:1,phase:1,pass,nolog,ctl:ruleRemoveById=100-101"
    SecRule ARGS:off "@streq tag" "id:2,phase:1,pass,nolog,ctl:ruleRemoveByTag=^my/tag$"
    SecRule ARGS:off "@streq target" "id:3,phase:1,pass,nolog,ctl:ruleRemoveTargetById=100;ARGS:x"
    SecRule ARGS:off "@streq bytag" "id:4,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=my/tag;ARGS"
    SecRule ARGS "@rx evil" "id:100,phase:2,pass,log,tag:'my/tag'"
    SecRule ARGS_NAMES "@rx x" "id:101,phase:2,pass,log"`);
  const sent = (off: string) => ids(send(plan, { target: `/?x=evil&off=${off}` }));
  assert.equal(sent(''), '100 101');
  assert.equal(sent('id'), '');
  assert.equal(sent('tag'), '101');
  assert.equal(sent('target'), '101');
  assert.equal(sent('bytag'), '101');
  assert.equal(sent(''), '100 101');
});

test('variables of the request line and target', () => {
  const target = '/p/a%2fb/x.php;y=1?a=1&b=%41+c';
  const shown = (text: string) => shows('', text, { target });
  assert.equal(shown('%{REQUEST_URI}'), '/p/a/b/x.php;y=1?a=1&b=A+c');
  assert.equal(shown('%{REQUEST_URI_RAW}'), target);
  assert.equal(shown('%{REQUEST_FILENAME} %{REQUEST_BASENAME}'), '/p/a/b/x.php;y=1 x.php;y=1');
  assert.equal(shown('%{QUERY_STRING}'), 'a=1&b=%41+c');
  assert.equal(shown('%{REQUEST_LINE}'), `GET ${target} HTTP/1.1`);
  assert.equal(shown('%{ARGS.b} %{ARGS_GET.b} %{ARGS_COMBINED_SIZE}'), 'A c A c 6');
  assert.equal(shown('%{REMOTE_ADDR} %{REMOTE_PORT} %{SERVER_NAME} %{UNIQUE_ID}'), '192.0.2.1 1234 a.example id-1');
  assert.match(shown('%{DURATION} %{TIME_EPOCH} %{TIME}') ?? '', /^\d{2,} \d{10} \d\d:\d\d:\d\d$/);
  assert.equal(shown('%{rule.id} [%{tx.none}] [%{nothing.x}]'), '99 [] []');
});

test('bodies: forms, files, JSON and XML by ctl, errors', () => {
  const form = { method: 'POST', headers: FORM, body: 'a=1&b=2' };
  assert.equal(
    shows('', '%{ARGS.b} %{ARGS_POST.a} %{REQBODY_PROCESSOR} %{REQUEST_BODY}', form),
    '2 1 URLENCODED a=1&b=2',
  );
  const choose = (name: string) => `SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=${name}"`;
  const json = { method: 'POST', body: '{"a":{"b":[7]}}' };
  assert.equal(shows(choose('JSON'), '%{ARGS.json.a.b.array_0} %{REQBODY_ERROR}', json), '7 0');
  const bad = { method: 'POST', body: '{"a":' };
  assert.match(shows(choose('JSON'), '%{REQBODY_ERROR} %{REQBODY_ERROR_MSG}', bad) ?? '', /^1 JSON parsing error/);
  const xml = `${choose('XML')}\nSecRule XML:/*|XML://@* "@rx evil" "id:2,phase:2,pass,log,setvar:tx.n=+1"`;
  assert.equal(shows(xml, '%{tx.n}', { method: 'POST', body: '<a b="evil"><c>evil</c></a>' }), '2');
  const file = '--B\r\nContent-Disposition: form-data; name="f"; filename="e.php"\r\n\r\nabc\r\n--B--\r\n';
  const multipart = { method: 'POST', headers: ['content-type', 'multipart/form-data; boundary=B'], body: file };
  const names =
    '%{FILES.f} %{FILES_NAMES.f} %{FILES_SIZES.f} %{FILES_COMBINED_SIZE} %{FILES_TMP_CONTENT.f} %{MULTIPART_STRICT_ERROR}';
  assert.equal(shows('', names, multipart), 'e.php f 3 3 abc 0');
});

test('limits of bodies and arguments', () => {
  const rules = 'SecRequestBodyLimit 10\nSecAction "id:1,phase:2,pass,nolog"\n';
  const long = { method: 'POST', headers: FORM, body: 'a=1&b=23456789' };
  const refused = send(planOf(rules), long);
  assert.deepEqual([refused.verdict?.status, refused.verdict?.reason], [413, 'request-body-limit']);
  const partial = `${rules}SecRequestBodyLimitAction ProcessPartial\n`;
  assert.equal(shows(partial, '%{REQUEST_BODY} %{INBOUND_DATA_ERROR}', long), 'a=1&b=2345 1');
  assert.equal(shows('SecRequestBodyNoFilesLimit 5\n', '%{REQBODY_ERROR} %{REQUEST_BODY_LENGTH}', long), '1 14');
  assert.equal(shows('SecArgumentsLimit 2\n', '%{REQBODY_ERROR} %{ARGS.c}', { target: '/?a=1&b=2&c=3' }), '1 ');
  assert.equal(shows('SecRequestBodyAccess Off\n', '[%{REQUEST_BODY}]', long), '[]');
});

test('responses: phases 3 and 4, by media type, up to a limit', () => {
  const plan = planOf(`
    SecResponseBodyMimeType text/plain\nSecResponseBodyLimit 12
    SecRule RESPONSE_HEADERS:X-A "@streq b" "id:1,phase:3,pass,log"
    SecRule RESPONSE_BODY "@contains leak" "id:2,phase:4,deny,log"
    SecRule RESPONSE_STATUS "@eq 500" "id:3,phase:4,pass,log"`);
  assert.ok(plan.needsResponse && plan.needsResponseBody);
  const headers = ['content-type', 'text/plain; charset=utf-8', 'x-a', 'b'];
  assert.equal(ids(send(plan, { response: { status: 200, headers, body: 'a leak' } })), '1 2 !2');
  assert.equal(ids(send(plan, { response: { status: 500, headers: headers.slice(2), body: 'a leak' } })), '1 3');
  assert.equal(ids(send(plan, { response: { status: 200, headers, body: 'a long text leak' } })), '1');
  assert.equal(planOf('SecAction "id:1,phase:2,pass"').needsResponse, false);
});

test('collections that outlive a request: counting, expiry, one by key', () => {
  let now = 1e12;
  const plan = planOf(
    `SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
     SecAction "id:2,phase:1,pass,nolog,setvar:ip.n=+1,expirevar:ip.n=60"
     SecRule IP:n "@gt 2" "id:3,phase:1,deny,log,msg:'%{ip.n}'"`,
    { now: () => now },
  );
  const from = (clientAddress: string) => ids(send(plan, { clientAddress }));
  assert.deepEqual([from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.1')], ['', '', '3 !3']);
  assert.equal(from('192.0.2.9'), '');
  now += 61_000;
  assert.equal(from('192.0.2.1'), '');
});

test('geoLookup knows what the request or the options know', () => {
  const rules = `SecRule REMOTE_ADDR "@geoLookup" "id:1,phase:1,pass,log,chain"\nSecRule GEO:COUNTRY_CODE "@streq NL" ""`;
  assert.equal(ids(send(planOf(rules), { country: 'NL' })), '1');
  assert.equal(ids(send(planOf(rules, { countryOf: () => 'NL' }))), '1');
  assert.equal(ids(send(planOf(rules))), '');
});

test('rules that take too long end in a block', () => {
  let clock = 0;
  const rules = Array.from(
    { length: 20 },
    (_, i) => `SecRule ARGS "!@rx ^.{${i}}" "id:${i + 1},phase:2,deny,log"`,
  ).join('\n');
  const options = { timeBudget: 5, elapsed: () => clock++ };
  const outcome = send(planOf(rules, { ...options, rememberedValues: 0 }), { target: `/?a=${'x'.repeat(30)}` });
  assert.deepEqual([outcome.verdict?.reason, outcome.verdict?.status], ['time-budget', 503]);
  assert.equal(
    send(planOf(rules, { ...options, mode: 'log' }), { target: `/?a=${'x'.repeat(30)}` }).detectionOnly,
    true,
  );
});

test('what cannot be compiled names its place', () => {
  const rules = 'SecAction "id:1,phase:1,pass"\nSecRule ARGS "@rx (a" "id:2,phase:1,pass"';
  assert.throws(
    () => planOf(rules),
    (error) => error instanceof WafCompileError && error.message.startsWith('test.conf:2: ') && error.place.line === 2,
  );
  assert.throws(() => planOf('SecRule XML:count(/a) "@rx a" "id:2,phase:2,pass"'), /test\.conf:1: XML:/);
});

test('what a rule says of a long value is cut', () => {
  const plan = planOf(`SecRule ARGS "@rx x" "id:1,phase:2,pass,log,logdata:'%{MATCHED_VAR}'"`);
  assert.equal(send(plan, { target: `/?a=${'x'.repeat(9000)}` }).matched[0].data.length, 4096);
});

test('scores are what CRS keeps in TX', () => {
  const rules = 'SecAction "id:1,phase:2,pass,nolog,setvar:tx.anomaly_score=7,setvar:tx.outbound_anomaly_score=3"';
  assert.deepEqual(send(planOf(rules)).scores, { inbound: 7, outbound: 3 });
});
