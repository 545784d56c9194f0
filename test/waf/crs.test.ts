/**
 * The regression tests of the OWASP Core Rule Set, from the folder that LB_CRS_TESTS names, against the engine with the
 * rules of Debian's `modsecurity-crs`. LB_CRS_VERBOSE=1 prints each case that fails.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { isRefusal } from '../../src/http/framing.ts';
import { checkRequest } from '../../src/http/request-check.ts';
import { compileWaf } from '../../src/waf/engine/compile.ts';
import type { WafPlan } from '../../src/waf/engine/waf.ts';
import { loadRules, type RuleSource } from '../../src/waf/lang/load.ts';
import { type CrsCase, type CrsStage, type RawRequest, readCrsCases, requestOf } from './crs-cases.ts';

const FOLDER = process.env.LB_CRS_TESTS ?? '';
const SETUP = '/etc/modsecurity/crs/crs-setup.conf';
const RULES = '/usr/share/modsecurity-crs/rules';

/** What these tests were written for. */
const BEFORE = `
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\\+|/)|text/)xml" "id:9990001,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:9990002,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
SecAction "id:9990003,phase:1,pass,nolog,setvar:tx.paranoia_level=4,setvar:tx.executing_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400"
`;
const AFTER = 'SecRuleRemoveById 910000\n';
/** Of the cases. */
const SHARE = 0.98;

function plan(): WafPlan {
  const sources: RuleSource[] = [
    { file: SETUP },
    { name: 'before', text: BEFORE },
    { name: 'rules', text: `Include ${RULES}/*.conf\n` },
    { name: 'after', text: AFTER },
  ];
  return compileWaf(loadRules(sources), { mode: 'log', timeBudget: 10_000 });
}

/** Whether lb's own check lets the request through to the rules. */
function isRefused({ method, target, protocol, headers }: RawRequest): boolean {
  if (!/^HTTP\/1\.[01]$/.test(protocol)) return true;
  const lower = headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text.trim()));
  return isRefusal(checkRequest({ method, target, headers: lower }));
}

/** The log of a stage, as far as the cases ask for it; undefined where the request is refused before the rules. */
function logOf(waf: WafPlan, request: RawRequest): string | undefined {
  if (isRefused(request)) return undefined;
  const { method, target, headers } = request;
  const address = { clientAddress: '127.0.0.1', clientPort: 40000, serverAddress: '127.0.0.1', serverPort: 80 };
  const tx = waf.begin({ id: 'case', method, target, protocol: 'HTTP/1.1', headers, ...address });
  tx.headersPhase();
  if (request.body !== '') tx.body(Buffer.from(request.body, 'latin1'));
  tx.bodyPhase();
  tx.responseHeaders(200, ['content-type', 'text/plain']);
  tx.responseBodyPhase();
  return tx
    .log()
    .matched.map(({ id, message, data }) => `[id "${id}"] [msg "${message}"] [data "${data}"]`)
    .join('\n');
}

/** Why the stage fails; undefined: it passes. */
function failure(waf: WafPlan, { input, output }: CrsStage): string | undefined {
  const log = logOf(waf, requestOf(input));
  const wanted = output.log_contains;
  if (log === undefined) return undefined;
  if (wanted !== undefined && !new RegExp(wanted).test(log)) return `no ${wanted} in ${ids(log)}`;
  if (output.no_log_contains !== undefined && new RegExp(output.no_log_contains).test(log)) {
    return `${output.no_log_contains} in ${ids(log)}`;
  }
  if (output.status !== undefined && wanted === undefined) {
    const statuses = [output.status].flat();
    if (!statuses.includes(200) && !/id "949110"/.test(log)) return `not stopped (${statuses.join()})`;
  }
  return undefined;
}

function ids(log: string): string {
  return [...log.matchAll(/\[id "(\d+)"\]/g)].map(([, id]) => id).join(' ');
}

test('the regression tests of CRS', (t) => {
  if (FOLDER === '' || !existsSync(FOLDER)) return t.skip('LB_CRS_TESTS names no folder with the tests of CRS');
  if (!existsSync(RULES)) return t.skip('the package modsecurity-crs is not installed');
  const waf = plan();
  const cases: readonly CrsCase[] = readCrsCases(FOLDER);
  const failures = cases.flatMap(({ title, stages }) => {
    const why = stages.map((stage) => failure(waf, stage)).find((text) => text !== undefined);
    return why === undefined ? [] : [`${title}: ${why}`];
  });
  if (process.env.LB_CRS_VERBOSE === '1') for (const line of failures) t.diagnostic(line);
  t.diagnostic(`${cases.length - failures.length} of ${cases.length} cases pass`);
  assert.ok(cases.length > 0);
  assert.ok(failures.length <= cases.length * (1 - SHARE), failures.join('\n'));
});
