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

/** What a text that may have a shape begins with; of ordinary text it is soon clear that it does not. */
const BEGINNINGS: ReadonlySet<string> = new Set(
  [...SHAPES].flatMap((shape) => Array.from({ length: shape.length + 1 }, (_, length) => shape.slice(0, length))),
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
  const { folded, count } = read(value.slice(from, from + LOOKED_AT), quote);
  const first = folded.slice(0, LONGEST_SHAPE).map(({ kind }) => kind);
  if (first.includes('X')) return 'X';
  const shape = first.join('');
  return SHAPES.has(shape) && counts(shape, folded, count, quote) ? shape : undefined;
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

/** The words, folded, as far as they may come to a shape, and how many there were. */
function read(text: string, quote: string): { folded: Word[]; count: number } {
  const folded: Word[] = quote === '' ? [] : [{ kind: 's', text: quote }];
  const mayHide = text.includes('/*');
  let count = folded.length;
  TOKEN.lastIndex = 0;
  while (count < MOST_WORDS) {
    const found = TOKEN.exec(text);
    if (found === null) break;
    const kind = kindOf(found, text);
    if (kind === '') continue;
    // a comment counts only where nothing follows
    if (folded.at(-1)?.kind === 'c') folded.pop();
    count++;
    fold(folded, { kind, text: found[0].toLowerCase() });
    if (!mayHide && !BEGINNINGS.has(settled(folded))) break;
  }
  return { folded, count };
}

/** The kinds of all words but the last, which the next may be folded with. */
function settled(folded: readonly Word[]): string {
  let kinds = '';
  for (let i = 0; i < folded.length - 1 && i < LONGEST_SHAPE; i++) kinds += folded[i].kind;
  return kinds;
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

/**
 * Adds a word. Arithmetic and comparisons of numbers and names count as their first operand, signs and runs of operators
 * as one.
 */
function fold(list: Word[], word: Word): void {
  const last = list.at(-1);
  const before = list.at(-2);
  if (word.kind === 'o' && (last?.kind === 'o' || (last?.kind === '&' && SIGNS.includes(word.text)))) return;
  const isOperand = before !== undefined && OPERANDS.includes(before.kind) && OPERANDS.includes(word.kind);
  const isNext = word.kind === '1' && last?.kind === ',' && before?.kind === '1';
  if (isNext || (isOperand && last?.kind === 'o')) list.pop();
  else list.push(word);
}

/** Whether a shape that words of a text may have too is one of SQL here. */
function counts(shape: string, folded: readonly Word[], count: number, quote: string): boolean {
  const last = folded[folded.length - 1].text;
  switch (shape) {
    case 's&n':
    case 'n&1':
      return count > 3;
    case 'nc':
      return last.startsWith('/*');
    case 'sos':
    case 's&nos':
      return quote !== '' && last.startsWith(quote) && (last.length === 1 || !last.endsWith(quote));
    default:
      return true;
  }
}
