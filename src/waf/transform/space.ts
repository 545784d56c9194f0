import { isSpace, writable, written } from './bytes.ts';

/** Runs of white space become one space. */
export function compressWhitespace(value: string): string {
  return /[\t-\r]|\x20[\t-\r\x20]/.test(value) ? value.replace(/[\t-\r\x20]+/g, ' ') : value;
}

/** Removes white space and the non-breaking space of Latin-1. */
export function removeWhitespace(value: string): string {
  return /[\t-\r\x20\xa0]/.test(value) ? value.replace(/[\t-\r\x20\xa0]+/g, '') : value;
}

export function removeNulls(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '') : value;
}

export function replaceNulls(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', ' ') : value;
}

export function trimLeft(value: string): string {
  let start = 0;
  while (isSpace(value.charCodeAt(start))) start++;
  return start === 0 ? value : value.slice(start);
}

export function trimRight(value: string): string {
  let end = value.length;
  while (end > 0 && isSpace(value.charCodeAt(end - 1))) end--;
  return end === value.length ? value : value.slice(0, end);
}

export function trim(value: string): string {
  return trimLeft(trimRight(value));
}

/** Bytes that `cmdLine` changes wherever they stand, and the space, which it changes before some. */
const IN_CMD_LINE = Uint8Array.from({ length: 256 }, (_, code) =>
  code === 32 ? 2 : /["'\\^,;\t\r\nA-Z]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function changesInCmdLine(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const kind = IN_CMD_LINE[value.charCodeAt(i) & 255];
    if (kind === 0) continue;
    if (kind === 1) return true;
    const next = value.charCodeAt(i + 1);
    if (next === 32 || next === 47 || next === 40) return true;
  }
  return false;
}

/** The value as a shell or cmd.exe would read it: escapes and quotes gone, separators one space, lower case. */
export function cmdLine(value: string): string {
  if (!changesInCmdLine(value)) return value;
  const out = writable(value.length);
  let length = 0;
  let space = false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    const kind = CMD_LINE[code];
    if (kind === REMOVED) continue;
    if (kind === SEPARATOR) {
      if (!space) out[length++] = 32;
      space = true;
      continue;
    }
    if (kind === JOINED && space) length--;
    out[length++] = code >= 65 && code <= 90 ? code + 32 : code;
    space = false;
  }
  return written(out, length, value);
}

const REMOVED = 1;
const SEPARATOR = 2;
const JOINED = 3;
const CMD_LINE = Uint8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  if ('"\'\\^'.includes(char)) return REMOVED;
  if (' ,;\t\r\n'.includes(char)) return SEPARATOR;
  return '/('.includes(char) ? JOINED : 0;
});
