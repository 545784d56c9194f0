import type { KeyedHash } from './hash.ts';

/** The groups of an IPv6 address. */
const groups = new Uint16Array(8);

/** What stands before the words of an IPv4 address, of an IPv6 network, and of what is no address. */
const IPV4 = 4;
const IPV6 = 6;
const NONE = 0;

/**
 * Adds what counts as one client to a hash: an IPv4 address, or the first `prefix` bits of an IPv6 address.
 * @param text as `plainAddress` writes it
 */
export function addAddress(hash: KeyedHash, text: string, prefix: number): void {
  const word = ipv4Word(text);
  if (word !== NOT_IPV4) {
    hash.word(IPV4);
    hash.word(word);
    return;
  }
  if (!parseGroups(text)) {
    hash.word(NONE);
    hash.text(text);
    return;
  }
  hash.word(IPV6);
  for (let i = 0; 32 * i < prefix; i++) {
    const bits = Math.min(32, prefix - 32 * i);
    hash.word(((groups[2 * i] << 16) | groups[2 * i + 1]) & (-1 << (32 - bits)));
  }
}

/** No word of 32 bits. */
const NOT_IPV4 = 2 ** 40;

function ipv4Word(text: string): number {
  let word = 0;
  let part = 0;
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      word = (word << 8) | part;
      part = 0;
    } else if (code >= 0x30 && code <= 0x39) part = part * 10 + code - 0x30;
    else return NOT_IPV4;
  }
  return length === 0 ? NOT_IPV4 : (word << 8) | part;
}

/** @returns false where it is no IPv6 address in its shortest form */
function parseGroups(text: string): boolean {
  let at = 0;
  let gap = -1;
  let value = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x3a) {
      value = (value << 4) | (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);
      digits++;
      continue;
    }
    if (digits > 0) {
      if (at > 7) return false;
      groups[at++] = value;
    }
    if (digits === 0 && i > 0) gap = at;
    value = digits = 0;
  }
  if (digits > 0) {
    if (at > 7) return false;
    groups[at++] = value;
  }
  if (gap < 0) return at === 8;
  // what follows the gap goes to the end
  for (let to = 7; to >= gap; to--) {
    const from = to - 8 + at;
    groups[to] = from >= gap ? groups[from] : 0;
  }
  return true;
}
