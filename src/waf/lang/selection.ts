/** Which rules a removal or an update is about. */

import { Misuse } from './mistakes.ts';
import type { IdRange, Rule, RuleSelection } from './rule.ts';

/** `942100`, `942000-942999`, several of them separated by blanks or commas. @throws Misuse */
export function parseRanges(text: string): IdRange[] {
  const parts = text
    .replaceAll(/["']/g, ' ')
    .replaceAll(/\s*-\s*/g, '-')
    .split(/[\s,]+/)
    .filter((part) => part !== '');
  if (parts.length === 0)
    throw new Misuse('there is no rule id', 'give ids or ranges, such as 942100 or 942000-942999');
  return parts.map((part) => {
    const found = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part);
    if (found === null)
      throw new Misuse(`"${part.slice(0, 40)}" is no rule id`, 'give ids or ranges, such as 942000-942999');
    const from = Number(found[1]);
    const to = Number(found[2] ?? found[1]);
    if (to < from) throw new Misuse(`the range ${part} is empty`, `write ${to}-${from}`);
    return [from, to];
  });
}

/**
 * A test for the rules that a selection is about; of chains the first link stands for all. The text of a tag or a message
 * is compared as a whole, as ModSecurity 3 does; one that is not plain is a regular expression too, as the manual has it.
 */
export function compileSelection(selection: RuleSelection): (rule: Pick<Rule, 'id' | 'tags' | 'msg'>) => boolean {
  if (selection.by === 'id') {
    const { ranges } = selection;
    return ({ id }) => id !== 0 && ranges.some(([from, to]) => id >= from && id <= to);
  }
  const { by, pattern } = selection;
  const regex = regexOf(pattern);
  const fits = (text: string): boolean => text === pattern || (regex?.test(text) ?? false);
  return by === 'tag' ? ({ tags }) => tags.some(fits) : ({ msg }) => msg !== '' && fits(msg);
}

/** Undefined where it is text only. */
function regexOf(pattern: string): RegExp | undefined {
  if (!/[\\^$*+?()[\]{}|]/.test(pattern)) return undefined;
  const flags = pattern.startsWith('(?i)') ? 'i' : '';
  try {
    return new RegExp(flags === '' ? pattern : pattern.slice(4), flags);
  } catch {
    return undefined;
  }
}
