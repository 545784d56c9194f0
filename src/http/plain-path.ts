/** What makes origins read a path otherwise than it is written: nearly no request has any of it. */
const DOUBTFUL = /[\\;#]|\/[./]|%(?:[01%]|2[35ef]|3[\dbf]|5c|[46][1-6]|7f|u|c[01])/i;

/** What ends a path, or a part of one, for some programs; control characters come encoded only. */
const END = /(?:[;?#]|%(?:[01][\da-f]|23|3[bf]|7f))+/gi;

/** `.` and `..` as a segment. Clients resolve them before they ask (RFC 3986 section 5.2.4). */
const DOT_SEGMENT = /\/\.{1,2}(?:[/;]|$)/;

/** Encodings that only some programs decode: `%u002f`, and UTF-8 longer than it need be (`%c0%af`). */
const ODD_ENCODING = /%(?:25)*(?:u|c[01])/i;

/** Encoded twice or more: `%252f`, or with its digits encoded (`%25%32%66`, `%2%66`). */
const ENCODED_TWICE = /%(?:25)+(?:[01][\da-f]|2[3ef]|3[bf]|5c|7f)|%(?:25)*[\da-f]?%(?:3\d|[46][1-6])/i;

/**
 * A path (without query) as a lenient origin reads it: decoded where that means something, with `\` and `//` as `/`, and
 * ended at `;`, `?`, `#` or a control character. An ordinary path stays as it is, encoded letters too. Undefined where
 * the origin may take the path for any other: with dot segments, however written, and with doubly encoded characters.
 */
export function plainPath(path: string): string | undefined {
  if (!DOUBTFUL.test(path)) return path;
  if (ODD_ENCODING.test(path) || ENCODED_TWICE.test(path)) return undefined;
  const text = decode(path)
    .replace(END, ';')
    .replace(/\/{2,}/g, '/');
  return DOT_SEGMENT.test(text) ? undefined : beforeSemicolon(text);
}

/** A glob to compare with plain paths: one that is written with what these lack is meant to match all the same. */
export function plainGlob(glob: string): string {
  return beforeSemicolon(decode(glob));
}

function decode(text: string): string {
  return text.replace(/%2f|%5c|\\/gi, '/').replace(/%2e/gi, '.');
}

function beforeSemicolon(text: string): string {
  const end = text.indexOf(';');
  return end < 0 ? text : text.slice(0, end);
}
