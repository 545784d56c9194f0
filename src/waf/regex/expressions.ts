import type { ParsedPattern } from './pattern.ts';
import { type Rendered, render } from './render.ts';

/** Groups beyond are not kept. */
export const MOST_CAPTURES = 10;

/**
 * A pattern as JavaScript's expressions, written when they are first needed: one for values without a line feed, and one
 * for those with, where `^` and `$` are in it.
 */
export class Expressions {
  private readonly pattern: ParsedPattern;
  private oneLine: RegExp | undefined;
  private manyLines: RegExp | undefined;
  private groups: Rendered['groups'] = [];

  constructor(pattern: ParsedPattern) {
    this.pattern = pattern;
  }

  for(value: string): RegExp {
    this.oneLine ??= this.compile(true);
    if (this.manyLines === this.oneLine || !value.includes('\n')) return this.oneLine;
    this.manyLines ??= this.compile(false);
    return this.manyLines;
  }

  private compile(oneLine: boolean): RegExp {
    const { source, flags, groups, hasLines } = render(this.pattern, oneLine);
    this.groups = groups;
    const expression = new RegExp(source, flags);
    if (!hasLines) this.manyLines = expression;
    return expression;
  }

  /** Puts the match and its groups into `captures` from `at` on; gives the number after the last. */
  put(match: RegExpExecArray, captures: (string | undefined)[], at: number): number {
    let count = at;
    captures[count++] = match[0];
    for (const numbers of this.groups) {
      if (count === MOST_CAPTURES) break;
      let text: string | undefined;
      for (const number of numbers) text ??= match[number];
      captures[count++] = text;
    }
    return count;
  }
}
