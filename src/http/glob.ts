/** Whether a path, without query, matches. */
export type PathMatcher = (path: string) => boolean;

/**
 * Compiles globs, comma-separated in one text or as a list, into one matcher over a path; it matches where any of them
 * does. A glob without a slash matches the last segment of the path, one with a slash the whole path (a missing first
 * slash is added). `*` is any number of characters, slashes included, `?` is one. Case counts, except in a file
 * extension at the glob's end: `*.js` matches `/A.JS`.
 *
 * Matching takes time linear in the path for globs without `?`, and at most path times glob for the others.
 */
export function compileGlobs(globs: string | readonly string[]): PathMatcher {
  const extensions = new Set<string>();
  const exact = new Set<string>();
  const others: PathMatcher[] = [];
  for (const glob of splitGlobs(globs)) {
    if (/^\*\.[^./*?]+$/.test(glob)) extensions.add(glob.slice(2).toLowerCase());
    else if (/^\/[^*?]*$/.test(glob) && splitExtension(glob).extension === '') exact.add(glob);
    else others.push(compileGlob(glob));
  }
  return (path) => {
    if (extensions.size > 0 && extensions.has(lastExtension(path))) return true;
    if (exact.size > 0 && exact.has(path)) return true;
    for (let i = 0; i < others.length; i++) if (others[i](path)) return true;
    return false;
  };
}

/** The globs of a comma-separated list or lists, trimmed, empty ones left out. */
export function splitGlobs(globs: string | readonly string[]): string[] {
  const lists = typeof globs === 'string' ? [globs] : globs;
  return lists
    .flatMap((list) => list.split(','))
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '');
}

/** What follows the last segment's last dot, in lower case; also where it begins with it, as `*` matches nothing as well. */
function lastExtension(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot <= path.lastIndexOf('/') ? '' : path.slice(dot + 1).toLowerCase();
}

/** What each `*` of a glob stands for in a path, from the left; undefined where the glob does not match. */
export type PathCapture = (path: string) => string[] | undefined;

/** As `compileGlobs` of this one glob. Each `*` but the last stands for as little as it can. */
export function compileCapture(glob: string): PathCapture {
  const matches = compileGlob(glob);
  return (path) => {
    const captured: string[] = [];
    return matches(path, captured) ? captured : undefined;
  };
}

function compileGlob(glob: string): (path: string, captured?: string[]) => boolean {
  const whole = glob.includes('/');
  const { stem, extension } = splitExtension(whole && !glob.startsWith('/') ? `/${glob}` : glob);
  const chunks = stem.split(/\*+/);
  return (path, captured) => {
    const end = path.length - extension.length;
    const start = whole ? 0 : path.lastIndexOf('/') + 1;
    if (end < start || (extension !== '' && path.slice(end).toLowerCase() !== extension)) return false;
    return matchChunks(chunks, path, start, end, captured);
  };
}

/** A glob's final extension with its dot, lowercase, and what comes before it. */
function splitExtension(glob: string): { stem: string; extension: string } {
  const match = /\.[^./*?]+$/.exec(glob);
  return match === null
    ? { stem: glob, extension: '' }
    : { stem: glob.slice(0, match.index), extension: match[0].toLowerCase() };
}

/** Whether path[start, end) is the chunks in order with anything between them: each is put as far left as it goes. */
function matchChunks(
  chunks: readonly string[],
  path: string,
  start: number,
  end: number,
  captured?: string[],
): boolean {
  const first = chunks[0];
  if (chunks.length === 1) return end - start === first.length && matchesAt(first, path, start);
  const last = chunks[chunks.length - 1];
  const lastAt = end - last.length;
  let at = start + first.length;
  if (lastAt < at || !matchesAt(first, path, start) || !matchesAt(last, path, lastAt)) return false;
  for (let i = 1; i < chunks.length - 1; i++) {
    const found = find(chunks[i], path, at, lastAt);
    if (found < 0) return false;
    captured?.push(path.slice(at, found));
    at = found + chunks[i].length;
  }
  captured?.push(path.slice(at, lastAt));
  return true;
}

function find(chunk: string, path: string, from: number, end: number): number {
  if (!chunk.includes('?')) {
    const found = path.indexOf(chunk, from);
    return found >= 0 && found + chunk.length <= end ? found : -1;
  }
  for (let at = from; at + chunk.length <= end; at++) if (matchesAt(chunk, path, at)) return at;
  return -1;
}

function matchesAt(chunk: string, path: string, at: number): boolean {
  if (!chunk.includes('?')) return path.startsWith(chunk, at);
  for (let i = 0; i < chunk.length; i++) {
    const code = chunk.charCodeAt(i);
    if (code !== 0x3f && code !== path.charCodeAt(at + i)) return false;
  }
  return true;
}
