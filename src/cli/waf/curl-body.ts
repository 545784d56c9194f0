import { formBody } from './curl-form.ts';
import type { ValuedOption } from './curl-options.ts';

/** Reads a file; `-` is stdin. */
export type ReadFile = (name: string) => Buffer;

export type BodyOption = Extract<
  ValuedOption,
  'data' | 'data-raw' | 'data-binary' | 'data-urlencode' | 'json' | 'form' | 'form-string' | 'upload'
>;

/** A body with what curl says beside it. */
export interface CurlBody {
  readonly bytes: Buffer;
  readonly method: 'POST' | 'PUT';
  readonly type: string | undefined;
  readonly accept: string | undefined;
}

/** Gathers what options say of the body. */
export class BodyParts {
  readonly #readFile: ReadFile;
  readonly #given: { option: BodyOption; value: string }[] = [];

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  add(option: BodyOption, value: string): void {
    this.#given.push({ option, value });
  }

  /** Undefined where there is none. */
  body(): CurlBody | undefined {
    const given = this.#given;
    const upload = given.find(({ option }) => option === 'upload');
    if (upload !== undefined)
      return { bytes: this.#readFile(upload.value), method: 'PUT', type: undefined, accept: undefined };
    const forms = given.filter(({ option }) => option === 'form' || option === 'form-string');
    if (forms.length > 0) {
      const parts = forms.map(({ option, value }) => ({ text: value, isPlain: option === 'form-string' }));
      return { ...formBody(parts, this.#readFile), method: 'POST', accept: undefined };
    }
    if (given.length === 0) return undefined;
    const isJson = given.some(({ option }) => option === 'json');
    return {
      bytes: this.#joined(),
      method: 'POST',
      type: isJson ? 'application/json' : 'application/x-www-form-urlencoded',
      accept: isJson ? 'application/json' : undefined,
    };
  }

  /** Pieces with `&` between them; those of --json follow one another. */
  #joined(): Buffer {
    const pieces = this.#given.flatMap(({ option, value }, i) => {
      const bytes = this.#bytesOf(option, value);
      return i > 0 && option !== 'json' ? [Buffer.from('&'), bytes] : [bytes];
    });
    return Buffer.concat(pieces);
  }

  #bytesOf(option: BodyOption, value: string): Buffer {
    if (option === 'data-urlencode') return Buffer.from(this.encoded(value));
    if (option === 'data-raw' || !value.startsWith('@')) return Buffer.from(value);
    const bytes = this.#readFile(value.slice(1));
    // curl leaves line ends out
    return option === 'data' ? Buffer.from(bytes.toString('latin1').replace(/[\r\n\0]/g, ''), 'latin1') : bytes;
  }

  /** `content`, `=content`, `name=content`, `@file`, `name@file`. */
  encoded(text: string): string {
    const [, name = '', sign = '', rest = ''] = /^([^=@]*)([=@]?)(.*)$/s.exec(text) ?? [];
    if (sign === '') return percent(Buffer.from(name));
    const value = percent(sign === '@' ? this.#readFile(rest) : Buffer.from(rest));
    return name === '' ? value : `${name}=${value}`;
  }
}

function percent(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\w.~-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
