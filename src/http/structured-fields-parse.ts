import {
  type SfBareItem,
  SfDate,
  SfDecimal,
  SfDisplayString,
  type SfInnerList,
  type SfItem,
  type SfMember,
  type SfParameters,
  SfToken,
} from './structured-fields.ts';

class SyntaxFault extends Error {}

/** A dictionary field, its lines joined by commas (RFC 9651 section 4.2.2); undefined where it does not parse. */
export function parseSfDictionary(value: string): Map<string, SfMember> | undefined {
  return parseWhole(value, (reader) => {
    const dictionary = new Map<string, SfMember>();
    reader.list(() => {
      const key = reader.key();
      const member = reader.take('=') ? reader.member() : { value: true, parameters: reader.parameters() };
      dictionary.delete(key);
      dictionary.set(key, member);
    });
    return dictionary;
  });
}

/** A list field, its lines joined by commas (RFC 9651 section 4.2.1); undefined where it does not parse. */
export function parseSfList(value: string): SfMember[] | undefined {
  return parseWhole(value, (reader) => {
    const members: SfMember[] = [];
    reader.list(() => members.push(reader.member()));
    return members;
  });
}

/** An item field (RFC 9651 section 4.2.3); undefined where it does not parse. */
export function parseSfItem(value: string): SfItem | undefined {
  return parseWhole(value, (reader) => reader.item());
}

function parseWhole<T>(value: string, parse: (reader: Reader) => T): T | undefined {
  const reader = new Reader(value.replace(/^ +/, ''));
  try {
    const result = parse(reader);
    reader.spaces();
    return reader.atEnd() ? result : undefined;
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined;
    throw error;
  }
}

/** A recursive-descent reader over one field value; every method throws SyntaxFault where the text does not fit. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  spaces(): void {
    while (this.#text.charCodeAt(this.#at) === 0x20) this.#at++;
  }

  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  /** Comma-separated members, each read by `readMember`; a trailing comma is a fault. */
  list(readMember: () => void): void {
    while (!this.atEnd()) {
      readMember();
      this.#match(/[ \t]*/y);
      if (this.atEnd()) return;
      if (!this.take(',')) throw new SyntaxFault();
      this.#match(/[ \t]*/y);
      if (this.atEnd()) throw new SyntaxFault();
    }
  }

  member(): SfMember {
    return this.take('(') ? this.#innerList() : this.item();
  }

  item(): SfItem {
    return { value: this.#bareItem(), parameters: this.parameters() };
  }

  key(): string {
    return this.#expect(/[a-z*][a-z0-9_\-.*]*/y);
  }

  parameters(): SfParameters {
    const parameters: SfParameters = new Map();
    while (this.take(';')) {
      this.spaces();
      const key = this.key();
      const value = this.take('=') ? this.#bareItem() : true;
      parameters.delete(key);
      parameters.set(key, value);
    }
    return parameters;
  }

  #innerList(): SfInnerList {
    const items: SfItem[] = [];
    for (;;) {
      this.spaces();
      if (this.take(')')) return { items, parameters: this.parameters() };
      items.push(this.item());
      const next = this.#text[this.#at];
      if (next !== ' ' && next !== ')') throw new SyntaxFault();
    }
  }

  #bareItem(): SfBareItem {
    const first = this.#text[this.#at] ?? '';
    if (first === '"') return this.#string();
    if (first === ':') return this.#bytes();
    if (first === '?') return this.#expect(/\?[01]/y) === '?1';
    if (first === '@') return this.#date();
    if (first === '%') return this.#displayString();
    if (/[A-Za-z*]/.test(first)) return new SfToken(this.#expect(/[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y));
    return this.#number();
  }

  #number(): number | SfDecimal {
    const text = this.#expect(/-?\d+(?:\.\d*)?/y);
    const [integer, fraction] = text.replace('-', '').split('.');
    if (fraction === undefined) {
      if (integer.length > 15) throw new SyntaxFault();
      return Number(text) || 0;
    }
    if (integer.length > 12 || fraction.length < 1 || fraction.length > 3) throw new SyntaxFault();
    return new SfDecimal(Number(text));
  }

  #date(): SfDate {
    this.#at++;
    const seconds = this.#number();
    if (typeof seconds !== 'number') throw new SyntaxFault();
    return new SfDate(seconds);
  }

  #string(): string {
    const text = this.#expect(/"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y);
    return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  }

  #bytes(): Uint8Array {
    const text = this.#expect(/:[A-Za-z0-9+/]*={0,2}:/y);
    return new Uint8Array(Buffer.from(text.slice(1, -1), 'base64'));
  }

  #displayString(): SfDisplayString {
    const text = this.#expect(/%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y);
    try {
      return new SfDisplayString(decodeURIComponent(text.slice(2, -1)));
    } catch {
      throw new SyntaxFault();
    }
  }

  #expect(pattern: RegExp): string {
    const text = this.#match(pattern);
    if (text === undefined) throw new SyntaxFault();
    return text;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }
}
