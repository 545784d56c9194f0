import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRules } from '../lang/load.ts';
import { compileWaf } from './compile.ts';
import { WafCompileError, type WafOptions } from './waf.ts';

/** Ids of the rules that match a request for `target`. */
function idsOf(rules: string, target: string, options: WafOptions = {}): number[] {
  const transaction = compileWaf(loadRules([{ name: 'test.conf', text: rules }]), options).begin({
    ...{ id: 'x', method: 'GET', target, protocol: 'HTTP/1.1', headers: ['host', 'a.example'] },
    ...{ clientAddress: '192.0.2.1', clientPort: 1, serverAddress: '192.0.2.2', serverPort: 80 },
  });
  transaction.headersPhase();
  transaction.bodyPhase();
  return transaction.log().matched.map(({ id }) => id);
}

const LEVELS = `
  SecAction "id:1,phase:1,pass,nolog,setvar:tx.level=1"
  SecRule ARGS:raise "@streq y" "id:2,phase:1,pass,nolog,RAISE"
  SecRule TX:LEVEL "@lt 2" "id:3,phase:2,pass,nolog,skipAfter:END"
  SecRule ARGS "@contains attack" "id:4,phase:2,pass,log"
  SecMarker END
  SecRule ARGS "@contains attack" "id:5,phase:2,pass,log"`;

test('rules behind a level that nothing raises do not run; those that a request may reach do', () => {
  const fixed = LEVELS.replace('RAISE', 'setvar:tx.other=1');
  assert.deepEqual(idsOf(fixed, '/?raise=y&a=attack'), [5]);
  for (const raise of ['setvar:tx.level=2', "setvar:'tx.le%{tx.vel}vel=2'", 'ctl:ruleRemoveById=3']) {
    const rules = LEVELS.replace('RAISE', raise);
    assert.deepEqual(idsOf(rules, '/?raise=y&a=attack'), [4, 5], raise);
    assert.deepEqual(idsOf(rules, '/?a=attack'), [5], raise);
  }
});

test('what writes behind a rule that is never passed does not count', () => {
  const rules = `${LEVELS.replace('RAISE', 'setvar:tx.other=1')}
    SecRule TX:LEVEL "@eq 1" "id:6,phase:2,pass,nolog,skipAfter:LAST"
    SecAction "id:7,phase:2,pass,nolog,setvar:tx.level=9"
    SecMarker LAST
    SecRule TX:LEVEL "@eq 1" "id:8,phase:2,pass,log"`;
  assert.deepEqual(idsOf(rules, '/?a=attack'), [5, 8]);
});

test('skip counts rules as written, and a leap over rules that are reached from elsewhere stays', () => {
  const rules = `
    SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=1"
    SecRule ARGS:x "@streq in" "id:2,phase:2,pass,log,skip:2"
    SecRule TX:a "@eq 1" "id:3,phase:2,pass,nolog,skipAfter:END"
    SecRule TX:a "@eq 2" "id:4,phase:2,pass,log"
    SecRule ARGS:x "@contains n" "id:5,phase:2,pass,log"
    SecMarker END
    SecRule ARGS:x "@contains n" "id:6,phase:2,pass,log"`;
  assert.deepEqual(idsOf(rules, '/?x=in'), [2, 5, 6]);
  assert.deepEqual(idsOf(rules, '/?x=on'), [6]);
});

test('a chain whose first link sets variables goes on doing so', () => {
  const rules = `
    SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=1"
    SecRule TX:a "@eq 1" "id:2,phase:2,pass,nolog,chain,setvar:tx.seen=1"
      SecRule TX:a "@eq 2" "t:none"
    SecRule TX:seen "@eq 1" "id:3,phase:2,pass,log"`;
  assert.deepEqual(idsOf(rules, '/'), [3]);
});

test('a captured group may be what a rule asks for', () => {
  const rules = `
    SecRule ARGS:x "@rx ^(.)" "id:1,phase:1,pass,nolog,capture"
    SecRule TX:1 "@streq q" "id:2,phase:2,pass,log"`;
  assert.deepEqual(idsOf(rules, '/?x=q'), [2]);
  assert.deepEqual(idsOf(rules, '/?x=r'), []);
});

test('mistakes in rules that are never reached are told where that is asked for', () => {
  const rules = `
    SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=1"
    SecRule TX:a "@eq 1" "id:2,phase:2,pass,nolog,skipAfter:END"
    SecRule ARGS "@rx (" "id:3,phase:2,pass,log"
    SecMarker END`;
  assert.deepEqual(idsOf(rules, '/'), []);
  assert.throws(() => idsOf(rules, '/', { everyRule: true }), WafCompileError);
});
