/** Operators that compare text byte for byte. Each gets the value and the argument with its macros expanded. */
export type TextTest = (value: string, argument: string) => boolean;

export const TEXT_TESTS: Readonly<Record<string, TextTest>> = {
  contains: (value, argument) => value.includes(argument),
  strmatch: (value, argument) => value.includes(argument),
  containsword: containsWord,
  beginswith: (value, argument) => value.startsWith(argument),
  endswith: (value, argument) => value.endsWith(argument),
  streq: (value, argument) => value === argument,
  within: (value, argument) => argument.includes(value),
};

/** Operators whose values all contain the argument: it serves as a literal. */
export const CONTAIN_ARGUMENT: ReadonlySet<string> = new Set([
  'contains',
  'strmatch',
  'containsword',
  'beginswith',
  'endswith',
  'streq',
]);

/** Neither the byte before nor the one after a word may be a letter; digits and what else there is may. */
function containsWord(value: string, word: string): boolean {
  if (word === '' || value === word) return true;
  for (let at = value.indexOf(word); at >= 0; at = value.indexOf(word, at + 1)) {
    const end = at + word.length;
    if ((at === 0 || noLetter(value, at - 1)) && (end === value.length || noLetter(value, end))) return true;
  }
  return false;
}

function noLetter(value: string, at: number): boolean {
  const lower = value.charCodeAt(at) | 32;
  return lower < 97 || lower > 122;
}

/** Operators that compare numbers. */
export const NUMBER_TESTS: Readonly<Record<string, (value: number, argument: number) => boolean>> = {
  eq: (value, argument) => value === argument,
  ge: (value, argument) => value >= argument,
  gt: (value, argument) => value > argument,
  le: (value, argument) => value <= argument,
  lt: (value, argument) => value < argument,
};

/** As C's `atoll` reads it: white space, a sign, digits; 0 where there is none. */
export function numberOf(text: string): number {
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) || !/^[\t-\r\x20]*[-+]?[0-9]/.test(text) ? 0 : number;
}
