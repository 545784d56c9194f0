// Ordinary requests against the rules of Debian's `modsecurity-crs` at paranoia level 1. More of them, and by rule:
// `npm run waf:false-positives`.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { benignRequest } from '../../bench/waf/benign/requests.ts';
import { seeded } from '../../bench/waf/regex-inputs.ts';
import { compileWaf } from '../../src/waf/engine/compile.ts';
import { loadRules } from '../../src/waf/lang/load.ts';
import { baseRules } from '../../src/waf/ruleset/own-rules.ts';
import { ids, send } from './engine-harness.ts';

const SETUP = '/etc/modsecurity/crs/crs-setup.conf';
const RULES = '/usr/share/modsecurity-crs/rules';
const skip = existsSync(SETUP) && existsSync(RULES) ? false : 'the package modsecurity-crs is not installed';

/** What the rules of level 1 take for attacks in ordinary text: nearly all that is blocked is one of these kinds. */
const EXPECTED = ['HTML editor', 'Markdown', 'GraphQL', 'JSON', 'XML', 'upload', 'comment', 'beacon'];

test('of ordinary pages, searches, forms and queries few are blocked', { skip }, () => {
  const plan = compileWaf(
    loadRules([baseRules(), { file: SETUP }, { name: 'rules', text: `Include ${RULES}/*.conf\n` }]),
    { mode: 'log', timeBudget: 10_000 },
  );
  const random = seeded(5);
  const blocked: string[] = [];
  let asked = 0;
  for (let i = 0; i < 600; i++) {
    const { kind, ...request } = benignRequest(random);
    if (EXPECTED.includes(kind)) continue;
    asked++;
    const rules = ids(send(plan, request));
    assert.doesNotMatch(rules, /\b88000\d\d\b/, `lb's own rules: ${JSON.stringify(request).slice(0, 300)}`);
    if (rules.includes('!')) blocked.push(`${kind} ${request.target} ${rules}`);
  }
  assert.ok(asked > 200);
  assert.ok(blocked.length < asked * 0.06, blocked.join('\n'));
});
