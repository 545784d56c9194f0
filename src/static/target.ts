/** What a request target names in a folder. */

/** A path that a file may have. */
export interface StaticTarget {
  /** Names from the root on, decoded; empty for the root. None has a slash, is `.` or `..`, or is hidden. */
  readonly names: readonly string[];
  /** It ends with a slash, so that a folder is meant. */
  readonly isFolder: boolean;
  /** As in the request, without and with its `?`; the latter '' where there is none. */
  readonly path: string;
  readonly query: string;
}

/** Bytes of the longest name that file systems have. */
const LONGEST = 255;

/** The folder whose name begins with a dot and that is there for everybody (RFC 8615). */
const WELL_KNOWN = '.well-known';

/**
 * Reads a request target, decoding it once. What no file can be called, or what reads differently elsewhere, names
 * nothing: dot segments, empty ones, encoded slashes, backslashes, control characters, bytes that are no UTF-8.
 * @param dotfiles whether names may begin with a dot
 * @returns undefined where the target names nothing
 */
export function parseTarget(target: string, dotfiles: boolean): StaticTarget | undefined {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!path.startsWith('/') || /[^\x21-\x7e]|[#\\]/.test(path)) return undefined;
  const parts = path.slice(1).split('/');
  const isFolder = parts[parts.length - 1] === '';
  if (isFolder) parts.pop();
  const names: string[] = [];
  for (const part of parts) {
    const name = decodeName(part);
    if (name === undefined) return undefined;
    const isHidden = name.startsWith('.') && !dotfiles && !(names.length === 0 && name === WELL_KNOWN);
    if (isHidden) return undefined;
    names.push(name);
  }
  return { names, isFolder, path, query: mark < 0 ? '' : target.slice(mark) };
}

function decodeName(part: string): string | undefined {
  let name: string;
  try {
    name = decodeURIComponent(part);
  } catch {
    return undefined;
  }
  if (name === '' || name === '.' || name === '..' || /[/\\\x00-\x1f\x7f]/.test(name)) return undefined;
  return name.length * 3 > LONGEST && Buffer.byteLength(name) > LONGEST ? undefined : name;
}
