/**
 * Tags that an origin gives its responses for purging: `Cache-Tag` (Cloudflare, Akamai: comma-separated), `Surrogate-Key`
 * (Fastly: space-separated) and `xkey` (Varnish's vmod_xkey: spaces or commas, several lines).
 */
import type { HeaderList } from './headers.ts';

/** Bytes of the longest tag; a purge cannot name a longer one, and so it is no tag. */
export const MAX_TAG = 1024;

/** Spaces separate everywhere; a comma does not in Surrogate-Key, where it may stand in a key. */
const SEPARATORS: Readonly<Record<string, RegExp>> = {
  'cache-tag': /[ \t,]+/,
  'surrogate-key': /[ \t]+/,
  xkey: /[ \t,]+/,
};

/** Names (lowercase) of the fields that hold tags; clients do not get them. */
export const TAG_FIELDS: readonly string[] = Object.keys(SEPARATORS);

/** The tags of a response, latin1, case kept, each once, in the order of the lines. All count, however many there are. */
export function parseCacheTags(headers: HeaderList): string[] {
  let tags: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (!TAG_FIELDS.includes(name)) continue;
    tags ??= new Set();
    for (const tag of headers[i + 1].split(SEPARATORS[name])) if (tag !== '' && tag.length <= MAX_TAG) tags.add(tag);
  }
  return tags === undefined ? [] : [...tags];
}
