/** `ARGS|!ARGS:x|&REQUEST_HEADERS:Host|TX:/^score_/`: what a rule looks at. */

import { nearest } from '../../config/suggest.ts';
import { unescaped } from './lines.ts';
import { Misuse } from './mistakes.ts';
import { VARIABLES } from './names.ts';
import type { Selector, Target } from './rule.ts';

/** What may stand between two targets: a bar, or a comma before the name of a variable. */
const SEPARATOR = /\s*(?:\||,(?=\s*[!&]{0,2}[a-z]))\s*/iy;
const HEAD = /([!&]*)([a-z_][a-z0-9_]*)(:?)/iy;

/** The targets of a rule. @throws Misuse */
export function parseTargets(text: string): Target[] {
  const targets: Target[] = [];
  const source = text.trim();
  let at = 0;
  while (at < source.length) {
    HEAD.lastIndex = at;
    const head = HEAD.exec(source);
    if (head === null) throw new Misuse(`no variable in ${quoted(source.slice(at))}`, 'write names such as ARGS|TX:x');
    const [, flags, name, colon] = head;
    const variable = known(name);
    at = HEAD.lastIndex;
    let selector: Selector | undefined;
    if (colon !== '') {
      const end = selectorEnd(source, at, variable);
      selector = parseSelector(source.slice(at, end), variable, name);
      at = end;
    }
    targets.push({ variable, selector, count: flags.includes('&'), exclude: flags.includes('!') });
    if (at === source.length) break;
    SEPARATOR.lastIndex = at;
    if (!SEPARATOR.test(source))
      throw new Misuse(`${quoted(source.slice(at))} after ${name}`, 'separate variables by |');
    at = SEPARATOR.lastIndex;
    if (at === source.length) throw new Misuse('a variable is missing after |', 'add it, or remove the bar');
  }
  if (targets.length === 0) throw new Misuse('there is no variable', 'name what the rule looks at, such as ARGS');
  return targets;
}

function known(name: string): string {
  const variable = name.toLowerCase();
  if (VARIABLES.has(variable)) return variable;
  const meant = nearest(variable, VARIABLES.keys());
  const fix =
    meant === undefined ? 'the Reference Manual of ModSecurity lists all' : `did you mean ${meant.toUpperCase()}?`;
  throw new Misuse(`unknown variable ${name.slice(0, 60)}`, fix);
}

/** Where the part behind the colon ends. What stands between slashes or quotes may have bars. */
function selectorEnd(source: string, from: number, variable: string): number {
  const open = source[from];
  if (open === "'" || (open === '/' && variable !== 'xml')) {
    for (let at = source.indexOf(open, from + 1); at >= 0; at = source.indexOf(open, at + 1)) {
      if (source[at - 1] === '\\') continue;
      SEPARATOR.lastIndex = at + 1;
      if (at + 1 === source.length || SEPARATOR.test(source)) return at + 1;
    }
    throw new Misuse(`${quoted(source.slice(from))} is not closed`, `end it with ${open}`);
  }
  for (let at = from; at < source.length; at += 1) {
    SEPARATOR.lastIndex = at;
    if ((source[at] === '|' || source[at] === ',' || /\s/.test(source[at])) && SEPARATOR.test(source)) return at;
  }
  return source.length;
}

function parseSelector(written: string, variable: string, name: string): Selector {
  if (VARIABLES.get(variable) === 'scalar')
    throw new Misuse(`${name.toUpperCase()} has no members`, `write ${name.toUpperCase()} alone`);
  const isQuoted = written.length > 1 && written.startsWith("'");
  const text = isQuoted ? unescaped(written.slice(1, -1), "'") : written;
  if (text === '') throw new Misuse(`nothing stands after ${name}:`, 'name the member, or remove the colon');
  if (variable === 'xml' || text.length < 2 || !text.startsWith('/') || !text.endsWith('/'))
    return { kind: 'text', text };
  return { kind: 'regex', regex: text.slice(1, -1).replaceAll('\\/', '/') };
}

/** The beginning of a text, in quotes. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
