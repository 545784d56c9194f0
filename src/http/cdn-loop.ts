import { splitList } from './headers.ts';

/** How often a CDN-Loop value (its lines joined by commas) names this CDN, with or without parameters (RFC 8586 section 2). */
export function countCdnLoop(value: string | undefined, cdnId: string): number {
  if (value === undefined) return 0;
  let count = 0;
  for (const member of splitList(value)) {
    const end = member.search(/[;\s]/);
    if ((end < 0 ? member : member.slice(0, end)).toLowerCase() === cdnId.toLowerCase()) count++;
  }
  return count;
}

/** A CDN-Loop value with this CDN last. What was there stays as it is (RFC 8586 section 2). */
export function appendCdnLoop(existing: string | undefined, cdnId: string): string {
  return existing === undefined || existing === '' ? cdnId : `${existing}, ${cdnId}`;
}
