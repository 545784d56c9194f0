import { trimOws } from './chars.ts';

/**
 * A Cookie field with the named cookies alone, `a=1; b=2`: in the order of `names`, several of one name in the order
 * they were sent; '' where there is none of them. Names are compared exactly (RFC 6265 section 5.4).
 */
export function selectCookies(field: string, names: readonly string[]): string {
  let kept = '';
  for (const name of names) {
    for (let at = 0; at < field.length; ) {
      let end = field.indexOf(';', at);
      if (end < 0) end = field.length;
      const pair = cookieOf(field, at, end, name);
      if (pair !== '') kept = kept === '' ? pair : `${kept}; ${pair}`;
      at = end + 1;
    }
  }
  // the field itself where nothing is to be changed
  return kept === field ? field : kept;
}

/** The pair that stands in field[at, end) where it is of this name, else ''. */
function cookieOf(field: string, at: number, end: number, name: string): string {
  let from = at;
  while (from < end && isSpace(field, from)) from++;
  if (!field.startsWith(name, from)) return '';
  let equals = from + name.length;
  while (equals < end && isSpace(field, equals)) equals++;
  if (equals >= end || field.charCodeAt(equals) !== 0x3d) return '';
  return `${name}=${trimOws(field.slice(equals + 1, end))}`;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
