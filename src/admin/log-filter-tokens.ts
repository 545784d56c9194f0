// The words of a log filter.

/** A filter cannot be used; says where. */
export class FilterError extends Error {
  override name = 'FilterError';
  /** In the filter, from 0. */
  readonly at: number;
  readonly length: number;

  constructor(message: string, at: number, length: number) {
    super(message);
    this.at = at;
    this.length = length;
  }

  /** From 1, as people count. */
  get column(): number {
    return this.at + 1;
  }
}

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'operator' | '(' | ')' | 'end';
  /** Without quotes and their escapes, for a string. */
  readonly text: string;
  /** In the filter, from 0. */
  readonly at: number;
  readonly length: number;
}

/** The last alternative takes what is none of the others. */
const TOKEN =
  /\s*(?:([A-Za-z_]\w*)|(\d[\w.]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(&&|\|\||[=!<>]=|[=!]~|[<>!])|([()])|(.))/suy;

/** Single characters that were meant to be an operator. */
const MEANT: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||', '~': '=~' };

/** @throws FilterError */
export function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; filter.slice(end).trim() !== ''; end = TOKEN.lastIndex) {
    TOKEN.lastIndex = end;
    const match = TOKEN.exec(filter);
    if (match === null) break;
    const [, word, number, string, operator, parenthesis, other] = match;
    const text = word ?? number ?? string ?? operator ?? parenthesis ?? other;
    const at = TOKEN.lastIndex - text.length;
    if (other !== undefined) throw unexpected(other, at, filter.length);
    const kind = kindOf(match);
    tokens.push({ kind, text: string === undefined ? text : unquoted(string), at, length: text.length });
  }
  tokens.push({ kind: 'end', text: '', at: filter.length, length: 0 });
  return tokens;
}

function kindOf([, word, number, string, operator, parenthesis]: RegExpExecArray): Token['kind'] {
  if (word !== undefined) return 'word';
  if (number !== undefined) return 'number';
  if (string !== undefined) return 'string';
  return operator === undefined ? (parenthesis as '(' | ')') : 'operator';
}

/** Only quotes are escaped; every other backslash is the pattern's. */
function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(`\\${text[0]}`, text[0]);
}

function unexpected(character: string, at: number, length: number): FilterError {
  if (character === '"' || character === "'") return new FilterError('the text has no closing quote', at, length - at);
  const meant = Object.hasOwn(MEANT, character) ? `: did you mean ${MEANT[character]}?` : '';
  return new FilterError(`"${character}" is not expected here${meant}`, at, character.length);
}
