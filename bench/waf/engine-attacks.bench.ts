/**
 * Attacks on the patterns of the rule set, each sent as argument, cookie, header field and body at once, at paranoia level 4:
 *   node bench/waf/engine-attacks.bench.ts [--rules=/usr/share/modsecurity-crs/rules] [--length=8000] [--most=1000] [--alone]
 * With --alone it is an argument of the query and nothing else. Prints the CPU of the slowest requests; exits with 1 where one takes over 50 ms. A value that is slow is tried again, so
 * that a collection of garbage or a first compilation does not count.
 */
import { globSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compileWaf } from '../../src/waf/engine/compile.ts';
import { loadRules } from '../../src/waf/lang/load.ts';
import { attacksOn } from './regex-inputs.ts';
import { patternsOf } from './regex-patterns.ts';

const LIMIT_MS = 50;
const TRIES = 3;

const { values: options } = parseArgs({
  options: {
    rules: { type: 'string', default: '/usr/share/modsecurity-crs/rules' },
    setup: { type: 'string', default: '/etc/modsecurity/crs/crs-setup.conf' },
    length: { type: 'string', default: '8000' },
    most: { type: 'string', default: '1000' },
    alone: { type: 'boolean', default: false },
  },
});
const files = globSync(`${options.rules}/*.conf`).sort();
const patterns = patternsOf(files.map((file) => readFileSync(file, 'latin1'))).filter(
  ({ source }) => !source.includes('%{'),
);
const level = 'SecAction "id:1,phase:1,pass,nolog,setvar:tx.paranoia_level=4,setvar:tx.executing_paranoia_level=4"';
const plan = compileWaf(
  loadRules([
    { file: options.setup },
    { name: 'level', text: level },
    { name: 'rules', text: `Include ${options.rules}/*.conf` },
  ]),
  { mode: 'log', timeBudget: 10_000, rememberedValues: 0 },
);

/** Milliseconds of CPU. */
function cost(value: string): number {
  const coded = Array.from(value, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const body = options.alone ? '' : `b=${coded}`;
  const line = value.replace(/[\0\r\n]/g, ' ');
  const headers = ['host', 'a.example'];
  if (!options.alone) headers.push('user-agent', line, 'referer', line, 'cookie', `a=${line}`);
  headers.push('content-type', 'application/x-www-form-urlencoded', 'content-length', String(body.length));
  const from = process.cpuUsage();
  const tx = plan.begin({
    ...{ id: 'x', method: 'POST', target: `/x?q=${coded}`, protocol: 'HTTP/1.1', headers },
    ...{ clientAddress: '127.0.0.1', clientPort: 1, serverAddress: '127.0.0.1', serverPort: 80 },
  });
  tx.headersPhase();
  tx.body(Buffer.from(body, 'latin1'));
  tx.bodyPhase();
  tx.log();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

const attacks = attacksOn(patterns, Number(options.length), Number(options.most));
for (let i = 0; i < 50; i++) cost(`warm ${i} select <a b='c'> ../x ;id ${'y'.repeat(i * 20)}`);
const costs = attacks.map(({ id, value }) => {
  let ms = cost(value);
  for (let left = TRIES; left > 0 && ms > LIMIT_MS / 2; left--) ms = Math.min(ms, cost(value));
  return { id, ms, value };
});
costs.sort((a, b) => b.ms - a.ms);
console.log(
  `${costs.length} attacks at paranoia level 4; CPU of a request that has one ${options.alone ? 'once' : 'five times'}:`,
);
for (const { ms, id, value } of costs.slice(0, 10)) {
  console.log(`${ms.toFixed(1)} ms: made from ${id}, ${value.length} bytes: ${JSON.stringify(value.slice(0, 50))}`);
}
console.log(`median ${costs[costs.length >> 1].ms.toFixed(2)} ms`);
if (costs[0].ms > LIMIT_MS) process.exitCode = 1;
