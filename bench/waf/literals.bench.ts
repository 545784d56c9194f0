/**
 * The cost of the literal matcher a byte, and of building it, with the literals of a rule set's patterns and phrases.
 *   node bench/waf/literals.bench.ts RULES...
 */
import { readFileSync } from 'node:fs';
import { LiteralMatcher } from '../../src/waf/regex/literals.ts';
import { Regex } from '../../src/waf/regex/regex.ts';
import { patternsOf } from './regex-patterns.ts';

const VALUES = [
  'hello world this is a search',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
  'session=abcdef0123456789; theme=dark',
  '42',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'The quick brown fox jumps over the lazy dog. '.repeat(40),
];

const start = process.cpuUsage();
const regexes = patternsOf(process.argv.slice(2).map((file) => readFileSync(file, 'latin1'))).map(
  ({ source }) => new Regex(source),
);
console.log(`${regexes.length} patterns compiled in ${milliseconds(start)} ms of CPU`);
const literals = [...new Set(regexes.flatMap((regex) => regex.requirements.literals ?? []))];
const building = process.cpuUsage();
const matcher = new LiteralMatcher(literals, { caseless: true });
console.log(`${literals.length} literals, built in ${milliseconds(building)} ms of CPU`);

const bits = new Uint32Array(Math.ceil(matcher.count / 32));
for (const value of VALUES) {
  const times = Math.ceil(4_000_000 / value.length);
  run(value, times);
  const scanning = process.cpuUsage();
  run(value, times);
  const each = (milliseconds(scanning) * 1e6) / times;
  console.log(
    `${(each / value.length).toFixed(2)} ns a byte, ${each.toFixed(0)} ns: ${JSON.stringify(value.slice(0, 60))}`,
  );
}

function run(value: string, times: number): void {
  for (let i = 0; i < times; i++) {
    bits.fill(0);
    matcher.scanInto(value, bits);
  }
}

function milliseconds(since: NodeJS.CpuUsage): number {
  return Math.round(process.cpuUsage(since).user / 100) / 10;
}
