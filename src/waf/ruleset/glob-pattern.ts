/** Globs of the configuration as patterns for `@rx`, so that rules can be chosen by path. */

/**
 * A pattern over the path for several globs, which match as in http/glob.ts: one without a slash the last segment, one
 * with a slash the whole path; case counts except in a file extension at the end.
 */
export function patternOfGlobs(globs: readonly string[]): string {
  return globs.map(patternOf).join('|');
}

function patternOf(glob: string): string {
  const isWhole = glob.includes('/');
  const text = isWhole && !glob.startsWith('/') ? `/${glob}` : glob;
  const extension = /\.[^./*?]+$/.exec(text)?.[0] ?? '';
  const stem = text.slice(0, text.length - extension.length);
  const any = isWhole ? '.*' : '[^/]*';
  const single = isWhole ? '.' : '[^/]';
  const body = stem.replaceAll(/\*+|\?|[^*?]/g, (part) => {
    if (part.startsWith('*')) return any;
    return part === '?' ? single : escaped(part);
  });
  const end = [...extension.split('')].map(eitherCase).join('');
  return `${isWhole ? '^' : '^.*/'}${body}${end}$`;
}

function escaped(char: string): string {
  return /[\w/-]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function eitherCase(char: string): string {
  return /[a-z]/i.test(char) ? `[${char.toLowerCase()}${char.toUpperCase()}]` : escaped(char);
}
