/** Values made from the structure of patterns: such as match, such as nearly do, and such as are meant to take long. */
import { members } from '../../src/waf/regex/byte-set.ts';
import { parsePattern } from '../../src/waf/regex/parse.ts';
import type { Pattern } from '../../src/waf/regex/pattern.ts';
import type { RulePattern } from './regex-patterns.ts';

/** Numbers below `below`, the same ones for the same seed. */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Choices {
  readonly random: Random;
  /** How often loops without an end are run through. */
  readonly most: number;
  /** The loop, counted in the order met, that is run through `times` instead. */
  readonly pumped?: number;
  readonly times?: number;
  loop: number;
  length: number;
}

/** A value that the pattern matches, if its look-around and back references allow. */
export function sample(root: Pattern, random: Random, most = 3): string {
  return write(root, { random, most, loop: 0, length: 0 });
}

/** As `sample`, with one of the pattern's loops run through so often that about `length` bytes come out. */
export function pumped(root: Pattern, random: Random, loop: number, length: number): string {
  return write(root, { random, most: 1, pumped: loop, times: length, loop: 0, length: 0 });
}

/** How many loops without an end (or with many repetitions) the pattern has. */
export function countLoops(node: Pattern): number {
  switch (node.kind) {
    case 'concat':
      return node.parts.reduce((sum, part) => sum + countLoops(part), 0);
    case 'alternatives':
      return node.branches.reduce((sum, branch) => sum + countLoops(branch), 0);
    case 'set':
    case 'assertion':
    case 'back-reference':
      return 0;
    case 'repeat':
      return countLoops(node.body) + Number(node.max > 6);
    default:
      return countLoops(node.body);
  }
}

function holdsLoop(node: Pattern, choices: Choices): boolean {
  if (choices.pumped === undefined) return false;
  return choices.loop <= choices.pumped && choices.pumped < choices.loop + countLoops(node);
}

function write(node: Pattern, choices: Choices): string {
  switch (node.kind) {
    case 'set':
      return byteOf(node.set, choices.random);
    case 'concat':
      return node.parts.map((part) => write(part, choices)).join('');
    case 'alternatives':
      return writeBranch(node.branches, choices);
    case 'group':
    case 'atomic':
      return write(node.body, choices);
    case 'repeat':
      return writeRepeat(node, choices);
    default:
      return '';
  }
}

/** One of the branches: the one with the loop that is to be pumped, else any. */
function writeBranch(branches: readonly Pattern[], choices: Choices): string {
  const first = choices.loop;
  let chosen = choices.random(branches.length);
  let at = first;
  for (const [i, branch] of branches.entries()) {
    const loops = countLoops(branch);
    if (choices.pumped !== undefined && at <= choices.pumped && choices.pumped < at + loops) chosen = i;
    at += loops;
  }
  choices.loop = first + branches.slice(0, chosen).reduce((sum, branch) => sum + countLoops(branch), 0);
  const text = write(branches[chosen], choices);
  choices.loop = at;
  return text;
}

function writeRepeat(node: Extract<Pattern, { kind: 'repeat' }>, choices: Choices): string {
  const self = node.max > 6 ? choices.loop++ : -1;
  const start = choices.loop;
  const inner = holdsLoop(node.body, choices);
  let times = node.min + choices.random(Math.min(node.max - node.min, choices.most) + 1);
  if (inner) times = Math.max(1, times);
  const isPumped = self >= 0 && self === choices.pumped;
  let text = '';
  for (let i = 0; isPumped ? i < node.max && text.length < choices.times! : i < times; i++) {
    choices.loop = start;
    const before = text.length;
    // one word over and over, as attacks have it
    text += isPumped && i > 0 && i % 4 !== 0 ? text.slice(0, Math.max(1, text.length / i)) : write(node.body, choices);
    if (text.length === before) break;
  }
  choices.loop = start + countLoops(node.body);
  return text;
}

const COMMON = 'a1 \'"=(/*<;\\';

function byteOf(set: Uint32Array, random: Random): string {
  const bytes = members(set);
  if (bytes.length === 0) return '';
  const common = Array.from(COMMON).filter((char) => bytes.includes(char.charCodeAt(0)));
  if (bytes.length > 20 && common.length > 0 && random(4) > 0) return common[random(common.length)];
  return String.fromCharCode(bytes[random(bytes.length)]);
}

/** The value with a byte changed, left out or added somewhere. */
export function mutated(value: string, random: Random): string {
  const at = random(value.length + 1);
  const byte = String.fromCharCode([10, 0, 32, 39, 97, 65, 60, 233, 34][random(9)]);
  return value.slice(0, at) + (random(3) > 0 ? byte : '') + value.slice(at + random(2));
}

/** A value made to take long, and the rule whose pattern it is made from. */
interface Attack {
  readonly id: number;
  readonly value: string;
}

/** For each loop of each pattern: values that repeat it, and then go on in another way than the pattern; `most` at the most. */
export function attacksOn(patterns: readonly RulePattern[], longest: number, most: number): Attack[] {
  const random = seeded(1);
  const attacks: Attack[] = [];
  for (const { id, source } of patterns) {
    const { root } = parsePattern(source);
    for (let loop = 0; loop < Math.min(countLoops(root), 12); loop++) {
      for (const length of [24, 300, longest]) {
        const value = pumped(root, random, loop, length);
        if (value.length > 20)
          attacks.push({ id, value: `${value.slice(0, length)}${['!', '\x00', '\n', '~'][random(4)]}` });
      }
    }
  }
  return attacks.filter((_, i) => i % Math.ceil(attacks.length / most) === 0);
}
