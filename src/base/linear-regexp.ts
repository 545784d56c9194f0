/**
 * Regular expressions that take time linear in the text, whatever the pattern: all ways through it are followed at once
 * (Thompson, "Regular Expression Search Algorithm", 1968), so that a pattern from outside cannot hold up a thread.
 * The syntax is that of JavaScript without flags, less what needs memory of what matched: no back references, no look
 * around. `(?i)` at the beginning ignores the case of ASCII letters.
 */

/** Steps that a pattern may come to; a match takes at most as many for each character. */
const MAX_PROGRAM = 500;
/** Largest number in braces. */
const MAX_REPEAT = 200;
const MAX_NESTING = 50;

/** The pattern cannot be used. */
export class PatternError extends Error {
  override name = 'PatternError';
  /** Where in the pattern, from 0. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

type Test = (unit: number) => boolean;

type Node =
  | { kind: 'empty' }
  | { kind: 'unit'; test: Test }
  | { kind: 'assert'; holds: Assertion }
  | { kind: 'sequence'; nodes: readonly Node[] }
  | { kind: 'choice'; nodes: readonly Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number };

type Assertion = (text: string, at: number) => boolean;

type Step =
  | { op: 'unit'; test: Test; next: number }
  | { op: 'split'; first: number; second: number }
  | { op: 'assert'; holds: Assertion; next: number }
  | { op: 'match' };

/** A compiled pattern. */
export class LinearRegExp {
  readonly #steps: Step[] = [{ op: 'match' }];
  readonly #start: number;
  /** When each step was last entered, so that no position enters it twice. */
  readonly #entered: Int32Array;
  #mark = 0;

  /** @throws PatternError */
  constructor(pattern: string) {
    this.#start = this.#emit(new Parser(pattern).parse(), 0);
    this.#entered = new Int32Array(this.#steps.length);
  }

  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean {
    let current: number[] = [];
    for (let at = 0; ; at++) {
      this.#mark = (this.#mark + 1) | 0;
      // those under way have been entered before this position's own start
      const under: number[] = [];
      for (const step of current) if (this.#enter(step, text, at, under)) return true;
      if (this.#enter(this.#start, text, at, under)) return true;
      if (at === text.length) return false;
      const unit = text.charCodeAt(at);
      current = [];
      for (const index of under) {
        const step = this.#steps[index];
        if (step.op === 'unit' && step.test(unit)) current.push(step.next);
      }
    }
  }

  /** Follows what takes no character; true where that comes to the end of the pattern. */
  #enter(from: number, text: string, at: number, into: number[]): boolean {
    const open = [from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#entered[index] === this.#mark) continue;
      this.#entered[index] = this.#mark;
      const step = this.#steps[index];
      if (step.op === 'match') return true;
      if (step.op === 'unit') into.push(index);
      else if (step.op === 'split') open.push(step.first, step.second);
      else if (step.holds(text, at)) open.push(step.next);
    }
    return false;
  }

  /** Adds the steps of a node that go on with `next`; returns the first of them. */
  #emit(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'unit':
        return this.#add({ op: 'unit', test: node.test, next });
      case 'assert':
        return this.#add({ op: 'assert', holds: node.holds, next });
      case 'sequence':
        return node.nodes.reduceRight((after, part) => this.#emit(part, after), next);
      case 'choice':
        return node.nodes
          .map((part) => this.#emit(part, next))
          .reduceRight((second, first) => this.#add({ op: 'split', first, second }));
      case 'repeat':
        return this.#emitRepeat(node, next);
    }
  }

  #emitRepeat({ node, min, max }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: Step = { op: 'split', first: next, second: next };
      start = this.#add(loop);
      loop.second = this.#emit(node, start);
    } else {
      for (let i = min; i < max; i++) start = this.#add({ op: 'split', first: this.#emit(node, start), second: next });
    }
    for (let i = 0; i < min; i++) start = this.#emit(node, start);
    return start;
  }

  #add(step: Step): number {
    if (this.#steps.length >= MAX_PROGRAM) throw new PatternError('the pattern is too large', 0);
    return this.#steps.push(step) - 1;
  }
}

const code = (text: string) => text.charCodeAt(0);
const isDigit: Test = (unit) => unit >= 48 && unit <= 57;
const isLetter = (unit: number) => (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90);
const isWord: Test = (unit) => isDigit(unit) || isLetter(unit) || unit === 95;
const isSpace: Test = (unit) => /\s/.test(String.fromCharCode(unit));
const isNot =
  (test: Test): Test =>
  (unit) =>
    !test(unit);
const ANY: Test = (unit) => unit !== 10 && unit !== 13 && unit !== 0x2028 && unit !== 0x2029;

const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: isNot(isDigit),
  w: isWord,
  W: isNot(isWord),
  s: isSpace,
  S: isNot(isSpace),
};
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };

const isAtWord: Assertion = (text, at) => {
  const before = at > 0 && isWord(text.charCodeAt(at - 1));
  return before !== (at < text.length && isWord(text.charCodeAt(at)));
};

class Parser {
  readonly #pattern: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#ignoreCase = pattern.startsWith('(?i)');
    if (this.#ignoreCase) this.#at = 4;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#pattern.length) this.#fail('there is no ( for this )');
    return node;
  }

  #fail(message: string, at = this.#at): never {
    throw new PatternError(message, at);
  }

  #peek(): string {
    return this.#pattern.charAt(this.#at);
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): Node {
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    return nodes.length === 1 ? nodes[0] : { kind: 'choice', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')')
      nodes.push(this.#repeated());
    return nodes.length === 0 ? { kind: 'empty' } : { kind: 'sequence', nodes };
  }

  #repeated(): Node {
    const node = this.#atom();
    const times = this.#times();
    if (times === undefined) return node;
    if (node.kind === 'assert') this.#fail('there is nothing to repeat');
    this.#take('?'); // whether it takes as few as it can makes no difference to whether it matches
    if (/^[*+?]/.test(this.#peek()) || this.#isBraced()) this.#fail('there is nothing to repeat');
    return { kind: 'repeat', node, ...times };
  }

  #times(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    const braces = this.#braces();
    if (braces === null) return undefined;
    const [text, from, comma, to] = braces;
    const min = Number(from);
    let max = Number(to);
    if (!comma) max = min;
    else if (to === '') max = Number.POSITIVE_INFINITY;
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      this.#fail(`a number in braces may be ${MAX_REPEAT} at most`);
    }
    if (max < min) this.#fail('the numbers in braces are out of order');
    this.#at += text.length;
    return { min, max };
  }

  #braces(): RegExpExecArray | null {
    return /^\{(\d+)(,?)(\d*)\}/.exec(this.#pattern.slice(this.#at, this.#at + 24));
  }

  #isBraced(): boolean {
    return this.#braces() !== null;
  }

  #atom(): Node {
    if (this.#isBraced() || /^[*+?]/.test(this.#peek())) this.#fail('there is nothing to repeat');
    if (this.#take('(')) return this.#group();
    if (this.#take('^')) return { kind: 'assert', holds: (_text, at) => at === 0 };
    if (this.#take('$')) return { kind: 'assert', holds: (text, at) => at === text.length };
    if (this.#take('\\b')) return { kind: 'assert', holds: isAtWord };
    if (this.#take('\\B')) return { kind: 'assert', holds: (text, at) => !isAtWord(text, at) };
    if (this.#take('.')) return { kind: 'unit', test: ANY };
    if (this.#take('[')) return { kind: 'unit', test: this.#set() };
    const member = this.#member();
    return { kind: 'unit', test: typeof member === 'number' ? this.#unit(member) : member };
  }

  #group(): Node {
    const at = this.#at - 1;
    if (this.#peek() === '?' && !this.#take('?:')) this.#fail('of groups with ? there is only (?:', at);
    if (++this.#depth > MAX_NESTING) this.#fail('the pattern is nested too deeply', at);
    const node = this.#choice();
    this.#depth--;
    if (!this.#take(')')) this.#fail('there is no ) for this (', at);
    return node;
  }

  #set(): Test {
    const at = this.#at - 1;
    const negated = this.#take('^');
    const tests: Test[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#pattern.length) this.#fail('there is no ] for this [', at);
      tests.push(this.#range());
    }
    return (unit) => tests.some((test) => test(unit)) !== negated;
  }

  #range(): Test {
    const at = this.#at;
    const first = this.#member(true);
    const isRange = this.#peek() === '-' && this.#at + 1 < this.#pattern.length && this.#pattern[this.#at + 1] !== ']';
    if (!isRange) return typeof first === 'number' ? this.#unit(first) : first;
    this.#at++;
    const last = this.#member(true);
    if (typeof first !== 'number' || typeof last !== 'number') this.#fail('a class cannot be the end of a range', at);
    if (last < first) this.#fail('the range is out of order', at);
    const isIn: Test = (unit) => unit >= first && unit <= last;
    return this.#ignoreCase ? (unit) => isIn(unit) || (isLetter(unit) && isIn(unit ^ 32)) : isIn;
  }

  #unit(wanted: number): Test {
    if (this.#ignoreCase && isLetter(wanted)) return (unit) => (unit | 32) === (wanted | 32) && isLetter(unit);
    return (unit) => unit === wanted;
  }

  /** One character, or a class such as \d. */
  #member(inSet = false): number | Test {
    if (!this.#take('\\')) {
      const unit = this.#pattern.charCodeAt(this.#at);
      this.#at++;
      return unit;
    }
    const letter = this.#peek();
    if (letter === '') this.#fail('there is nothing after this \\', this.#at - 1);
    this.#at++;
    if (Object.hasOwn(CLASSES, letter)) return CLASSES[letter];
    if (inSet && letter === 'b') return 8;
    if (Object.hasOwn(CONTROLS, letter)) return code(CONTROLS[letter]);
    const hex = /^(?:x([\da-f]{2})|u([\da-f]{4}))/i.exec(this.#pattern.slice(this.#at - 1, this.#at + 4));
    if (hex !== null) {
      this.#at += hex[0].length - 1;
      return Number.parseInt(hex[1] ?? hex[2], 16);
    }
    if (/[\da-zA-Z]/.test(letter)) this.#fail(`\\${letter} is not known here`, this.#at - 2);
    return code(letter);
  }
}
