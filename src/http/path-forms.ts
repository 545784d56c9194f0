/** The ways in which origins may read one path. */

/** Nearly no path has any of it. */
const DOUBTFUL = /[%\\;]|\/[./]/;
/** `%252561` is a letter encoded three times; nothing decodes more often. */
const MOST_DECODED = 4;

/** The path as it is written, and where another reading is possible, as a lenient origin reads it. */
export function pathForms(path: string): readonly string[] {
  if (!DOUBTFUL.test(path)) return [path];
  const plain = lenient(path);
  return plain === path ? [path] : [path, plain];
}

/** Decoded as often as it goes, cut at what ends a path, `\` as `/`, without empty, `.` and `..` segments. */
function lenient(path: string): string {
  let text = path;
  for (let times = 0; times < MOST_DECODED; times += 1) {
    const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (decoded === text) break;
    text = decoded;
  }
  const segments: string[] = [];
  const cut = text.replaceAll('\\', '/').split(/[?#\0\r\n]/, 1)[0];
  for (const part of cut.split('/')) {
    const segment = part.split(';', 1)[0];
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const isFolder = /\/\.{0,2}$/.test(cut);
  return `/${segments.join('/')}${isFolder && segments.length > 0 ? '/' : ''}`;
}
