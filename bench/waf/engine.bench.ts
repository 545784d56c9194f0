/**
 * What the WAF's engine costs for one request, with the rules of Debian's `modsecurity-crs`:
 *
 *     node bench/waf/engine.bench.ts [requests]
 *
 * `again` is a request whose values have come before; `new` has values that never repeat but for header fields that a
 * browser repeats. `wall` is a median of batches, in microseconds a request.
 */
import { compileWaf } from '../../src/waf/engine/compile.ts';
import type { WafPlan, WafRequest } from '../../src/waf/engine/waf.ts';
import { loadRules } from '../../src/waf/lang/load.ts';

const REQUESTS = Number(process.argv[2] ?? 2000);
const BATCHES = 15;
const RULES = '/usr/share/modsecurity-crs/rules';

function planAt(level: number): WafPlan {
  const setup = `SecAction "id:9990003,phase:1,pass,nolog,setvar:tx.paranoia_level=${level}"\n`;
  const rules = loadRules([
    { file: '/etc/modsecurity/crs/crs-setup.conf' },
    { name: 'setup', text: setup },
    { name: 'rules', text: `Include ${RULES}/*.conf\n` },
  ]);
  return compileWaf(rules, { mode: 'log' });
}

let serial = 0;

function word(): string {
  serial++;
  return (Math.imul(serial, 0x9e3779b1) >>> 0).toString(36) + serial.toString(36);
}

/** An ordinary GET: 6 header fields, 3 cookies, 4 arguments. */
function get(fresh: boolean): WafRequest {
  const v = fresh ? word : () => 'k3x9q0ab1';
  return {
    id: `r${serial}`,
    method: 'GET',
    target: `/shop/${v()}/item.html?category=${v()}&page=${fresh ? serial : 12}&sort=price+${v()}&q=blue%20${v()}`,
    protocol: 'HTTP/1.1',
    headers: [
      ...['host', 'www.example.com', 'accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
      ...[
        'user-agent',
        'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
      ],
      ...['accept-encoding', 'gzip, deflate, br', 'accept-language', 'en-US,en;q=0.9'],
      ...['cookie', `session=${v()}${v()}; theme=dark; visitor=GA1.2.${v()}`],
    ],
    clientAddress: '192.0.2.7',
    clientPort: 40000,
    serverAddress: '192.0.2.1',
    serverPort: 80,
  };
}

/** A form of ten kilobytes. */
function form(fresh: boolean): { request: WafRequest; body: Buffer } {
  const base = get(fresh);
  const fields = Array.from({ length: 20 }, (_, i) => {
    const text = Array.from({ length: 40 }, (_, k) =>
      fresh && k % 4 === 0 ? word() : 'plain text of a letter'.slice(0, 11),
    );
    return `field${i}=${encodeURIComponent(text.join(' ')).slice(0, 500)}`;
  });
  const body = Buffer.from(fields.join('&'));
  const headers = [
    ...base.headers,
    'content-type',
    'application/x-www-form-urlencoded',
    'content-length',
    String(body.length),
  ];
  return { request: { ...base, method: 'POST', headers }, body };
}

function run(plan: WafPlan, request: WafRequest, body: Buffer | undefined): number {
  const tx = plan.begin(request);
  tx.headersPhase();
  if (body !== undefined) tx.body(body);
  tx.bodyPhase();
  return tx.log().matched.length;
}

/** Microseconds a call, the median of batches; what is run is made beforehand. */
function measure(calls: number, make: () => () => number): string {
  const times: number[] = [];
  let matched = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const work = Array.from({ length: calls }, make);
    const began = process.cpuUsage();
    for (const call of work) matched += call();
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / calls);
  }
  times.sort((x, y) => x - y);
  const rules = matched / calls / BATCHES;
  return `${times[BATCHES >> 1].toFixed(1).padStart(8)} us (best ${times[0].toFixed(1)}), ${rules.toFixed(2)} rules matched`;
}

for (const level of [1, 2, 3, 4]) {
  const began = performance.now();
  const plan = planAt(level);
  console.log(`paranoia level ${level}: compiled in ${(performance.now() - began).toFixed(0)} ms`);
  for (const fresh of [false, true]) {
    const name = fresh ? 'new  ' : 'again';
    const request = () => {
      const head = get(fresh);
      return () => run(plan, head, undefined);
    };
    console.log(`  GET, ${name}      ${measure(REQUESTS, request)}`);
    const post = () => {
      const { request: head, body } = form(fresh);
      return () => run(plan, head, body);
    };
    console.log(`  10 KB form, ${name} ${measure(Math.ceil(REQUESTS / 20), post)}`);
  }
}
