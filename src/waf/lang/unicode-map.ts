/** Files that SecUnicodeMapFile names: bytes for Unicode code points, in one table a code page. */

import { Misuse } from './mistakes.ts';

/** The table of one code page. @throws Misuse where the file has none */
export function parseUnicodeMap(text: string, codePage: number): ReadonlyMap<number, number> {
  const map = new Map<number, number>();
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*(\d{1,6})\s*(?:\(|$)/.exec(line);
    if (head !== null || /^\s*\(/.test(line)) isInside = Number(head?.[1]) === codePage;
    if (!isInside || line.startsWith('#')) continue;
    for (const [, point, byte] of line.matchAll(/(?:^|\s)([0-9a-f]{4,6}):([0-9a-f]{2})(?=\s|$)/gi))
      map.set(Number.parseInt(point, 16), Number.parseInt(byte, 16));
  }
  if (map.size > 0) return map;
  throw new Misuse(
    `the file has no table for code page ${codePage}`,
    'give the number of one that it has, such as 20127',
  );
}
