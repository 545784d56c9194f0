import { lookup } from 'mime-types';

/** Types that are text, and that browsers would take for another charset unless told. */
const TEXT = /^(?:text\/|application\/(?:javascript|xhtml\+xml|xml)$)/;

/** Content-Type for a file, by its name. */
export function contentTypeOf(name: string): string {
  const type = lookup(name) || 'application/octet-stream';
  return TEXT.test(type) ? `${type}; charset=utf-8` : type;
}
