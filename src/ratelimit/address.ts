/** The groups of an IPv6 address. */
const groups = new Uint16Array(8);

/** The words of an address's network, filled by `addressWords`. */
export const network = new Int32Array(4);

/**
 * Fills `network` with what counts as one client: an IPv4 address, or the first `prefix` bits of an IPv6 address.
 * @param text as `plainAddress` writes it @returns false where it is no address
 */
export function addressWords(text: string, prefix: number): boolean {
  network.fill(0);
  if (!text.includes(':')) {
    network[1] = ipv4Word(text);
    return text !== '';
  }
  network[0] = prefix;
  if (!parseGroups(text)) return false;
  for (let i = 0; i < 8; i++) {
    const bits = Math.max(0, Math.min(16, prefix - 16 * i));
    groups[i] &= 0xffff << (16 - bits);
  }
  network[0] ^= (groups[0] << 16) | groups[1];
  network[1] = (groups[2] << 16) | groups[3];
  network[2] = (groups[4] << 16) | groups[5];
  network[3] = (groups[6] << 16) | groups[7];
  // an IPv4 address has nothing in the first word
  if (network[0] === 0) network[0] = 1;
  return true;
}

function ipv4Word(text: string): number {
  let word = 0;
  let part = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      word = (word << 8) | part;
      part = 0;
    } else part = part * 10 + code - 0x30;
  }
  return (word << 8) | part;
}

/** @returns false where it is no IPv6 address in its shortest form */
function parseGroups(text: string): boolean {
  groups.fill(0);
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
  groups.copyWithin(8 - (at - gap), gap, at);
  groups.fill(0, gap, 8 - (at - gap));
  return true;
}
