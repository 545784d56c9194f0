/** `setvar`, `expirevar`, `deprecatevar`, `initcol` and `setenv`: what a rule does to collections. */

import { Misuse } from './mistakes.ts';
import { WRITABLE } from './names.ts';
import type { Action, SetVariable } from './rule.ts';

interface Member {
  readonly collection: string;
  readonly name: string;
}

/** `tx.x`, `tx.x=1`, `tx.x=+1`, `!tx.x`. @throws Misuse */
export function parseSetVariable(text: string): SetVariable {
  const isRemoval = text.startsWith('!');
  const sign = text.indexOf('=');
  const left = (sign < 0 ? text : text.slice(0, sign)).slice(isRemoval ? 1 : 0);
  const member = memberOf(left, 'setvar');
  if (isRemoval) return { kind: 'setvar', ...member, change: 'remove', value: '' };
  if (sign < 0) return { kind: 'setvar', ...member, change: 'set', value: '1' };
  const right = text.slice(sign + 1);
  if (right.startsWith('+')) return { kind: 'setvar', ...member, change: 'add', value: right.slice(1) };
  if (right.startsWith('-')) return { kind: 'setvar', ...member, change: 'subtract', value: right.slice(1) };
  return { kind: 'setvar', ...member, change: 'set', value: right };
}

/** `ip.x=60`, `ip.x=60/300`. @throws Misuse */
export function parseTimedVariable(kind: 'expirevar' | 'deprecatevar', text: string): Action {
  const sign = text.indexOf('=');
  if (sign < 0) throw new Misuse(`${kind}:${text.slice(0, 40)} has no value`, `write ${kind}:ip.x=SECONDS`);
  return { kind, ...memberOf(text.slice(0, sign), kind), value: text.slice(sign + 1).trim() };
}

/** `ip=%{remote_addr}`. @throws Misuse */
export function parseInitCollection(text: string): Action {
  const sign = text.indexOf('=');
  const collection = text.slice(0, Math.max(0, sign)).trim().toLowerCase();
  if (sign < 0) throw new Misuse(`initcol:${text.slice(0, 40)} has no key`, 'write initcol:ip=%{REMOTE_ADDR}');
  if (!WRITABLE.has(collection) || collection === 'tx')
    throw new Misuse(`"${collection.slice(0, 40)}" is not kept`, 'initcol takes ip, global, resource, session or user');
  return { kind: 'initcol', collection, value: text.slice(sign + 1).trim() };
}

/** `NAME=value`. */
export function parseSetEnvironment(text: string): Action {
  const sign = text.indexOf('=');
  if (sign < 0) return { kind: 'setenv', name: text, value: '' };
  return { kind: 'setenv', name: text.slice(0, sign), value: text.slice(sign + 1) };
}

function memberOf(text: string, action: string): Member {
  const found = /^\s*([a-z]+)\s*[.:]\s*(\S[\s\S]*?)\s*$/i.exec(text);
  const collection = found?.[1].toLowerCase() ?? '';
  if (found !== null && WRITABLE.has(collection)) return { collection, name: found[2] };
  throw new Misuse(
    `${action}:${text.slice(0, 40)} names nothing that can be set`,
    'write COLLECTION.NAME with tx, ip, global, resource, session or user',
  );
}
