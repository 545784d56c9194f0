import { Expressions, MOST_CAPTURES } from './expressions.ts';
import { parsePattern } from './parse.ts';
import { type Requirements, requirementsOf } from './requirements.ts';

/** A PCRE pattern, compiled. Values are binary strings. */
export interface Regex {
  readonly requirements: Requirements;
  test(value: string): boolean;
  /** Puts the match and its first nine groups into `captures`, and gives how many it put; 0 where nothing matches. */
  match(value: string, captures: (string | undefined)[]): number;
  /** As `match`, for every match in the value one after another, until there are `captures` for ten. */
  matchAll(value: string, captures: (string | undefined)[]): number;
}

/** Compiles a pattern; throws PatternError where it cannot. */
export function compileRegex(source: string): Regex {
  const pattern = parsePattern(source);
  const requirements = requirementsOf(pattern.root);
  const expressions = new Expressions(pattern);
  return {
    requirements,
    test: (value) => expressions.for(value).test(value),
    match(value, captures) {
      const match = expressions.for(value).exec(value);
      return match ? expressions.put(match, captures, 0) : 0;
    },
    matchAll(value, captures) {
      let count = 0;
      const { source: text, flags } = expressions.for(value);
      for (const match of value.matchAll(new RegExp(text, `${flags}g`))) {
        if (count === MOST_CAPTURES) break;
        count = expressions.put(match, captures, count);
      }
      return count;
    },
  };
}
