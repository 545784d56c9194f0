import { splitList } from './headers.ts';

/**
 * A Via value with this proxy last (RFC 9110 section 7.6.3).
 *
 * @param version of the message received, such as `1.1` or `2`
 */
export function appendVia(existing: string | undefined, version: string, pseudonym: string): string {
  const own = `${version} ${pseudonym}`;
  return existing === undefined || existing === '' ? own : `${existing}, ${own}`;
}

/** How often a Via value names this proxy as a recipient. */
export function countVia(value: string | undefined, pseudonym: string): number {
  if (value === undefined) return 0;
  return splitList(value).filter((member) => member.split(/[ \t]+/, 2)[1] === pseudonym).length;
}
