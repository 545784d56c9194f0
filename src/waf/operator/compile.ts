import { emptySet, inverted, WORD } from '../regex/byte-set.ts';
import { LiteralMatcher } from '../regex/literals.ts';
import { PatternError } from '../regex/pattern.ts';
import { Regex } from '../regex/regex.ts';
import { addressEntries, addressEntriesOfFile, addressTest } from './addresses.ts';
import { detectScriptInjection, detectSqlInjection, noScriptInjection, noSqlInjection } from './injection.ts';
import { findNumber, NUMBER_CHECKS } from './numbers.ts';
import {
  ANYTHING,
  type Operator,
  type OperatorContext,
  type OperatorEnvironment,
  OperatorError,
  type OperatorSource,
  type Prefilter,
} from './operator.ts';
import { phrasesOf, phrasesOfFile } from './phrases.ts';
import { CONTAIN_ARGUMENT, NUMBER_TESTS, numberOf, TEXT_TESTS } from './text.ts';
import { hasByteOf, isInvalidUrlEncoding, isInvalidUtf8, refusedBytes } from './validate.ts';

/** What the rule that an operator belongs to wants of it. */
export interface OperatorOptions {
  /** Whether the rule has the action `capture`. */
  readonly capture: boolean;
}

/** The test of an operator that is not negated, and what is known of the values that match it. */
interface Compiled<C extends OperatorContext> {
  readonly test: (value: string, context: C) => boolean;
  readonly clears?: Operator<C>['clears'];
  readonly prefilter: Prefilter;
}

/** Everything that the compilers of operators get. */
interface Source<C extends OperatorContext> {
  readonly name: string;
  readonly argument: string;
  readonly environment: OperatorEnvironment<C>;
  readonly capture: boolean;
}

/**
 * Compiles an operator with its argument. Throws OperatorError where the argument is wrong, a file cannot be read or lb
 * has no such operator.
 */
export function compileOperator<C extends OperatorContext>(
  source: OperatorSource,
  environment: OperatorEnvironment<C>,
  options: OperatorOptions,
): Operator<C> {
  const { name, argument, negated } = source;
  const compiled = compilePlain({ name, argument, environment, capture: options.capture });
  const { test, clears, prefilter } = compiled;
  if (!negated) return { name, test, clears, prefilter };
  return { name, test: (value, context) => !test(value, context), prefilter: ANYTHING };
}

function compilePlain<C extends OperatorContext>(source: Source<C>): Compiled<C> {
  const { name, argument, environment } = source;
  if (name in TEXT_TESTS) return textOperator(source);
  if (name in NUMBER_TESTS) return numberOperator(source);
  if (name in NUMBER_CHECKS) return checkedNumber(source);
  switch (name) {
    case 'rx':
    case 'rxglobal':
      return regexOperator(source);
    case 'pm':
      return phraseOperator(source, phrasesOf(argument));
    case 'pmf':
    case 'pmfile':
    case 'pmfromfile':
      return phraseOperator(
        source,
        argument.split(/\s+/).flatMap((path) => phrasesOfFile(read(environment, path))),
      );
    case 'ipmatch':
      return anything(addressTest(addressEntries(argument)));
    case 'ipmatchf':
    case 'ipmatchfromfile':
      return anything(addressTest(addressEntriesOfFile(read(environment, argument))));
    case 'detectsqli':
      return {
        test: withFingerprint(source),
        clears: noSqlInjection,
        prefilter: { ...ANYTHING, bytes: inverted(WORD), minLength: 2 },
      };
    case 'detectxss':
      return {
        test: withMarkup(source),
        clears: noScriptInjection,
        prefilter: { ...ANYTHING, literals: ['<', '='], minLength: 2 },
      };
    case 'validatebyterange': {
      const refused = refusedBytes(argument);
      return { test: (value) => hasByteOf(refused, value), prefilter: { ...ANYTHING, bytes: refused, minLength: 1 } };
    }
    case 'validateurlencoding':
      return { test: isInvalidUrlEncoding, prefilter: { ...ANYTHING, literals: ['%'] } };
    case 'validateutf8encoding':
      return { test: isInvalidUtf8, prefilter: { ...ANYTHING, bytes: NOT_ASCII } };
    case 'geolookup': {
      const { geo } = environment;
      return geo
        ? { test: (value, context) => geo.lookup(value, context), prefilter: ANYTHING }
        : anything(() => false);
    }
    case 'unconditionalmatch':
      return anything(() => true);
    case 'nomatch':
    case 'rbl':
      return { test: () => false, prefilter: { ...ANYTHING, literals: [] } };
    default:
      throw new OperatorError(`no operator @${name}`);
  }
}

const NOT_ASCII = emptySet().fill(0xffffffff, 4);

function anything<C extends OperatorContext>(test: (value: string) => boolean): Compiled<C> {
  return { test, prefilter: ANYTHING };
}

function read<C extends OperatorContext>(environment: OperatorEnvironment<C>, path: string): string {
  try {
    return environment.readFile(path);
  } catch (cause) {
    throw new OperatorError(`${path} cannot be read`, { cause });
  }
}

function textOperator<C extends OperatorContext>({ name, argument, environment, capture }: Source<C>): Compiled<C> {
  const test = TEXT_TESTS[name];
  const macro = environment.macro(argument);
  const keepsWord = capture && name === 'containsword';
  if (macro) return { test: (value, context) => test(value, macro(context)), prefilter: ANYTHING };
  const literal = CONTAIN_ARGUMENT.has(name) && argument !== '' && /^[\0-\x7f]*$/.test(argument);
  const prefilter: Prefilter = literal
    ? { ...ANYTHING, literals: [argument.toLowerCase()], minLength: argument.length }
    : ANYTHING;
  if (!keepsWord) return { test: (value) => test(value, argument), prefilter };
  return { test: (value, context) => test(value, argument) && captured(context, argument), prefilter };
}

function numberOperator<C extends OperatorContext>({ name, argument, environment }: Source<C>): Compiled<C> {
  const test = NUMBER_TESTS[name];
  const macro = environment.macro(argument);
  if (macro) return { test: (value, context) => test(numberOf(value), numberOf(macro(context))), prefilter: ANYTHING };
  const number = numberOf(argument);
  return anything((value) => test(numberOf(value), number));
}

function compilePattern(argument: string): Regex {
  try {
    return new Regex(argument);
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    throw new OperatorError(`the pattern cannot be used: ${cause.message}; write it without`, { cause });
  }
}

function regexOperator<C extends OperatorContext>({ name, argument, environment, capture }: Source<C>): Compiled<C> {
  const macro = environment.macro(argument);
  if (macro) return macroRegex(macro, name === 'rxglobal', capture);
  const regex = compilePattern(argument);
  return { test: regexTest(regex, name === 'rxglobal', capture), prefilter: regex.requirements };
}

function regexTest(
  regex: Regex,
  global: boolean,
  capture: boolean,
): (value: string, context: OperatorContext) => boolean {
  if (!capture) return (value) => regex.test(value);
  return (value, context) => {
    context.captured = global ? regex.matchAll(value, context.captures) : regex.match(value, context.captures);
    return context.captured > 0;
  };
}

/** Patterns with macros are compiled as they come, and the last ones kept; one that cannot be used matches nothing. */
function macroRegex<C extends OperatorContext>(
  macro: (context: C) => string,
  global: boolean,
  capture: boolean,
): Compiled<C> {
  const known = new Map<string, (value: string, context: OperatorContext) => boolean>();
  const compiled = (pattern: string): ((value: string, context: OperatorContext) => boolean) => {
    try {
      return regexTest(new Regex(pattern), global, capture);
    } catch (error) {
      if (error instanceof PatternError) return () => false;
      throw error;
    }
  };
  return {
    test(value, context) {
      const pattern = macro(context);
      let test = known.get(pattern);
      if (!test) {
        if (known.size === MOST_KNOWN) known.clear();
        test = compiled(pattern);
        known.set(pattern, test);
      }
      return test(value, context);
    },
    prefilter: ANYTHING,
  };
}

const MOST_KNOWN = 64;

function phraseOperator<C extends OperatorContext>({ capture }: Source<C>, phrases: readonly string[]): Compiled<C> {
  const matcher = new LiteralMatcher(phrases, { caseless: true });
  const lengths = phrases.map((phrase) => phrase.length);
  return {
    test(value, context) {
      const found = matcher.first(value);
      return found >= 0 && (!capture || captured(context, phrases[found]));
    },
    prefilter: { ...ANYTHING, literals: phrases, minLength: Math.min(...lengths, 1 << 20) },
  };
}

function withFingerprint<C extends OperatorContext>({ capture }: Source<C>): Compiled<C>['test'] {
  return (value, context) => {
    const found = detectSqlInjection(value);
    return found !== undefined && (!capture || captured(context, found.fingerprint));
  };
}

function withMarkup<C extends OperatorContext>({ capture }: Source<C>): Compiled<C>['test'] {
  return (value, context) => detectScriptInjection(value) !== undefined && (!capture || captured(context, value));
}

/** Numbers with check digits; the argument is the expression that finds what may be one. */
function checkedNumber<C extends OperatorContext>({ name, argument, capture }: Source<C>): Compiled<C> {
  const regex = compilePattern(argument);
  const check = NUMBER_CHECKS[name];
  return {
    test(value, context) {
      const found = findNumber(regex, check, value);
      return found !== undefined && (!capture || captured(context, found));
    },
    prefilter: regex.requirements,
  };
}

/** Leaves `text` as the only capture; gives true, for a test to go on with. */
function captured(context: OperatorContext, text: string): true {
  context.captures[0] = text;
  context.captured = 1;
  return true;
}
