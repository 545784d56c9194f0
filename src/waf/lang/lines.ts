/** From text to directives and their words. */

import { Misuse } from './mistakes.ts';

/** A directive with the lines that continue it. */
export interface LogicalLine {
  /** Without the backslashes and line ends between its lines. */
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/**
 * The directives of a text: no comments, no empty lines. A backslash at the very end of a line joins the next one, but
 * not to a comment, as in ModSecurity 3.
 */
export function logicalLines(text: string): LogicalLine[] {
  const found: LogicalLine[] = [];
  let joined = '';
  let begin = 0;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index].endsWith('\r') ? lines[index].slice(0, -1) : lines[index];
    if (joined === '') {
      begin = index + 1;
      if (/^\s*#/.test(line)) continue;
    }
    if (line.endsWith('\\') && index + 1 < lines.length) {
      joined += line.slice(0, -1) || ' ';
      continue;
    }
    const whole = (joined + line).trim();
    joined = '';
    if (whole !== '') found.push({ text: whole, line: begin });
  }
  return found;
}

/** A part of a directive. */
export interface Word {
  /** What stood between the quotes, escapes as they are. */
  readonly text: string;
  readonly isQuoted: boolean;
}

const SPACE = /\s/;

/** Parts of a directive, separated by white space; quotes hold one together. @throws Misuse */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    if (SPACE.test(text[at])) {
      at += 1;
      continue;
    }
    const isQuoted = text[at] === '"' || text[at] === "'";
    const end = isQuoted ? closingQuote(text, at) : bareEnd(text, at);
    words.push({ text: text.slice(isQuoted ? at + 1 : at, end), isQuoted });
    at = isQuoted ? end + 1 : end;
  }
  return words;
}

/**
 * Where the quote that opens at `from` is closed. A quote behind an odd number of backslashes does not close; behind an
 * even one, ModSecurity 3 says no and Apache yes: here it does where nothing follows it.
 */
function closingQuote(text: string, from: number): number {
  const quote = text[from];
  for (let at = text.indexOf(quote, from + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (at - 1 - slashes > from && text[at - 1 - slashes] === '\\') slashes += 1;
    if (slashes === 0) return at;
    if (slashes % 2 === 0 && (at + 1 === text.length || SPACE.test(text[at + 1]))) return at;
  }
  throw new Misuse(
    `the quote before ${JSON.stringify(text.slice(from + 1, from + 21))} is not closed`,
    `end it with ${quote}; a line is continued by a backslash as its very last character`,
  );
}

/** Where a word without quotes ends; `REQUEST_HEADERS:'User Agent'` is one. */
function bareEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !SPACE.test(text[at])) {
    at = text[at] === "'" && text[at - 1] === ':' ? closingQuote(text, at) + 1 : at + 1;
  }
  return at;
}

/** `\"` as `"`, and so on for one kind of quote. */
export function unescaped(text: string, quote: '"' | "'"): string {
  return text.includes(`\\${quote}`) ? text.replaceAll(`\\${quote}`, quote) : text;
}
