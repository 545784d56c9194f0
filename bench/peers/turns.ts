/**
 * The same items, starting with another one each round and every second round backwards, so that none always
 * follows the same neighbour.
 */
export function turn<T>(items: readonly T[], round: number): T[] {
  const at = items.length === 0 ? 0 : round % items.length;
  const turned = [...items.slice(at), ...items.slice(0, at)];
  return round % 2 === 0 ? turned : turned.reverse();
}
