/** `ctl:ruleRemoveTargetById=942100;ARGS:q`: what a rule changes for its transaction. */

import { nearest } from '../../config/suggest.ts';
import { Misuse } from './mistakes.ts';
import type { BodyProcessor, Control, EngineMode, XmlArguments } from './rule.ts';
import { parseRanges } from './selection.ts';
import { parseTargets } from './targets.ts';

/** The modes by their names in lower case. */
export const MODES: Readonly<Record<string, EngineMode>> = { on: 'on', off: 'off', detectiononly: 'detection-only' };
/** The values of SecParseXmlIntoArgs. */
export const XML_ARGUMENTS: Readonly<Record<string, XmlArguments>> = { on: 'on', off: 'off', onlyargs: 'only-args' };

const PROCESSORS: Readonly<Record<string, BodyProcessor>> = {
  urlencoded: 'URLENCODED',
  multipart: 'MULTIPART',
  xml: 'XML',
  json: 'JSON',
};

/** The value that a word stands for. @throws Misuse */
export function choice<T>(values: Readonly<Record<string, T>>, word: string, what: string): T {
  const key = word.toLowerCase();
  if (Object.hasOwn(values, key)) return values[key];
  throw new Misuse(`${what} is not ${word.slice(0, 40) || 'empty'}`, `write one of ${Object.keys(values).join(', ')}`);
}

/** The value of a size or a number. @throws Misuse */
export function count(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text.trim()))
    throw new Misuse(`${what} is no number: ${text.slice(0, 40)}`, 'write digits alone');
  return Number(text);
}

const ON_OFF = { on: true, off: false };

const OPTIONS: Readonly<Record<string, (value: string) => Control>> = {
  ruleengine: (value) => ({ option: 'ruleengine', value: choice(MODES, value, 'ctl:ruleEngine') }),
  ruleremovebyid: (value) => ({ option: 'remove-rule', rules: { by: 'id', ranges: parseRanges(value) } }),
  ruleremovebytag: (value) => ({ option: 'remove-rule', rules: { by: 'tag', pattern: value } }),
  ruleremovebymsg: (value) => ({ option: 'remove-rule', rules: { by: 'msg', pattern: value } }),
  ruleremovetargetbyid: (value) => {
    const { which, targets } = targetsOf(value);
    return { option: 'remove-target', rules: { by: 'id', ranges: parseRanges(which) }, targets };
  },
  ruleremovetargetbytag: (value) => {
    const { which, targets } = targetsOf(value);
    return { option: 'remove-target', rules: { by: 'tag', pattern: which }, targets };
  },
  ruleremovetargetbymsg: (value) => {
    const { which, targets } = targetsOf(value);
    return { option: 'remove-target', rules: { by: 'msg', pattern: which }, targets };
  },
  requestbodyaccess: (value) => ({
    option: 'requestbodyaccess',
    value: choice(ON_OFF, value, 'ctl:requestBodyAccess'),
  }),
  responsebodyaccess: (value) => ({
    option: 'responsebodyaccess',
    value: choice(ON_OFF, value, 'ctl:responseBodyAccess'),
  }),
  requestbodyprocessor: (value) => ({
    option: 'requestbodyprocessor',
    value: choice(PROCESSORS, value, 'ctl:requestBodyProcessor'),
  }),
  forcerequestbodyvariable: (value) => ({
    option: 'forcerequestbodyvariable',
    value: choice(ON_OFF, value, 'ctl:forceRequestBodyVariable'),
  }),
  requestbodylimit: (value) => ({ option: 'requestbodylimit', value: count(value, 'ctl:requestBodyLimit') }),
  responsebodylimit: (value) => ({ option: 'responsebodylimit', value: count(value, 'ctl:responseBodyLimit') }),
  parsexmlintoargs: (value) => ({
    option: 'parsexmlintoargs',
    value: choice(XML_ARGUMENTS, value, 'ctl:parseXmlIntoArgs'),
  }),
  auditengine: () => ({ option: 'none' }),
  auditlogparts: () => ({ option: 'none' }),
  debugloglevel: () => ({ option: 'none' }),
  hashengine: () => ({ option: 'none' }),
  hashenforcement: () => ({ option: 'none' }),
};

/** One `ctl`. @throws Misuse */
export function parseControl(text: string): Control {
  const sign = text.indexOf('=');
  if (sign < 0) throw new Misuse(`ctl:${text.slice(0, 40)} has no value`, 'write ctl:OPTION=VALUE');
  const name = text.slice(0, sign).trim();
  const key = name.toLowerCase();
  if (!Object.hasOwn(OPTIONS, key)) {
    const meant = nearest(key, Object.keys(OPTIONS));
    throw new Misuse(`unknown option ctl:${name.slice(0, 60)}`, meant ? `did you mean ctl:${meant}?` : 'remove it');
  }
  return OPTIONS[key](text.slice(sign + 1).trim());
}

/** `WHICH;TARGETS`. A `!` in front of them is for SecRuleUpdateTargetById, and changes nothing here. */
function targetsOf(value: string): { which: string; targets: ReturnType<typeof parseTargets> } {
  const semicolon = value.indexOf(';');
  if (semicolon < 0) throw new Misuse(`no target in ${value.slice(0, 60)}`, 'write RULE;TARGET, such as 942100;ARGS:q');
  const targets = parseTargets(value.slice(semicolon + 1));
  return { which: value.slice(0, semicolon).trim(), targets: targets.map((target) => ({ ...target, exclude: false })) };
}
