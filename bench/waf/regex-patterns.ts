/** A pattern of a rule set, and the id of its rule (0 for a rule of a chain). */
export interface RulePattern {
  readonly id: number;
  readonly source: string;
}

/** The patterns of `@rx` in texts of SecLang, found line by line: for benches, which need no more of the language. */
export function patternsOf(texts: readonly string[]): RulePattern[] {
  const out: RulePattern[] = [];
  for (const text of texts) {
    const lines = text
      .replace(/^#.*$/gm, '')
      .replace(/\\\n\s*/g, '')
      .split('\n');
    for (const line of lines) {
      const rule = /^\s*SecRule\s+\S+\s+"((?:[^"\\]|\\.)*)"\s*(.*)$/.exec(line);
      if (!rule) continue;
      const operator = rule[1].replaceAll('\\"', '"').replace(/^!/, '');
      const source = operator.startsWith('@rx ') ? operator.slice(4).trim() : operator;
      if (!source.startsWith('@')) out.push({ id: Number(/\bid:(\d+)/.exec(rule[2])?.[1] ?? 0), source });
    }
  }
  return out;
}
