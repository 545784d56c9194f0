/** What makes origins read a path otherwise than it is written: nearly no request has any of it. */
const DOUBTFUL = /[\\;#]|\/[./]|%(?:[01]|2[35ef]|3[bf]|5c|7f|u|c[01])/i;

/** Encodings that only some programs take for others: `%u002f`, and UTF-8 longer than it need be (`%c0%af`). */
const UNREADABLE = /%(?:u|c[01])/i;

/** `.` and `..` as a segment. Clients resolve them before they ask (RFC 3986 section 5.2.4). */
const DOT_SEGMENT = /\/\.{1,2}(?![^/;?#\p{Cc}])/u;

/** Whatever ends a path, or a part of one, for some programs. */
const END = /[;?#\p{Cc}]/u;

/** Encoded characters that mean something in a path; others name the same file either way. */
const MEANINGFUL = /%(?:[01][\da-f]|2[35ef]|3[bf]|5c|7f)/gi;

/** How often a path may be decoded before nothing is left to decode. */
const ROUNDS = 3;

const NONE: readonly string[] = [];

/**
 * Other paths that an origin may take a path (without query) for: it may decode it, more than once too, take `\` for
 * `/` and `//` for `/`, and end it at `;`, `?`, `#` or a control character. None for an ordinary path. Undefined where
 * they cannot be told: with dot segments, however written, the path may be read as any other.
 */
export function otherReadings(path: string): readonly string[] | undefined {
  if (!DOUBTFUL.test(path)) return NONE;
  const readings: string[] = [];
  let text = path;
  for (let round = 0; round <= ROUNDS; round++) {
    if (UNREADABLE.test(text)) return undefined;
    const slashed = text.replace(/[\\/]+/g, '/');
    if (DOT_SEGMENT.test(slashed)) return undefined;
    const reading = cut(slashed);
    if (reading !== path && !readings.includes(reading)) readings.push(reading);
    const decoded = decode(text);
    if (decoded === text) return readings;
    text = decoded;
  }
  return undefined;
}

/** A glob to compare with the other readings of a path: one that is written with such characters itself is meant so. */
export function readingGlob(glob: string): string {
  const end = glob.indexOf(';');
  return decode(end < 0 ? glob : glob.slice(0, end));
}

function cut(text: string): string {
  const end = text.search(END);
  return end < 0 ? text : text.slice(0, end);
}

function decode(text: string): string {
  return text.replace(MEANINGFUL, (triple) => String.fromCharCode(Number.parseInt(triple.slice(1), 16)));
}
