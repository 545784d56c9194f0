/**
 * How many ordinary requests the rules of Debian's `modsecurity-crs` would block, by kind of request and by rule:
 *   node bench/waf/false-positives.bench.ts [--requests=100000] [--level=1] [--seed=1] [--configured] [--modsecurity] [--show=2]
 * With --configured the rules know what such a site takes: PUT, PATCH and DELETE, text/plain with a charset.
 * With --modsecurity (needs libmodsecurity-dev and g++) ModSecurity is asked about those that are blocked, and about as many
 * that are not; exits with 1 where it says otherwise.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileWaf } from '../../src/waf/engine/compile.ts';
import type { Outcome, WafPlan } from '../../src/waf/engine/waf.ts';
import { loadRules } from '../../src/waf/lang/load.ts';
import { type BenignRequest, benignRequest } from './benign/requests.ts';
import { ask, withPeer } from './modsecurity/peer.ts';
import { seeded } from './regex-inputs.ts';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    level: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    configured: { type: 'boolean', default: false },
    modsecurity: { type: 'boolean', default: false },
    show: { type: 'string', default: '2' },
  },
});

/** What a site with an API sets, as crs-setup.conf tells to. */
const SITE = `
SecAction "id:7,phase:1,pass,nolog,setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'"
SecAction "id:8,phase:1,pass,nolog,setvar:'tx.allowed_request_content_type=|application/x-www-form-urlencoded| |multipart/form-data| |text/xml| |application/xml| |application/soap+xml| |application/json| |text/plain|'"`;

const RULES = `
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application|text)/(?:[a-z0-9.-]+\\+)?xml" "id:1,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\\+)?json" "id:2,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:3,phase:2,deny,status:400,log,t:none"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:4,phase:2,deny,status:400,log,t:none"
Include /etc/modsecurity/crs/crs-setup.conf
SecAction "id:6,phase:1,pass,nolog,setvar:tx.paranoia_level=${options.level},setvar:tx.executing_paranoia_level=${options.level}"${options.configured ? SITE : ''}
Include /usr/share/modsecurity-crs/rules/*.conf
`;
/** Rules that sum up. */
const isSum = (id: number) => id === 949_110 || id >= 980_000;
const isBlock = (ids: readonly number[]) => ids.some((id) => id === 949_110 || id === 3 || id === 4);

function inspect(plan: WafPlan, { method, target, headers, body }: BenignRequest): Outcome {
  const address = { clientAddress: '192.0.2.1', clientPort: 40000, serverAddress: '192.0.2.2', serverPort: 443 };
  const tx = plan.begin({ id: 'x', method, target, protocol: 'HTTP/1.1', headers, ...address });
  tx.headersPhase();
  if (body !== '') tx.body(Buffer.from(body, 'latin1'));
  tx.bodyPhase();
  return tx.log();
}

const random = seeded(Number(options.seed));
const plan = compileWaf(loadRules([{ name: 'rules', text: RULES }]), { mode: 'log', timeBudget: 10_000 });
const kinds = new Map<string, { all: number; blocked: number }>();
const rules = new Map<number, { count: number; message: string; examples: string[] }>();
const blocked: BenignRequest[] = [];
const passed: BenignRequest[] = [];
const total = Number(options.requests);
for (let i = 0; i < total; i++) {
  const request = benignRequest(random);
  const kind = kinds.get(request.kind) ?? { all: 0, blocked: 0 };
  kinds.set(request.kind, kind);
  kind.all++;
  const { matched } = inspect(plan, request);
  if (!isBlock(matched.map(({ id }) => id))) {
    if (passed.length < 1000 && i % 50 === 0) passed.push(request);
    continue;
  }
  kind.blocked++;
  blocked.push(request);
  for (const { id, message, data } of matched) {
    if (isSum(id)) continue;
    const rule = rules.get(id) ?? { count: 0, message, examples: [] };
    rules.set(id, rule);
    rule.count++;
    if (rule.examples.length < Number(options.show)) rule.examples.push(`${request.kind}: ${data.slice(0, 160)}`);
  }
}
console.log(
  `${total} ordinary requests at paranoia level ${options.level}: ${blocked.length} blocked (${percent(blocked.length, total)})`,
);
for (const [name, { all, blocked: count }] of [...kinds].sort((a, b) => b[1].blocked - a[1].blocked)) {
  console.log(`${name}: ${count} of ${all} (${percent(count, all)})`);
}
console.log('\nRules that matched in those blocked:');
for (const [id, { count, message, examples }] of [...rules].sort((a, b) => b[1].count - a[1].count)) {
  console.log(`${id} ${count} ${message}`);
  for (const example of examples) console.log(`    ${JSON.stringify(example)}`);
}
if (options.modsecurity) compare();

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(2)} %`;
}

function compare(): void {
  const chosen = [...blocked.filter((_, i) => i % Math.ceil(blocked.length / 2000) === 0), ...passed];
  withPeer((program, folder) => {
    const file = join(folder, 'rules.conf');
    writeFileSync(file, RULES);
    const response = { status: 200, headers: [], body: '' };
    const theirs = ask(
      program,
      file,
      chosen.map((request) => ({ ...request, response })),
    );
    const other = chosen.filter(
      (request, i) =>
        isBlock(inspect(plan, request).matched.map(({ id }) => id)) !== isBlock(theirs[i].map(([id]) => id)),
    );
    console.log(
      `\nModSecurity says the same of ${chosen.length - other.length} of ${chosen.length} (${chosen.length - passed.length} of them blocked)`,
    );
    for (const request of other.slice(0, 10))
      console.log(
        JSON.stringify(request).slice(0, 400),
        inspect(plan, request)
          .matched.map(({ id }) => id)
          .join(),
      );
    if (other.length > 0) process.exitCode = 1;
  });
}
