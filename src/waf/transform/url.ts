import { foldFullWidth, hexPair, isAlphanumeric, plusAsSpace, writable, written } from './bytes.ts';

/** Code points to bytes, as SecUnicodeMapFile gives them; what it does not name is absent. */
export type UnicodeMap = ReadonlyMap<number, number>;

const PERCENT = 37;
const PLUS = 43;
const SPACE = 32;

/** `%HH` and `+`; what is no valid escape stays as it is. */
export function urlDecode(value: string): string {
  if (!value.includes('%')) return plusAsSpace(value);
  const out = writable(value.length);
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    const byte = code === PERCENT ? hexPair(value, i + 1) : -1;
    if (byte >= 0) {
      out[length++] = byte;
      i += 2;
    } else out[length++] = code === PLUS ? SPACE : code;
  }
  return written(out, length, value);
}

/** As `urlDecode`, and IIS's `%uHHHH`: by the map where it has the code point, else by `unmapped`. */
export function urlDecodeUni(map: UnicodeMap | undefined): (value: string) => string {
  return (value) => {
    if (!value.includes('%')) return plusAsSpace(value);
    const out = writable(value.length);
    let length = 0;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code !== PERCENT) {
        out[length++] = code === PLUS ? SPACE : code;
        continue;
      }
      const isUnicode = (value.charCodeAt(i + 1) | 32) === 117;
      const byte = isUnicode ? unicodeEscape(value, i + 2, map) : hexPair(value, i + 1);
      if (byte >= 0) {
        out[length++] = byte;
        i += isUnicode ? 5 : 2;
      } else out[length++] = code;
    }
    return written(out, length, value);
  };
}

/** The byte that four hexadecimal digits at `at` stand for, -1 where they are not four. */
function unicodeEscape(value: string, at: number, map: UnicodeMap | undefined): number {
  const high = hexPair(value, at);
  const low = hexPair(value, at + 2);
  if (high < 0 || low < 0) return -1;
  return map?.get(high * 256 + low) ?? (high === 0xff ? foldFullWidth(low) : low);
}

const HEX = '0123456789abcdef';

/** All but letters, digits and `*` as `%hh`; a space as `+`. */
export function urlEncode(value: string): string {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (isAlphanumeric(code) || code === 42) out += value[i];
    else out += code === SPACE ? '+' : `%${HEX[code >> 4]}${HEX[code & 15]}`;
  }
  return out === value ? value : out;
}
