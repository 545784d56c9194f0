/**
 * Injections of SQL that ModSecurity's libinjection finds and that of libddwaf no longer does: short ones, such as
 * `x' or 1=1` and `sleep(5)`. A value is read as what may follow an open quote of either kind, or none, and its first words
 * are folded to a shape, a letter a word: s string, 1 number, n name, f function, & logical operator, o operator, B
 * clause, v null, c comment, X what only hides something.
 */

interface Word {
  readonly kind: string;
  readonly text: string;
}

/** As many words as a shape has at the most. */
const LONGEST_SHAPE = 5;
/** Words that are read, since folding makes them fewer. */
const MOST_WORDS = 16;
/** Of what stands behind the open quote. */
const LOOKED_AT = 65_536;

const SHAPES: ReadonlySet<string> = new Set(
  's&1 s&n n&1 sof(1 nof(1 1of(1 f(1) sf(1n nB1 1c nc 1ov sos s&nos s&nov sov'.split(' '),
);

const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'abs ascii avg benchmark bin cast ceil ceiling char char_length chr coalesce compress concat concat_ws conv convert cos count crc32 ' +
    'date_add date_format datediff decode decrypt elt encode encrypt exp extractvalue field floor format greatest hex if ifnull insert instr ' +
    'isnull lcase least left length ln load_file locate log lower lpad ltrim make_set max md5 mid min mod nullif oct ord pg_sleep pi pow power ' +
    'quote rand randomblob repeat replace reverse right round rpad rtrim sha sha1 sha2 sign sin sleep soundex space sqrt strcmp substr ' +
    'substring sum sysdate tan to_char trim truncate ucase uncompress unhex updatexml upper user version week year'
  ).split(' '),
);

const OPERATORS: ReadonlySet<string> = new Set('like rlike regexp is not div mod sounds similar'.split(' '));
const LOGICAL: ReadonlySet<string> = new Set(['and', 'or', 'xor', '&&', '||']);

const TOKEN = new RegExp(
  [
    /(?<space>[\s\0\xa0]+)/,
    /(?<comment>\/\*[\s\S]*?(?:\*\/|$)|--[^\n]*)/,
    /(?<string>'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|"(?:[^"\\]|\\[\s\S]|"")*(?:"|$))/,
    /(?<number>0x[\da-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)/,
    /(?<clause>(?:group|order)\s{1,8}by\b|having\b|limit\b)/,
    /(?<name>[\w$@.\x80-\x9f\xa1-\xff]+)/,
    /(?<logical>&&|\|\|)/,
    /(?<operator><=>|[<>!:]=|<>|[-+*/%=<>!|&^~:])/,
    /(?<other>[\s\S])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'iy',
);

/** Every shape has one of these. */
const HINT = /['"(]|--|\/\*|&&|\|\||\b(?:and|or|xor|having|limit|by|is)\b/i;

/** The shape by which the value injects SQL; undefined where it has none of those. */
export function sqlShape(value: string): string | undefined {
  if (!HINT.test(value)) return undefined;
  for (const quote of ['', "'", '"']) {
    const found = shapeBehind(quote, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function shapeBehind(quote: string, value: string): string | undefined {
  const from = quote === '' ? 0 : closing(value, quote);
  if (from === -1) return undefined;
  const text = value.slice(from, from + LOOKED_AT);
  if (!text.includes('/*') && !mayBegin(quote, words(text, quote === '' ? 2 : 1))) return undefined;
  const read = words(text, MOST_WORDS);
  if (quote !== '') read.unshift({ kind: 's', text: quote });
  const folded = fold(read);
  if (folded.slice(0, LONGEST_SHAPE).some(({ kind }) => kind === 'X')) return 'X';
  const shape = folded
    .slice(0, LONGEST_SHAPE)
    .map(({ kind }) => kind)
    .join('');
  return SHAPES.has(shape) && counts(shape, folded, read.length, quote) ? shape : undefined;
}

/** Behind the first quote that is not doubled or escaped; -1: there is none. */
function closing(text: string, quote: string): number {
  if (!text.includes(quote)) return -1;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote && text[at + 1] === quote) at++;
    else if (text[at] === quote) return at + 1;
  }
  return -1;
}

/** The first two words of shapes. */
const BEGINNINGS: ReadonlySet<string> = new Set(Array.from(SHAPES, (shape) => shape.slice(0, 2)));
/** Words that folding may take away from second place. */
const PASSING = 'o,c';

/** Whether a text that begins so may have one of the shapes; of ordinary text that is soon clear. */
function mayBegin(quote: string, words: readonly Word[]): boolean {
  const kinds = `${quote === '' ? '' : 's'}${words.map(({ kind }) => kind).join('')}`;
  return kinds.length < 2 || kinds[0] === 'c' || PASSING.includes(kinds[1]) || BEGINNINGS.has(kinds.slice(0, 2));
}

function words(text: string, most: number): Word[] {
  const list: Word[] = [];
  TOKEN.lastIndex = 0;
  while (list.length < most) {
    const found = TOKEN.exec(text);
    if (found === null) break;
    const kind = kindOf(found, text);
    // a comment counts only where nothing follows
    if (list.at(-1)?.kind === 'c' && kind !== '') list.pop();
    if (kind !== '') list.push({ kind, text: found[0].toLowerCase() });
  }
  return list;
}

function kindOf({ 0: all, groups = {} }: RegExpExecArray, text: string): string {
  const { space, comment, string, number, clause, name, logical, operator } = groups;
  if (space !== undefined) return '';
  if (comment !== undefined) return isHiding(all) ? 'X' : 'c';
  if (string !== undefined) return 's';
  if (number !== undefined) return '1';
  if (clause !== undefined) return 'B';
  if (logical !== undefined) return '&';
  if (operator !== undefined) return 'o';
  if (name === undefined) return all;
  const lower = name.toLowerCase();
  if (LOGICAL.has(lower)) return '&';
  if (OPERATORS.has(lower)) return 'o';
  if (lower === 'null' || lower === 'true' || lower === 'false') return 'v';
  return FUNCTIONS.has(lower) && /^\s*\(/.test(text.slice(TOKEN.lastIndex, TOKEN.lastIndex + 16)) ? 'f' : 'n';
}

/** A comment that MySQL runs, or one in another. */
function isHiding(comment: string): boolean {
  return comment.startsWith('/*') && (comment[2] === '!' || comment.indexOf('/*', 2) !== -1);
}

const OPERANDS = '1n';
const SIGNS = '+-!~';

/** Arithmetic and comparisons of numbers and names count as their first operand, signs and runs of operators as one. */
function fold(read: readonly Word[]): Word[] {
  const list: Word[] = [];
  for (const word of read) {
    const [before, last] = list.slice(-2);
    if (word.kind === 'o' && (last?.kind === 'o' || (last?.kind === '&' && SIGNS.includes(word.text)))) continue;
    if (last?.kind === 'o' && before !== undefined && OPERANDS.includes(before.kind) && OPERANDS.includes(word.kind)) {
      list.pop();
    } else if (word.kind === '1' && last?.kind === ',' && before?.kind === '1') list.pop();
    else list.push(word);
  }
  return list;
}

/** Whether a shape that words of a text may have too is one of SQL here. */
function counts(shape: string, folded: readonly Word[], wordsRead: number, quote: string): boolean {
  const last = folded[folded.length - 1].text;
  switch (shape) {
    case 's&n':
    case 'n&1':
      return wordsRead > 3;
    case 'nc':
      return last.startsWith('/*');
    case 'sos':
    case 's&nos':
      return quote !== '' && last.startsWith(quote) && (last.length === 1 || !last.endsWith(quote));
    default:
      return true;
  }
}
