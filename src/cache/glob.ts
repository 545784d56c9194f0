/** A purge pattern, compiled: `*` stands for any characters, also none; everything else for itself. */
export interface Glob {
  kind: 'exact' | 'all' | 'glob';
  text: string;
  /** Text between the stars: the first is a prefix, the last a suffix. */
  parts: string[];
}

export function compileGlob(pattern: string): Glob {
  const parts = pattern.split('*').filter((part, i, all) => part !== '' || i === 0 || i === all.length - 1);
  if (parts.length === 1) return { kind: 'exact', text: pattern, parts };
  return { kind: parts.every((part) => part === '') ? 'all' : 'glob', text: pattern, parts };
}

/** A text that stands for itself alone. */
export function exactGlob(text: string): Glob {
  return { kind: 'exact', text, parts: [text] };
}

/** Linear in the text for each part, no backtracking: the leftmost place of each part leaves the most to the rest. */
export function globMatches(glob: Glob, text: string): boolean {
  if (glob.kind === 'all') return true;
  if (glob.kind === 'exact') return text === glob.text;
  const parts = glob.parts;
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const found = text.indexOf(parts[i], at);
    if (found < 0 || found + parts[i].length > end) return false;
    at = found + parts[i].length;
  }
  return true;
}
