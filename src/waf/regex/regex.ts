import { Automaton } from './automaton.ts';
import { Expressions, MOST_CAPTURES } from './expressions.ts';
import { judge } from './judge.ts';
import { parsePattern } from './parse.ts';
import type { ParsedPattern } from './pattern.ts';
import { programOf } from './program.ts';
import { type Requirements, requirementsOf } from './requirements.ts';

type Captures = (string | undefined)[];

/** Steps that V8 may take in the worst case for one value: about a quarter of a millisecond. */
const MOST_STEPS = 250_000;
/** What is kept of a match whose beginning is not known. */
const EXCERPT = 64;
/** Where the automaton finds more than the pattern, pieces of a long value that V8 takes so many steps for are looked at. */
const MOST_STEPS_OF_PIECE = 2_000_000;
/** Microseconds of the thread's own time, so that a busy machine makes no difference. */
const MOST_SEARCH_US = 5000;
/** Of one byte; in pieces. */
const SHORT_RUN = 64;
const LONG_RUN = /([\s\S])\1{64,}/g;

/** The power of the length with which V8's time grows, and the longest values that it is given: any, with several lines. */
interface Judged {
  readonly degree: number;
  readonly longest: number;
  readonly longestOfLines: number;
}

function longestOf(degree: number): number {
  if (degree <= 1) return Infinity;
  return degree === Infinity ? 0 : Math.floor(MOST_STEPS ** (1 / degree));
}

/**
 * A PCRE pattern, compiled; values are binary strings. V8 runs it wherever its time is proven to stay small: always for
 * patterns that it runs in linear time, else for short values. Longer ones go to an automaton in linear time; what only
 * V8 can tell then (groups, look-around) it tells from a piece of the value around the place found.
 */
export class Regex {
  readonly requirements: Requirements;
  private readonly pattern: ParsedPattern;
  private readonly expressions: Expressions;
  private found: Judged | undefined;
  private slow: { readonly automaton: Automaton; readonly exact: boolean } | undefined;

  /** Throws PatternError where the pattern cannot be compiled. */
  constructor(source: string) {
    this.pattern = parsePattern(source);
    this.requirements = requirementsOf(this.pattern.root);
    this.expressions = new Expressions(this.pattern);
  }

  /** The power of a value's length with which V8's time grows at most; Infinity: it may double with every byte. */
  get degree(): number {
    return this.judged().degree;
  }

  private judged(): Judged {
    if (!this.found) {
      const { degree } = judge(this.pattern.root, true);
      const lines = judge(this.pattern.root, false).degree;
      this.found = { degree, longest: longestOf(degree), longestOfLines: longestOf(lines) };
    }
    return this.found;
  }

  /** Whether V8 may be given the value whole. */
  private isShort(value: string): boolean {
    const { longest, longestOfLines } = this.judged();
    if (value.length <= longestOfLines) return true;
    return value.length <= longest && !value.includes('\n');
  }

  test(value: string): boolean {
    if (this.isShort(value)) return this.expressions.for(value).test(value);
    const { exact, automaton } = this.linear();
    const end = automaton.search(value);
    return end >= 0 && (exact || this.pieceThatMatches(value, end) !== undefined);
  }

  /** Puts the match and its first nine groups into `captures`, and gives how many it put; 0 where nothing matches. */
  match(value: string, captures: Captures): number {
    if (this.isShort(value)) return this.put(value, captures);
    const { exact, automaton } = this.linear();
    const end = automaton.search(value);
    if (end < 0) return 0;
    const piece = exact ? this.pieceBefore(value, end) : this.pieceThatMatches(value, end);
    const count = piece === undefined ? 0 : this.put(piece, captures);
    if (count > 0 || !exact) return count;
    captures[0] = value.slice(Math.max(0, end - EXCERPT), end);
    return 1;
  }

  /** As `match`, for every match one after another, until there are captures for ten; of a long value the first only. */
  matchAll(value: string, captures: Captures): number {
    if (!this.isShort(value)) return this.match(value, captures);
    const { source, flags } = this.expressions.for(value);
    let count = 0;
    for (const match of value.matchAll(new RegExp(source, `${flags}g`))) {
      if (count === MOST_CAPTURES) break;
      count = this.expressions.put(match, captures, count);
    }
    return count;
  }

  private put(value: string, captures: Captures): number {
    const match = this.expressions.for(value).exec(value);
    return match ? this.expressions.put(match, captures, 0) : 0;
  }

  /** The part of the value before and a little after a place, as long as V8 may be given. */
  private pieceBefore(value: string, end: number): string {
    const longest = this.judged().longestOfLines;
    const start = Math.max(0, end - Math.floor(longest * 0.75));
    return value.slice(start, start + longest);
  }

  /**
   * The first piece from about a place on that the pattern itself matches. Long runs of one byte are cut short, so that
   * they do not part what belongs together; where the search takes too long, what the automaton found has to count.
   */
  private pieceThatMatches(whole: string, end: number): string | undefined {
    const { degree } = this.judged();
    const longest = degree === Infinity ? 0 : Math.floor(MOST_STEPS_OF_PIECE ** (1 / degree));
    const excerpt = whole.slice(Math.max(0, end - EXCERPT), end);
    // V8 cannot be asked at all
    if (longest === 0) return excerpt;
    const value = whole.replace(LONG_RUN, (run) => run.slice(0, SHORT_RUN));
    const before = Math.floor(longest * 0.75);
    const began = process.threadCpuUsage().user;
    for (let start = value.length < whole.length ? 0 : Math.max(0, end - before); ; ) {
      const piece = value.slice(start, start + longest);
      if (this.expressions.for(piece).test(piece)) return piece;
      start += longest >> 1;
      if (start >= value.length) return undefined;
      if (process.threadCpuUsage().user - began > MOST_SEARCH_US) return excerpt;
      const next = this.linear().automaton.search(value.slice(start));
      if (next === -1) return undefined;
      start += Math.max(0, next - before);
    }
  }

  private linear(): { readonly automaton: Automaton; readonly exact: boolean } {
    if (!this.slow) {
      const program = programOf(this.pattern.root);
      if (!program) throw new RangeError('a pattern without an automaton');
      this.slow = { automaton: new Automaton(program), exact: program.exact };
    }
    return this.slow;
  }
}
