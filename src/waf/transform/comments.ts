import { writable, written } from './bytes.ts';

/** Each C comment becomes one space, also one without an end. */
export function replaceComments(value: string): string {
  let start = value.indexOf('/*');
  if (start < 0) return value;
  let out = '';
  let from = 0;
  while (start >= 0) {
    out += `${value.slice(from, start)} `;
    const end = value.indexOf('*/', start + 2);
    if (end < 0) return out;
    from = end + 2;
    start = value.indexOf('/*', from);
  }
  return out + value.slice(from);
}

/** Whether a character that begins a comment of any kind is there. */
const MAY_COMMENT = /\/\*|<!--|--|#/;

/**
 * Removes C and HTML comments whole and ends the value at `--` or `#`. The byte after a comment's end is taken as it is
 * (a NUL past the end of the value); a comment without an end leaves a space.
 */
export function removeComments(value: string): string {
  if (!MAY_COMMENT.test(value)) return value;
  const out = writable(value.length + 1);
  let length = 0;
  let i = 0;
  let inside = false;
  while (i < value.length) {
    if (inside) {
      const end = value.startsWith('*/', i) ? 2 : value.startsWith('-->', i) ? 3 : 0;
      inside = end === 0;
      i += end;
      if (!inside) out[length++] = i < value.length ? value.charCodeAt(i) : 0;
      i++;
    } else if (value.startsWith('/*', i) || value.startsWith('<!--', i)) {
      inside = true;
      i += value.charCodeAt(i) === 47 ? 2 : 4;
    } else if (value.startsWith('--', i) || value.charCodeAt(i) === 35) break;
    else out[length++] = value.charCodeAt(i++);
  }
  if (inside) out[length++] = 32;
  return written(out, length, value);
}

/** Removes the characters that begin and end comments, and leaves what they hold. */
export function removeCommentsChar(value: string): string {
  return value.replace(/\/\*|\*\/|<!--|-->|--|#/g, '');
}
