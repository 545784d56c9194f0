import { addRange, emptySet, has, inverted } from '../regex/byte-set.ts';
import { OperatorError } from './operator.ts';

/** The bytes that `@validateByteRange` refuses: all but `10,13,32-126`. */
export function refusedBytes(argument: string): Uint32Array {
  const allowed = emptySet();
  for (const part of argument.split(',')) {
    const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    const first = Number(match?.[1] ?? -1);
    const last = Number(match?.[2] ?? first);
    if (first < 0 || last > 255 || last < first) {
      throw new OperatorError(`"${part.trim()}" is no range of bytes; write 32-126 or 10, from 0 to 255`);
    }
    addRange(allowed, first, last);
  }
  return inverted(allowed);
}

/** Whether the value has one of the bytes. */
export function hasByteOf(set: Uint32Array, value: string): boolean {
  for (let i = 0; i < value.length; i++) if (has(set, value.charCodeAt(i))) return true;
  return false;
}

/** A percent sign without two hexadecimal digits after it. */
export function isInvalidUrlEncoding(value: string): boolean {
  return value.includes('%') && /%(?![0-9a-fA-F]{2})/.test(value);
}

/** Cut or overlong sequences, surrogates and what is beyond U+13FFFF (first bytes from F5 on). */
export function isInvalidUtf8(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const first = value.charCodeAt(i);
    if (first < 0x80) continue;
    const more =
      first >= 0xc0 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
    let point = first & (0x3f >> more);
    for (let left = more; left > 0; left--) {
      const code = value.charCodeAt(++i);
      if ((code & 0xc0) !== 0x80) return true;
      point = (point << 6) | (code & 0x3f);
    }
    if (more === 0 || point < LEAST[more] || (point >= 0xd800 && point <= 0xdfff)) return true;
  }
  return false;
}

/** The least code point that needs so many bytes after the first. */
const LEAST = [0, 0x80, 0x800, 0x10000];
