/** 32 bits of a text: FNV-1a with the finish of MurmurHash3, so that all bits depend on all characters. Not secret. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * How much a key prefers an origin, by weighted rendezvous hashing: a draw from an exponential distribution whose rate is
 * the weight, told by hash. The highest of several is each one's with the probability of its part of the weights, and none
 * depends on the others.
 *
 * @param key 32 bits
 * @param seed of the origin, 32 bits
 */
export function score(key: number, seed: number, weight: number): number {
  // two rounds: keys and seeds that differ by little must not draw alike
  const draw = (mix(mix(key ^ seed) + Math.imul(seed, 0x9e3779b1)) + 0.5) / 0x1_0000_0000;
  return Math.log(draw) / weight;
}
