import { writable, written } from './bytes.ts';

const SLASH = 47;
const BACKSLASH = 92;
const DOT = 46;

/** Removes empty segments, self references and back references (never above the root of an absolute path). */
export function normalisePath(value: string): string {
  return value.includes('//') || value.includes('.') ? normalise(value, false) : value;
}

/** As `normalisePath`, with backslashes as slashes. */
export function normalisePathWin(value: string): string {
  return value.includes('\\') ? normalise(value, true) : normalisePath(value);
}

/**
 * One pass that copies `src` to `dst` and looks only at ends of segments, as ModSecurity's does, so that its odd cases
 * (`a/...`, `..` at the root of a relative path, a trailing slash) come out alike.
 */
function normalise(value: string, win: boolean): string {
  const bytes = writable(value.length + 1);
  bytes.write(value, 0, 'latin1');
  const last = value.length - 1;
  const isSlash = (code: number | undefined): boolean => code === SLASH || (win && code === BACKSLASH);
  const relative = !isSlash(bytes[0]);
  const trailing = isSlash(bytes[last]);
  let src = 0;
  let dst = 0;
  let hitRoot = false;
  let done = false;
  while (!done && src <= last && dst <= last) {
    if (isSlash(bytes[src])) bytes[src] = SLASH;
    if (src < last && isSlash(bytes[src + 1])) bytes[src + 1] = SLASH;
    done = src === last;
    if ((done || bytes[src + 1] === SLASH) && !(bytes[src] === SLASH && !done)) {
      if (bytes[src] === DOT) {
        if (dst > 0 && bytes[dst - 1] === DOT) {
          if (relative && (hitRoot || dst - 2 <= 0)) hitRoot = true;
          else {
            dst -= 3;
            while (dst > 0 && bytes[dst] !== SLASH) dst--;
            if (dst <= 0) {
              hitRoot = true;
              dst = !relative && src === last ? 1 : 0;
            }
            if (done) break;
            src++;
          }
        } else if (dst === 0) {
          if (done) break;
          src++;
        } else if (bytes[dst - 1] === SLASH) {
          if (done) break;
          dst--;
          src++;
        }
      } else if (dst > 0) hitRoot = false;
    }
    if (bytes[src] === SLASH) {
      while (src < last && isSlash(bytes[src + 1])) src++;
      if (relative && dst === 0) {
        src++;
        continue;
      }
    }
    bytes[dst++] = bytes[src++]!;
  }
  if (!trailing && dst > 0 && bytes[dst - 1] === SLASH) dst--;
  return written(bytes, dst, value);
}
