/** `!@rx pattern`, `@pm a b`, or a pattern alone. */

import { nearest } from '../../config/suggest.ts';
import { unescaped } from './lines.ts';
import { Misuse } from './mistakes.ts';
import { OPERATORS, REFUSED_OPERATORS } from './names.ts';
import type { OperatorCall } from './rule.ts';
import { quoted } from './targets.ts';

const CALL = /^\s*(!?)\s*@(\w+)(?:\s+([\s\S]*))?$/;

/** The operator of a rule. Without an `@` it is `rx`. @throws Misuse */
export function parseOperator(text: string): OperatorCall {
  const call = CALL.exec(text);
  if (call === null) {
    if (/^\s*!?\s*@/.test(text)) throw new Misuse(`no operator in ${quoted(text)}`, 'write @NAME, such as "@rx ^a"');
    const negated = text.startsWith('!');
    return { name: 'rx', negated, argument: negated ? text.slice(1) : text };
  }
  const [, bang, written, behind = ''] = call;
  const name = written.toLowerCase();
  const need = OPERATORS.get(name);
  if (need === undefined) throw unknown(name, written);
  if (need === 'required' && behind.trim() === '')
    throw new Misuse(`@${written} has nothing to compare with`, `write "@${written} VALUE"`);
  // PCRE reads \" as a quote by itself, and what stands before it may be an escaped backslash
  const isPattern = name === 'rx' || name === 'rxglobal';
  const argument = need === 'none' ? '' : isPattern ? behind : unescaped(behind, '"');
  return { name, negated: bang !== '', argument };
}

function unknown(name: string, written: string): Misuse {
  const refused = REFUSED_OPERATORS.get(name);
  if (refused !== undefined) return new Misuse(`@${written} is not supported`, refused);
  const meant = nearest(name, OPERATORS.keys());
  const fix = meant === undefined ? 'a pattern that begins with @ is written "@rx @..."' : `did you mean @${meant}?`;
  return new Misuse(`unknown operator @${written.slice(0, 60)}`, fix);
}
