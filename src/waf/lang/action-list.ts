/** `id:1,phase:2,deny,msg:'Of one, two'`: the actions of a rule as names and values. */

import { unescaped } from './lines.ts';
import { Misuse } from './mistakes.ts';

/** One action as written. */
export interface WrittenAction {
  /** In lower case. */
  readonly name: string;
  /** Without the quotes around it; undefined where there is no colon. */
  readonly value: string | undefined;
}

const NAME = /[\s,]*([a-z]+)\s*(:?)\s*/iy;

/** Splits a list of actions. @throws Misuse */
export function parseActionList(source: string): WrittenAction[] {
  const text = unescaped(source, '"').trim();
  const actions: WrittenAction[] = [];
  let at = 0;
  while (at < text.length) {
    NAME.lastIndex = at;
    const found = NAME.exec(text);
    if (found === null) {
      if (/^[\s,]*$/.test(text.slice(at))) break;
      const rest = JSON.stringify(text.slice(at, at + 40));
      throw new Misuse(`no action in ${rest}`, "separate actions by commas, and put text with commas in '...'");
    }
    const name = found[1].toLowerCase();
    at = NAME.lastIndex;
    if (found[2] === '') {
      actions.push({ name, value: undefined });
    } else {
      const end = text[at] === "'" ? closing(text, at) + 1 : bareEnd(text, at);
      const raw = text.slice(at, end).trim();
      const value = raw.startsWith("'") && raw.length > 1 && raw.endsWith("'") ? raw.slice(1, -1) : raw;
      actions.push({ name, value: unescaped(value, "'") });
      at = end;
    }
    at = expectComma(text, at, name);
  }
  return actions;
}

function expectComma(text: string, from: number, name: string): number {
  const rest = /\s*(,|$)/y;
  rest.lastIndex = from;
  if (rest.test(text)) return rest.lastIndex;
  const found = JSON.stringify(text.slice(from, from + 20));
  throw new Misuse(`${found} stands behind ${name}`, "separate actions by commas, and put text with commas in '...'");
}

/** The quote that closes the one at `from`: the first that no backslash precedes. */
function closing(text: string, from: number): number {
  let at = text.indexOf("'", from + 1);
  while (at > 0 && text[at - 1] === '\\') at = text.indexOf("'", at + 1);
  if (at > 0) return at;
  throw new Misuse(
    `the quote before ${JSON.stringify(text.slice(from + 1, from + 21))} is not closed`,
    "end it with '",
  );
}

/** The end of a value without quotes around all of it; `'...'` behind `:`, `;` or `=` may have commas. */
function bareEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ',') {
    at = text[at] === "'" && /[:;=]/.test(text[at - 1]) ? closing(text, at) + 1 : at + 1;
  }
  return at;
}
