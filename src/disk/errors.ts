/** What an error of the file system or of SQLite says about a disk. */
export type ErrorKind =
  /** No room, in the file system or in a quota. */
  | 'full'
  /** It may be read but not written, or files may not grow (RLIMIT_FSIZE). */
  | 'read-only'
  /** Another has a lock. */
  | 'busy'
  /** The database is none, or is damaged. */
  | 'corrupt'
  /** It, or its folder, is not there any more. */
  | 'gone'
  | 'other';

const BY_CODE: Readonly<Record<string, ErrorKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'read-only',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
  ENOENT: 'gone',
  ENODEV: 'gone',
};

/** Primary result codes (https://www.sqlite.org/rescode.html). */
const BY_RESULT: Readonly<Record<number, ErrorKind>> = {
  5: 'busy',
  6: 'busy',
  8: 'read-only',
  11: 'corrupt',
  13: 'full',
  14: 'gone',
  26: 'corrupt',
};

export function errorKind(error: unknown): ErrorKind {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  // extended codes have the primary one in the low byte
  if (typeof errcode === 'number') return BY_RESULT[errcode & 0xff] ?? 'other';
  return (typeof code === 'string' && BY_CODE[code]) || 'other';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
