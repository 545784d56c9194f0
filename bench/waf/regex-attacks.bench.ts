/**
 * Attacks on the patterns of a rule set, made from the patterns' own loops, and how long each takes in all patterns.
 *   node bench/waf/regex-attacks.bench.ts RULES... [--length=8000] [--most=1000]
 * Prints the number of values and the slowest; exits with 1 where one takes over 50 ms.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Regex } from '../../src/waf/regex/regex.ts';
import { attacksOn } from './regex-inputs.ts';
import { patternsOf } from './regex-patterns.ts';

const LIMIT_MS = 50;

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { length: { type: 'string', default: '8000' }, most: { type: 'string', default: '1000' } },
});
const patterns = patternsOf(files.map((file) => readFileSync(file, 'latin1'))).filter(
  ({ source }) => !source.includes('%{'),
);
const regexes = patterns.map(({ id, source }) => ({ id, regex: new Regex(source) }));
const chosen = attacksOn(patterns, Number(options.length), Number(options.most));

for (const { regex } of regexes) {
  regex.test('a');
  regex.test('a'.repeat(2000));
}
const slowest: { ms: number; id: number; length: number; worst: string }[] = [];
for (const { id, value } of chosen) {
  const captures: (string | undefined)[] = [];
  const parts: [number, number][] = [];
  const cpu = process.cpuUsage();
  for (const { id: rule, regex } of regexes) {
    const start = performance.now();
    regex.match(value, captures);
    parts.push([performance.now() - start, rule]);
  }
  const { user, system } = process.cpuUsage(cpu);
  parts.sort((a, b) => b[0] - a[0]);
  const worst = parts.slice(0, 3).map(([ms, rule]) => `${rule}: ${ms.toFixed(1)}`);
  slowest.push({ ms: (user + system) / 1000, id, length: value.length, worst: worst.join(', ') });
}
slowest.sort((a, b) => b.ms - a.ms);
console.log(`${chosen.length} attacks on ${regexes.length} patterns; CPU of one value in all patterns:`);
for (const { ms, id, length, worst } of slowest.slice(0, 8)) {
  console.log(`${ms.toFixed(1)} ms: made from ${id}, ${length} bytes (${worst})`);
}
console.log(`median ${slowest[slowest.length >> 1].ms.toFixed(2)} ms`);
if (slowest[0].ms > LIMIT_MS) process.exitCode = 1;
