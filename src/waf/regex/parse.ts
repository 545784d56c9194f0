import { ANY_BYTE, NOT_NEWLINE, setOf, VERTICAL_SPACE, withBothCases } from './byte-set.ts';
import { CLASS_ESCAPES, escapedByte, parseClass } from './class.ts';
import { type Assertion, type ParsedPattern, type Pattern, PatternError } from './pattern.ts';

/** Inline flags: `i`, `s`, `m`, `x`, `U`, `J`. */
interface Flags {
  readonly caseless: boolean;
  readonly dotAll: boolean;
  readonly multiLine: boolean;
  readonly extended: boolean;
  readonly ungreedy: boolean;
}

const ASSERTION_ESCAPES: Readonly<Record<string, Assertion>> = {
  b: 'word',
  B: 'not-word',
  A: 'start',
  z: 'end',
  Z: 'last-line-end',
};

/** `\R`: any line end, as one. */
const LINE_END: Pattern = {
  kind: 'atomic',
  body: {
    kind: 'alternatives',
    branches: [
      {
        kind: 'concat',
        parts: [
          { kind: 'set', set: setOf([13, 13]) },
          { kind: 'set', set: setOf([10, 10]) },
        ],
      },
      { kind: 'set', set: VERTICAL_SPACE },
    ],
  },
};

/** Groups within each other, beyond which a pattern is refused (PCRE's own limit is 250). */
const DEEPEST = 250;

/**
 * Parses PCRE syntax as ModSecurity compiles it: on bytes, the dot matching line feeds, `^` and `$` at every line.
 * Throws PatternError for wrong syntax and for what lb has no counterpart of: recursion, conditions, verbs, `\G`, `\K`.
 */
export function parsePattern(source: string, caseless = false): ParsedPattern {
  const parser = new Parser(source);
  const root = parser.parse({ caseless, dotAll: true, multiLine: true, extended: false, ungreedy: false });
  return { root, groups: parser.groups };
}

class Parser {
  groups = 0;
  private at = 0;
  private depth = 0;
  private readonly source: string;
  private readonly names = new Map<string, number>();

  constructor(source: string) {
    this.source = source;
  }

  parse(flags: Flags): Pattern {
    const root = this.alternatives(flags, false);
    if (this.at < this.source.length) throw this.error('a ) without its (');
    return root;
  }

  private error(message: string): PatternError {
    return new PatternError(message, this.at);
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** What the expression, which has the flag y, matches at the place reached; the place moves past it. */
  private match(syntax: RegExp): RegExpExecArray | undefined {
    syntax.lastIndex = this.at;
    const match = syntax.exec(this.source);
    if (match) this.at += match[0].length;
    return match ?? undefined;
  }

  /** Branches up to a `)` or the end. With `reset` the groups of each branch have the same numbers (`(?|`). */
  private alternatives(outer: Flags, reset: boolean): Pattern {
    if (++this.depth > DEEPEST) throw this.error('groups within each other too deeply');
    const branches: Pattern[] = [];
    const firstGroup = this.groups;
    let most = firstGroup;
    let flags = outer;
    do {
      if (reset) this.groups = firstGroup;
      const parts: Pattern[] = [];
      while (this.at < this.source.length && !'|)'.includes(this.source[this.at])) {
        const changed = this.flagsFromHere(flags);
        if (changed) flags = changed;
        else if (!this.skipped(flags)) this.item(flags, parts);
      }
      branches.push(parts.length === 1 ? parts[0] : { kind: 'concat', parts });
      most = Math.max(most, this.groups);
    } while (this.take('|'));
    this.groups = most;
    this.depth--;
    return branches.length === 1 ? branches[0] : { kind: 'alternatives', branches };
  }

  /** `(?i)` and kin: the flags until the group ends. */
  private flagsFromHere(flags: Flags): Flags | undefined {
    if (!this.source.startsWith('(?', this.at)) return undefined;
    const match = this.match(/\(\?([imsxUJ]*)(?:-([imsxUJ]+))?\)/y);
    return match && changedFlags(flags, match[1], match[2]);
  }

  /** Comments, and white space where it does not count. */
  private skipped(flags: Flags): boolean {
    if (this.take('(?#')) {
      const end = this.source.indexOf(')', this.at);
      if (end < 0) throw this.error('a comment without its )');
      this.at = end + 1;
      return true;
    }
    return flags.extended && this.match(/\s+|#[^\n]*(?:\n|$)/y) !== undefined;
  }

  /** An atom with what repeats it, added to `parts`. */
  private item(flags: Flags, parts: Pattern[]): void {
    if (this.take('\\Q')) {
      const end = this.source.indexOf('\\E', this.at);
      const text = this.source.slice(this.at, end < 0 ? undefined : end);
      this.at += text.length + (end < 0 ? 0 : 2);
      for (const char of text) parts.push(byteOf(char.charCodeAt(0), flags));
      if (text) parts.push(this.repeated(parts.pop()!, flags));
      return;
    }
    if (this.take('\\E')) return;
    parts.push(this.repeated(this.atom(flags), flags));
  }

  private repeated(body: Pattern, flags: Flags): Pattern {
    let out = body;
    if (!flags.extended && !'*+?{'.includes(this.source[this.at] ?? ' ')) return out;
    for (;;) {
      if (flags.extended) this.match(/\s+/y);
      const match = this.match(/(?:([*+?])|\{(\d+)(,)?(\d+)?\})([?+]?)/y);
      if (!match) return out;
      const [, sign, least, comma, most, suffix] = match;
      const min = sign ? Number(sign === '+') : Number(least);
      const max = sign ? (sign === '?' ? 1 : Infinity) : most ? Number(most) : comma ? Infinity : min;
      if (max < min || min > 65535) throw this.error('a wrong number of repetitions');
      const lazy = (suffix === '?') !== flags.ungreedy;
      out = { kind: 'repeat', body: out, min, max, mode: suffix === '+' ? 'possessive' : lazy ? 'lazy' : 'greedy' };
    }
  }

  private atom(flags: Flags): Pattern {
    const char = this.source[this.at];
    if (char === '(') return this.group(flags);
    if (char === '[') {
      const { set, next } = parseClass(this.source, this.at, flags.caseless);
      this.at = next;
      return { kind: 'set', set };
    }
    if (char === '\\') return this.escape(flags);
    if ('*+?'.includes(char)) throw this.error('nothing to repeat');
    this.at++;
    if (char === '.') return { kind: 'set', set: flags.dotAll ? ANY_BYTE : NOT_NEWLINE };
    if (char === '^') return { kind: 'assertion', what: flags.multiLine ? 'line-start' : 'start' };
    if (char === '$') return { kind: 'assertion', what: flags.multiLine ? 'line-end' : 'last-line-end' };
    return byteOf(char.charCodeAt(0), flags);
  }

  private escape(flags: Flags): Pattern {
    const letter = this.source[this.at + 1] ?? '';
    const back = this.backReference(flags);
    if (back) return back;
    if (letter in CLASS_ESCAPES) {
      this.at += 2;
      return { kind: 'set', set: CLASS_ESCAPES[letter] };
    }
    if (letter in ASSERTION_ESCAPES) {
      this.at += 2;
      return { kind: 'assertion', what: ASSERTION_ESCAPES[letter] };
    }
    if (letter === 'R') {
      this.at += 2;
      return LINE_END;
    }
    const escaped = escapedByte(this.source, this.at + 1, false);
    if (!escaped) throw this.error(`\\${letter}, of which there is no counterpart here`);
    this.at = escaped.next;
    return byteOf(escaped.byte, flags);
  }

  /** `\1`, `\g1`, `\g{-1}`, `\k<name>`; two or three digits that name no group are octal. */
  private backReference(flags: Flags): Pattern | undefined {
    if (!/[1-9gk]/.test(this.source[this.at + 1] ?? '')) return undefined;
    const start = this.at;
    const match = this.match(/\\(?:g\{?(-?\d+)\}?|([1-9]\d*)|(?:k[<{']|g\{)(\w+)[>}'])/y);
    if (!match) return undefined;
    const [, relative, digits, name] = match;
    if (digits && digits.length > 1 && Number(digits) > this.groups && /^[0-7]/.test(digits)) {
      const octal = /^[0-7]{1,3}/.exec(digits)![0];
      this.at = start + 1 + octal.length;
      return byteOf(Number.parseInt(octal, 8) & 255, flags);
    }
    const number = Number(relative ?? digits);
    const index = name ? this.names.get(name) : number < 0 ? this.groups + 1 + number : number;
    if (!index || index > this.groups) throw this.error('a reference to a group that does not precede it');
    return { kind: 'back-reference', index, caseless: flags.caseless };
  }

  private group(flags: Flags): Pattern {
    const start = this.at;
    const pattern = this.groupBody(flags);
    if (this.take(')')) return pattern;
    this.at = start;
    throw this.error('a ( without its )');
  }

  private groupBody(flags: Flags): Pattern {
    if (this.match(/\(\*/y)) throw this.error('a verb, of which there is no counterpart here');
    const look = this.match(/\(\?(<?)([=!])/y);
    if (look) {
      return { kind: 'look', ahead: !look[1], negated: look[2] === '!', body: this.alternatives(flags, false) };
    }
    if (this.take('(?>')) return { kind: 'atomic', body: this.alternatives(flags, false) };
    if (this.take('(?|')) return this.alternatives(flags, true);
    const local = this.match(/\(\?([imsxUJ]*)(?:-([imsxUJ]+))?:/y);
    if (local) return this.alternatives(changedFlags(flags, local[1], local[2]), false);
    const named = this.match(/\(\?(?:P?<|')([A-Za-z_]\w*)[>']/y);
    if (!named && this.source.startsWith('(?', this.at)) {
      throw this.error('a recursion or condition, of which there is no counterpart here');
    }
    if (!named) this.at++;
    const index = ++this.groups;
    if (named) this.names.set(named[1], index);
    return { kind: 'group', index, body: this.alternatives(flags, false) };
  }
}

function changedFlags(flags: Flags, on: string, off = ''): Flags {
  const now = (letter: string, before: boolean): boolean => (on.includes(letter) || before) && !off.includes(letter);
  return {
    caseless: now('i', flags.caseless),
    dotAll: now('s', flags.dotAll),
    multiLine: now('m', flags.multiLine),
    extended: now('x', flags.extended),
    ungreedy: now('U', flags.ungreedy),
  };
}

/** The sets of one byte, shared by all patterns: most of a pattern is these. */
const CASED: readonly Pattern[] = Array.from({ length: 256 }, (_, byte) => ({ kind: 'set', set: setOf([byte, byte]) }));
const CASELESS: readonly Pattern[] = Array.from({ length: 256 }, (_, byte) => ({
  kind: 'set',
  set: withBothCases(setOf([byte, byte])),
}));

function byteOf(byte: number, flags: Flags): Pattern {
  return (flags.caseless ? CASELESS : CASED)[byte];
}
