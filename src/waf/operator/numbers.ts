import type { Regex } from '../regex/regex.ts';

/** Numbers that carry check digits, found by an expression at any place and then verified. */
export type NumberCheck = (text: string) => boolean;

export const NUMBER_CHECKS: Readonly<Record<string, NumberCheck>> = {
  verifycc: isCardNumber,
  verifyssn: isSocialSecurityNumber,
  verifycpf: isCpf,
};

function digitsOf(text: string): number[] {
  return Array.from(text.replace(/[^0-9]/g, ''), Number);
}

/** Luhn's check (ISO 2894). */
function isCardNumber(text: string): boolean {
  const digits = digitsOf(text).reverse();
  const sum = digits.reduce((total, digit, i) => total + (i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return digits.length > 0 && sum % 10 === 0;
}

/** A number of the USA's social security that can have been given out. */
function isSocialSecurityNumber(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 9) return false;
  const pairs = digits.slice(1).map((digit, i) => digit - digits[i]);
  if (pairs.every((step) => step === 1) || pairs.every((step) => step === 0)) return false;
  const whole = digits.join('');
  const [area, group, serial] = [whole.slice(0, 3), whole.slice(3, 5), whole.slice(5)].map(Number) as [
    number,
    number,
    number,
  ];
  return area !== 0 && group !== 0 && serial !== 0 && area < 740 && area !== 666;
}

/** Brazil's Cadastro de Pessoas Fisicas: eleven digits, of which the last two check. */
function isCpf(text: string): boolean {
  const digits = digitsOf(text).slice(0, 11);
  if (digits.length !== 11 || digits.every((digit) => digit === digits[0])) return false;
  return [9, 10].every((length) => {
    const sum = digits.slice(0, length).reduce((total, digit, i) => total + digit * (length + 1 - i), 0);
    return digits[length] === (sum % 11 < 2 ? 0 : 11 - (sum % 11));
  });
}

/** The first text that the expression finds in the value or in what is left of it after each byte, and the check accepts. */
export function findNumber(regex: Regex, check: NumberCheck, value: string): string | undefined {
  const captures: (string | undefined)[] = [];
  for (let at = 0; at < Math.min(value.length, LONGEST); at++) {
    const rest = value.slice(at);
    if (regex.match(rest, captures) === 0) return undefined;
    if (check(captures[0]!)) return captures[0];
    at += rest.indexOf(captures[0]!);
  }
  return undefined;
}

/** Each place costs a search: numbers that begin after this many bytes are not looked for. */
const LONGEST = 65_536;
