const EXTENSION = /^[A-Za-z][\dA-Za-z]{0,9}$/;

/** Characters of the longest hash. */
const LONG = 128;

/** Length of the hashes of bundlers that write them in other letters than those of hexadecimal digits. */
const SHORT = 8;

/**
 * Whether a path's last segment has a hash of the content in it, as bundlers write them: at least eight hexadecimal
 * digits, or eight letters and digits well mixed. Dates, versions and words are none; in doubt there is none.
 */
export function hasHashedName(path: string): boolean {
  const parts = path.slice(path.lastIndexOf('/') + 1).split('.');
  // `app.3f2a9c1b.js`, `app-3f2a9c1b.min.js`: at most three extensions
  for (let at = parts.length - 1; at > 0 && at > parts.length - 4; at--) {
    if (!EXTENSION.test(parts[at])) return false;
    const stem = parts[at - 1];
    if (isHash(stem.slice(lastSeparator(stem) + 1))) return true;
  }
  return false;
}

function lastSeparator(stem: string): number {
  return Math.max(stem.lastIndexOf('-'), stem.lastIndexOf('_'), stem.lastIndexOf('~'));
}

function isHash(token: string): boolean {
  if (!/\d/.test(token)) return false;
  if (token.length >= SHORT && token.length <= LONG && /^[\da-f]+$/.test(token)) return changes(token) >= 2;
  return token.length === SHORT && /^[\dA-Za-z]+$/.test(token) && changes(token) >= 4;
}

/** How often neighbouring characters are of different kinds: digits, small and capital letters. */
function changes(token: string): number {
  const kinds = token.replace(/\d/g, '0').replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A');
  let count = 0;
  for (let i = 1; i < kinds.length; i++) if (kinds[i] !== kinds[i - 1]) count++;
  return count;
}
