/**
 * Compares regular expressions with libmodsecurity's PCRE: every pattern of a rule set, on values made from it.
 *   node bench/waf/modsecurity/regex.bench.ts REFERENCE RULES... [--values=N] [--seed=N]
 * REFERENCE is the program built from reference.cc, RULES are files of SecLang.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Automaton } from '../../../src/waf/regex/automaton.ts';
import { parsePattern } from '../../../src/waf/regex/parse.ts';
import { programOf } from '../../../src/waf/regex/program.ts';
import { Regex } from '../../../src/waf/regex/regex.ts';
import { mutated, sample, seeded } from '../regex-inputs.ts';
import { patternsOf } from '../regex-patterns.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { values: { type: 'string', default: '40' }, seed: { type: 'string', default: '1' } },
});
const [reference, ...files] = positionals;
if (!reference) throw new Error('usage: regex.bench.ts REFERENCE RULES...');
const random = seeded(Number(options.seed));

const folder = mkdtempSync(join(tmpdir(), 'lb-modsecurity-'));
let differences = 0;
let asked = 0;
let matched = 0;
try {
  for (const { source } of patternsOf(files.map((file) => readFileSync(file, 'latin1')))) {
    if (source.includes('%{')) continue;
    const { root } = parsePattern(source);
    const regex = new Regex(source);
    const program = programOf(root)!;
    const automaton = new Automaton(program);
    const texts = Array.from({ length: Number(options.values) }, (_, i) => {
      const text = sample(root, random, 1 + (i % 4)).slice(0, 400);
      return i % 3 === 0 ? text : i % 3 === 1 ? mutated(text, random) : mutated(mutated(text, random), random);
    });
    const escaped = source.replaceAll('"', '\\"');
    writeFileSync(
      join(folder, 'rules.conf'),
      `SecRuleEngine On\nSecRule ARGS:v "@rx ${escaped}" "id:1,phase:2,pass,log,t:none,capture,logdata:'x'"\n`,
      'latin1',
    );
    const input = texts.map((text) => `${Buffer.from(text, 'latin1').toString('hex')}\n`).join('');
    const lines = execFileSync(reference, [join(folder, 'rules.conf')], { input })
      .toString()
      .split('\n');
    for (const [i, text] of texts.entries()) {
      asked++;
      const expected = lines[i] !== '';
      matched += Number(expected);
      const found = automaton.search(text) >= 0;
      const wrong = [
        regex.test(text) !== expected && 'expression',
        (program.exact ? found !== expected : expected && !found) && 'automaton',
      ];
      for (const what of wrong.filter(Boolean)) {
        differences++;
        console.log(what, JSON.stringify(text), expected ? 'matches' : 'does not match', source.slice(0, 150));
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${asked} values, ${matched} match, ${differences} differences`);
if (differences > 0) process.exitCode = 1;
