/** Ways to write the same attack otherwise: what rules are to see through, and what parsers may read in two ways. */
import type { Random } from '../regex-inputs.ts';

type Mutation = (text: string, random: Random) => string;

const hex = (code: number) => code.toString(16).padStart(2, '0');

function each(text: string, random: Random, share: number, change: (char: string) => string): string {
  return Array.from(text, (char) => (random(100) < share ? change(char) : char)).join('');
}

function insert(text: string, random: Random, part: string): string {
  const at = random(text.length + 1);
  return text.slice(0, at) + part + text.slice(at);
}

export const MUTATIONS: readonly Mutation[] = [
  (text, random) => each(text, random, 50, (char) => (random(2) === 0 ? char.toUpperCase() : char.toLowerCase())),
  (text) => text.replaceAll(' ', '/**/'),
  (text, random) => text.replace(' ', ' '.repeat(1 + random(6000))),
  (text, random) => text.replaceAll(' ', ['\t', '\n', '\x0b', '\x0c', '\xa0', '\r\n', '+', '%09', '  '][random(9)]),
  (text, random) => insert(text, random, ['\0', '%00', '\x01', '\x7f', '\xff', '\r', '\n'][random(7)]),
  (text, random) => insert(text, random, ['/*x*/', '/*!', '*/', '--', '#', '-- -', '<!--', '//'][random(8)]),
  (text, random) => each(text, random, 40, (char) => `%${hex(char.charCodeAt(0))}`),
  (text, random) => each(text, random, 30, (char) => `%25${hex(char.charCodeAt(0))}`),
  (text, random) => each(text, random, 30, (char) => `%u00${hex(char.charCodeAt(0))}`),
  (text, random) => each(text, random, 20, (char) => `%uff${hex((char.charCodeAt(0) - 0x20) & 255)}`),
  (text, random) => each(text, random, 30, (char) => `&#${char.charCodeAt(0)};`),
  (text, random) => each(text, random, 30, (char) => `&#x${hex(char.charCodeAt(0))};`),
  (text, random) => each(text, random, 30, (char) => `\\x${hex(char.charCodeAt(0))}`),
  (text, random) => each(text, random, 30, (char) => `\\u00${hex(char.charCodeAt(0))}`),
  (text, random) => each(text, random, 20, (char) => `\\${char}`),
  (text) => text.replaceAll('/', '%c0%af').replaceAll('.', '%c0%ae'),
  (text) => text.replaceAll('/', '\xc0\xaf').replaceAll('<', '\xc0\xbc'),
  (text) => text.replaceAll('/', '\\'),
  (text) => text.replaceAll('../', '....//'),
  (text, random) => insert(text, random, ['\\', "'", '"', '`', '$@', '^', '\x24{IFS}'][random(7)]),
  (text) => text.replace(/[aeiou]/, (vowel) => `'${vowel}'`),
  (text) => Buffer.from(text, 'latin1').toString('base64'),
  (text, random) => 'x'.repeat(random(3) === 0 ? 5000 : 200) + text,
  (text, random) => text + ' '.repeat(random(300)),
  (text, random) => text.slice(random(Math.min(4, text.length)), text.length - random(4)),
  (text, random) => each(text, random, 5, () => String.fromCharCode(random(256))),
  (text) => text.replace(/(\w)(\w)/, '$1/**/$2'),
  (text, random) =>
    insert(text, random, ['é', '中', '\u{1f600}'].map((x) => Buffer.from(x).toString('latin1'))[random(3)]),
];

/** The text after one to three mutations, sometimes as it was. */
export function mutate(text: string, random: Random): string {
  let result = text;
  for (let left = random(4); left > 0; left--) result = MUTATIONS[random(MUTATIONS.length)](result, random);
  return result;
}
