// The language that says which lines of the access log are wanted: `status >= 500 && cache == "MISS"`.
//
//   or         and { "||" and }
//   and        not { "&&" not }
//   not        "!" not | "(" or ")" | comparison
//   comparison FIELD [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~") VALUE ]
//   VALUE      "text" | 'text' | 12 | 1.5s | 10KB | 5xx
import { RE2JS, RE2JSException } from 're2js';
import { nearest } from '../config/suggest.ts';
import { parseDuration, parseSize } from '../config/units.ts';
import { CACHE_RESULTS } from '../stats/log-ring.ts';
import { FilterError, type Token, tokensOf } from './log-filter-tokens.ts';

export { FilterError } from './log-filter-tokens.ts';

/** What is filtered: a line of the access log. */
export type FilteredLine = Readonly<Record<FieldName, string | number | undefined>>;

/** Whether a line is wanted. */
export type LinePredicate = (line: FilteredLine) => boolean;

/** Fields by name, with what they hold; `duration` is in ms. */
const FIELDS = {
  status: 'status',
  bytes: 'size',
  duration_ms: 'duration',
  cache: 'cache',
  method: 'text',
  host: 'text',
  path: 'text',
  site: 'text',
  client_ip: 'text',
  user_agent: 'text',
  request_id: 'text',
} as const;
type FieldName = keyof typeof FIELDS;
type Kind = (typeof FIELDS)[FieldName];

/** Other names of fields. */
const ALIASES: Readonly<Record<string, FieldName>> = { duration: 'duration_ms' };

export const FILTER_FIELDS: readonly string[] = [...Object.keys(FIELDS), ...Object.keys(ALIASES)];

/** Characters of a filter. */
const MAX_LENGTH = 4000;
const MAX_NESTING = 50;

/**
 * Compiles a filter. What it returns takes time linear in the line and never throws.
 * @throws FilterError with the place of what is wrong
 */
export function compileFilter(text: string): LinePredicate {
  if (text.length > MAX_LENGTH) throw new FilterError(`a filter may have ${MAX_LENGTH} characters`, MAX_LENGTH, 1);
  return new Parser(text).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): LinePredicate {
    const predicate = this.#or();
    const rest = this.#peek();
    if (rest.kind === ')') throw wrong(rest, 'there is no ( for this )');
    if (rest.kind !== 'end') throw wrong(rest, `"${rest.text}" is not expected here: join comparisons with && or ||`);
    return predicate;
  }

  #peek(): Token {
    return this.#tokens[this.#next];
  }

  #take(kind: Token['kind'], text?: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== kind || (text !== undefined && token.text !== text)) return undefined;
    this.#next++;
    return token;
  }

  #or(): LinePredicate {
    const parts = [this.#and()];
    while (this.#take('operator', '||')) parts.push(this.#and());
    return parts.length === 1 ? parts[0] : (line) => parts.some((part) => part(line));
  }

  #and(): LinePredicate {
    const parts = [this.#not()];
    while (this.#take('operator', '&&')) parts.push(this.#not());
    return parts.length === 1 ? parts[0] : (line) => parts.every((part) => part(line));
  }

  #not(): LinePredicate {
    const token = this.#peek();
    if (++this.#depth > MAX_NESTING) throw wrong(token, 'the filter is nested too deeply');
    try {
      if (this.#take('operator', '!')) {
        const inner = this.#not();
        return (line) => !inner(line);
      }
      if (this.#take('(')) {
        const inner = this.#or();
        if (!this.#take(')')) throw wrong(token, 'there is no ) for this (');
        return inner;
      }
      return this.#comparison();
    } finally {
      this.#depth--;
    }
  }

  #comparison(): LinePredicate {
    const token = this.#take('word');
    if (token === undefined) throw wrong(this.#peek(), `a field is expected here, such as status: ${listed()}`);
    const name = fieldOf(token);
    const operator = this.#peek();
    if (operator.kind !== 'operator' || ['&&', '||', '!'].includes(operator.text)) return isPresent(name);
    this.#next++;
    const value = this.#peek();
    if (value.kind === 'end') throw wrong(value, `a value is expected after ${operator.text}`);
    this.#next++;
    if (operator.text === '=~' || operator.text === '!~') return matches(name, value, operator.text === '!~');
    return compares(name, operator, value);
  }
}

function wrong(token: Token, message: string): FilterError {
  return new FilterError(message, token.at, Math.max(1, token.length));
}

function listed(): string {
  return `there are ${FILTER_FIELDS.join(', ')}`;
}

function fieldOf(token: Token): FieldName {
  const { text } = token;
  if (Object.hasOwn(FIELDS, text)) return text as FieldName;
  if (Object.hasOwn(ALIASES, text)) return ALIASES[text];
  const meant = nearest(text, FILTER_FIELDS);
  throw wrong(token, `unknown field "${text}"; ${meant === undefined ? listed() : `did you mean ${meant}?`}`);
}

function isPresent(name: FieldName): LinePredicate {
  return (line) => line[name] !== undefined && line[name] !== 0 && line[name] !== '';
}

function matches(name: FieldName, value: Token, negated: boolean): LinePredicate {
  if (value.kind !== 'string') throw wrong(value, 'a pattern stands in quotes, such as "^/api/"');
  if (FIELDS[name] !== 'text' && FIELDS[name] !== 'cache')
    throw wrong(value, `${name} is a number: compare it with < or >=`);
  try {
    // in linear time, so that a pattern from outside cannot hold up the thread
    const pattern = RE2JS.compile(value.text);
    return (line) => pattern.test(String(line[name] ?? '')) !== negated;
  } catch (error) {
    if (error instanceof RE2JSException) throw new FilterError(error.message, value.at + 1, value.text.length);
    throw error;
  }
}

function compares(name: FieldName, operator: Token, value: Token): LinePredicate {
  const kind = FIELDS[name];
  if (kind === 'text' || kind === 'cache') return comparesText(name, kind, operator, value);
  if (value.kind === 'string') throw wrong(value, `${name} is a number: leave the quotes out`);
  const ofClass = kind === 'status' ? /^([1-5])xx$/i.exec(value.text) : null;
  const wanted = ofClass === null ? numberOf(name, kind, value) : Number(ofClass[1]);
  const read = (line: FilteredLine) => (ofClass === null ? Number(line[name]) : Math.floor(Number(line[name]) / 100));
  switch (operator.text) {
    case '==':
      return (line) => read(line) === wanted;
    case '!=':
      return (line) => read(line) !== wanted;
    case '<':
      return (line) => read(line) < wanted;
    case '<=':
      return (line) => read(line) <= wanted;
    case '>':
      return (line) => read(line) > wanted;
    default:
      return (line) => read(line) >= wanted;
  }
}

function numberOf(name: FieldName, kind: Kind, value: Token): number {
  const { text } = value;
  const isPlain = /^\d+(\.\d+)?$/.test(text);
  const number = isPlain
    ? Number(text)
    : { size: parseSize, duration: parseDuration, status: () => undefined }[kind as 'size']?.(text);
  if (value.kind === 'number' && number !== undefined) return number;
  const example = { status: '500 or 5xx', size: '1000 or 64KB', duration: '250ms or 1.5s' }[kind as 'size'];
  throw wrong(value, `"${text}" is no value for ${name}: write ${example}`);
}

function comparesText(name: FieldName, kind: Kind, operator: Token, value: Token): LinePredicate {
  if (operator.text !== '==' && operator.text !== '!=') {
    throw wrong(operator, `${name} is text: compare it with ==, !=, =~ or !~`);
  }
  const { text } = value;
  if (value.kind !== 'string') throw wrong(value, `text stands in quotes: "${text}"`);
  if (kind === 'cache' && !(CACHE_RESULTS as readonly string[]).includes(text)) {
    throw wrong(value, `cache is one of ${CACHE_RESULTS.join(', ')}`);
  }
  return operator.text === '==' ? (line) => line[name] === text : (line) => line[name] !== text;
}
