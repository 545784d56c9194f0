/**
 * JSON bodies as arguments, named as ModSecurity v3 names them: `json.a.b`, `json.a.array_0`; an empty key is
 * `empty-key`; null is an empty value, numbers and booleans are as written. A scanner of its own, since what came before
 * an error counts, duplicate keys count each, and numbers must keep their text. It recurses nowhere.
 */
import { type BodyBounds, type ParsedBody, parsedBody, TOO_MANY_ARGUMENTS } from './parsed-body.ts';

/** An object or array that is open. */
interface Level {
  readonly isArray: boolean;
  /** The name up to here. */
  readonly path: string;
  /** Elements seen. */
  count: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const LITERALS: readonly (readonly [text: string, value: string])[] = [
  ['true', 'true'],
  ['false', 'false'],
  ['null', ''],
];

class JsonError extends Error {}

/** Reads a whole JSON text (RFC 8259) of binary UTF-8. An empty one has no arguments and is no error. */
export function parseJson(text: string, bounds: BodyBounds): ParsedBody {
  const list: string[] = [];
  const scanner = new Scanner(text);
  let error = '';
  try {
    readDocument(scanner, list, bounds);
  } catch (thrown) {
    if (!(thrown instanceof JsonError)) throw thrown;
    error = thrown.message === TOO_MANY_ARGUMENTS ? thrown.message : `JSON parsing error: ${thrown.message}`;
  }
  return parsedBody({ arguments: list, error });
}

function readDocument(scanner: Scanner, list: string[], bounds: BodyBounds): void {
  scanner.space();
  if (scanner.atEnd()) return;
  const levels: Level[] = [];
  readValue(scanner, 'json', list, levels, bounds);
  while (levels.length > 0) readMember(scanner, list, levels, bounds);
  scanner.space();
  if (!scanner.atEnd()) throw new JsonError('trailing garbage');
}

/** The next member of the innermost level, or its end. */
function readMember(scanner: Scanner, list: string[], levels: Level[], bounds: BodyBounds): void {
  const level = levels[levels.length - 1];
  const close = level.isArray ? ']' : '}';
  scanner.space();
  if (scanner.take(close)) {
    levels.pop();
    return;
  }
  if (level.count > 0) {
    scanner.expect(',');
    scanner.space();
  }
  let name = `${level.path}.array_${level.count}`;
  if (!level.isArray) {
    const key = scanner.string();
    scanner.space();
    scanner.expect(':');
    name = `${level.path}.${key === '' ? 'empty-key' : key}`;
  }
  level.count++;
  scanner.space();
  readValue(scanner, name, list, levels, bounds);
}

function readValue(scanner: Scanner, name: string, list: string[], levels: Level[], bounds: BodyBounds): void {
  const isArray = scanner.take('[');
  if (isArray || scanner.take('{')) {
    if (levels.length >= bounds.jsonDepth) throw new JsonError('JSON depth limit exceeded');
    levels.push({ isArray, path: name, count: 0 });
    return;
  }
  const value = scanner.scalar();
  if (list.length >= bounds.arguments * 2) throw new JsonError(TOO_MANY_ARGUMENTS);
  list.push(name, value);
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  expect(char: string): void {
    if (!this.take(char)) throw new JsonError(this.atEnd() ? 'premature EOF' : `'${char}' expected at ${this.#at}`);
  }

  scalar(): string {
    if (this.#text[this.#at] === '"') return this.string();
    for (const [text, value] of LITERALS) {
      if (!this.#text.startsWith(text, this.#at)) continue;
      this.#at += text.length;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text);
    if (number === null) throw new JsonError(this.atEnd() ? 'premature EOF' : `invalid value at ${this.#at}`);
    this.#at = NUMBER.lastIndex;
    return number[0];
  }

  string(): string {
    this.expect('"');
    let value = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      PLAIN.test(this.#text);
      value += this.#text.slice(this.#at, PLAIN.lastIndex);
      this.#at = PLAIN.lastIndex;
      if (this.take('"')) return value;
      if (this.atEnd()) throw new JsonError('premature EOF');
      if (!this.take('\\')) throw new JsonError(`control byte in a string at ${this.#at}`);
      value += this.#escape();
    }
  }

  #escape(): string {
    const char = this.#text[this.#at++];
    const simple = SIMPLE_ESCAPES[char];
    if (simple !== undefined) return simple;
    if (char !== 'u') throw new JsonError(`invalid escape at ${this.#at}`);
    let code = this.#hex4();
    if (code >= 0xd800 && code < 0xdc00 && this.#text.startsWith('\\u', this.#at)) {
      this.#at += 2;
      const low = this.#hex4();
      // a surrogate without its other half becomes a question mark, as in yajl
      code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff) : 0x3f;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0x3f;
    }
    return Buffer.from(String.fromCodePoint(code)).toString('latin1');
  }

  #hex4(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new JsonError(`invalid \\u escape at ${this.#at}`);
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
