/** One rule put together from what is written, over what SecDefaultAction gives it. */

import { nearest } from '../../config/suggest.ts';
import type { WrittenAction } from './action-list.ts';
import { choice, count, parseControl } from './control.ts';
import { Misuse } from './mistakes.ts';
import { TRANSFORMATIONS } from './names.ts';
import type { Action, Disruptive, OperatorCall, Phase, Place, Rule, Target } from './rule.ts';
import { parseInitCollection, parseSetEnvironment, parseSetVariable, parseTimedVariable } from './variable-actions.ts';

/** A rule as it is written. Updates change it before it is built. */
export interface Draft {
  readonly place: Place;
  targets: readonly Target[];
  readonly operator: OperatorCall | undefined;
  actions: readonly WrittenAction[];
  /** What SecDefaultAction says for the phase. */
  defaults: readonly WrittenAction[];
  readonly id: number;
  readonly phase: Phase;
  chain: Draft | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Building extends Mutable<Omit<Rule, 'transformations' | 'tags' | 'actions' | 'disruptive'>> {
  transformations: string[];
  tags: string[];
  actions: Action[];
  disruptive: Disruptive | undefined;
  /** What `block` stands for. */
  blocking: { disruptive: Disruptive; status: number; redirectUrl: string };
}

/** Builds a rule and its chain. @throws Misuse */
export function buildRule(draft: Draft): Rule {
  const { place, id, phase, targets, operator } = draft;
  const rule: Building = { ...emptyRule(place), id, phase, targets, operator };
  for (const action of draft.defaults) apply(rule, action);
  // what SecDefaultAction disrupts with is for `block` alone
  rule.blocking = { disruptive: rule.disruptive ?? 'pass', status: rule.status, redirectUrl: rule.redirectUrl };
  Object.assign(rule, { disruptive: undefined, redirectUrl: '' });
  for (const action of draft.actions) apply(rule, action);
  if (draft.chain !== undefined) rule.chain = buildRule({ ...draft.chain, id: 0, phase });
  const { blocking: _, disruptive = 'pass', ...rest } = rule;
  return { ...rest, disruptive, status: statusOf(disruptive, rule.status) };
}

/** Checks actions for themselves. @throws Misuse */
export function checkActions(actions: readonly WrittenAction[], place: Place): void {
  const rule = emptyRule(place);
  for (const action of actions) apply(rule, action);
}

function emptyRule(place: Place): Building {
  return {
    kind: 'rule',
    id: 0,
    phase: 2,
    place,
    targets: [],
    operator: undefined,
    transformations: [],
    multiMatch: false,
    capture: false,
    chain: undefined,
    disruptive: undefined,
    status: 0,
    redirectUrl: '',
    msg: '',
    logdata: '',
    tags: [],
    severity: -1,
    ver: '',
    rev: '',
    maturity: 0,
    accuracy: 0,
    skip: 0,
    skipAfter: '',
    log: true,
    auditlog: true,
    actions: [],
    blocking: { disruptive: 'pass', status: 0, redirectUrl: '' },
  };
}

function statusOf(disruptive: Disruptive, said: number): number {
  if (disruptive === 'redirect') return [301, 302, 303, 307, 308].includes(said) ? said : 302;
  return said || 403;
}

const PHASES: Readonly<Record<string, Phase>> = {
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  request: 2,
  response: 4,
  logging: 5,
};

/** The phase that actions name; undefined where they name none. @throws Misuse */
export function phaseOf(actions: readonly WrittenAction[]): Phase | undefined {
  const value = actions.findLast(({ name }) => name === 'phase')?.value;
  return value === undefined ? undefined : choice(PHASES, value.trim(), 'phase');
}

/** The id that actions name, 0 where they name none. @throws Misuse */
export function idOf(actions: readonly WrittenAction[]): number {
  const action = actions.findLast(({ name }) => name === 'id');
  if (action === undefined) return 0;
  const id = count(action.value ?? '', 'id');
  if (id === 0) throw new Misuse('0 is no id of a rule', 'give it a number from 1 on that no other rule has');
  return id;
}

const SEVERITIES: Readonly<Record<string, number>> = Object.fromEntries(
  ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'].flatMap((name, level) => [
    [name, level],
    [String(level), level],
  ]),
);

type Apply = (rule: Building, value: string) => void;

/** Actions that take a value. */
const VALUED: Readonly<Record<string, Apply>> = {
  accuracy: (rule, value) => {
    rule.accuracy = count(value, 'accuracy');
  },
  ctl: (rule, value) => rule.actions.push({ kind: 'ctl', control: parseControl(value) }),
  deprecatevar: (rule, value) => rule.actions.push(parseTimedVariable('deprecatevar', value)),
  expirevar: (rule, value) => rule.actions.push(parseTimedVariable('expirevar', value)),
  id: () => {},
  initcol: (rule, value) => rule.actions.push(parseInitCollection(value)),
  logdata: (rule, value) => {
    rule.logdata = value;
  },
  maturity: (rule, value) => {
    rule.maturity = count(value, 'maturity');
  },
  msg: (rule, value) => {
    rule.msg = value;
  },
  phase: (_, value) => {
    choice(PHASES, value.trim(), 'phase');
  },
  redirect: (rule, value) => {
    rule.disruptive = 'redirect';
    rule.redirectUrl = value;
  },
  rev: (rule, value) => {
    rule.rev = value;
  },
  sanitisearg: (rule, value) => rule.actions.push({ kind: 'sanitisearg', value }),
  sanitiserequestheader: (rule, value) => rule.actions.push({ kind: 'sanitiserequestheader', value }),
  sanitiseresponseheader: (rule, value) => rule.actions.push({ kind: 'sanitiseresponseheader', value }),
  setenv: (rule, value) => rule.actions.push(parseSetEnvironment(value)),
  setrsc: (rule, value) => rule.actions.push({ kind: 'setrsc', value }),
  setsid: (rule, value) => rule.actions.push({ kind: 'setsid', value }),
  setuid: (rule, value) => rule.actions.push({ kind: 'setuid', value }),
  setvar: (rule, value) => rule.actions.push(parseSetVariable(value)),
  severity: (rule, value) => {
    rule.severity = choice(SEVERITIES, value.trim(), 'severity');
  },
  skip: (rule, value) => {
    rule.skip = count(value, 'skip');
  },
  skipafter: (rule, value) => {
    rule.skipAfter = value;
  },
  status: (rule, value) => {
    const status = count(value, 'status');
    if (status < 100 || status > 599) throw new Misuse(`status ${status} is none of HTTP`, 'give one from 200 to 599');
    rule.status = status;
  },
  t: (rule, value) => applyTransformation(rule, value.trim()),
  tag: (rule, value) => rule.tags.push(value),
  ver: (rule, value) => {
    rule.ver = value;
  },
  // only /* and //@* are read of XML, and they need no names
  xmlns: () => {},
};

const PLAIN: Readonly<Record<string, Apply>> = {
  allow: (rule, value) => {
    const scopes = { '': 'allow', phase: 'allow-phase', request: 'allow-request' } as const;
    rule.disruptive = choice<Disruptive>(scopes, value, 'allow');
  },
  auditlog: (rule) => {
    rule.auditlog = true;
  },
  block: (rule) => {
    const { disruptive, redirectUrl } = rule.blocking;
    rule.disruptive = disruptive;
    if (redirectUrl !== '') rule.redirectUrl = redirectUrl;
  },
  capture: (rule) => {
    rule.capture = true;
  },
  // the reader has made use of it
  chain: () => {},
  deny: (rule) => {
    rule.disruptive = 'deny';
  },
  drop: (rule) => {
    rule.disruptive = 'drop';
  },
  log: (rule) => {
    rule.log = true;
    rule.auditlog = true;
  },
  multimatch: (rule) => {
    rule.multiMatch = true;
  },
  noauditlog: (rule) => {
    rule.auditlog = false;
  },
  nolog: (rule) => {
    rule.log = false;
    rule.auditlog = false;
  },
  pass: (rule) => {
    rule.disruptive = 'pass';
  },
  sanitisematched: (rule) => rule.actions.push({ kind: 'sanitisematched', value: '' }),
  sanitisematchedbytes: (rule) => rule.actions.push({ kind: 'sanitisematchedbytes', value: '' }),
};

const REFUSED: Readonly<Record<string, string>> = {
  append: 'lb changes no bodies: remove it',
  exec: 'lb runs no programs: remove it',
  pause: 'lb holds no connections back: remove it, or limit the rate',
  prepend: 'lb changes no bodies: remove it',
  proxy: 'use origins and rules of lb.json',
};

function apply(rule: Building, { name: written, value }: WrittenAction): void {
  const name = written.replace(/^sanitize/, 'sanitise');
  if (Object.hasOwn(VALUED, name)) {
    if (value === undefined || value === '') throw new Misuse(`${name} has no value`, `write ${name}:VALUE`);
    VALUED[name](rule, value);
  } else if (Object.hasOwn(PLAIN, name)) PLAIN[name](rule, value ?? '');
  else if (Object.hasOwn(REFUSED, name)) throw new Misuse(`${name} is not supported`, REFUSED[name]);
  else {
    const meant = nearest(name, [...Object.keys(VALUED), ...Object.keys(PLAIN)]);
    const fix =
      meant === undefined ? "remove it, or put the text that it is part of in '...'" : `did you mean ${meant}?`;
    throw new Misuse(`unknown action ${written.slice(0, 60)}`, fix);
  }
}

function applyTransformation(rule: Building, written: string): void {
  const name = written.toLowerCase();
  if (name === 'none') rule.transformations = [];
  else if (TRANSFORMATIONS.has(name)) rule.transformations.push(name.replace('normalize', 'normalise'));
  else {
    const meant = nearest(name, TRANSFORMATIONS);
    const fix = meant === undefined ? 'remove it' : `did you mean t:${meant}?`;
    throw new Misuse(`unknown transformation t:${written.slice(0, 60)}`, fix);
  }
}

/** What SecDefaultAction must not have: it would be of one rule alone, or make every rule do it. */
const NOT_BY_DEFAULT = new Set([
  'id',
  'msg',
  'rev',
  'ver',
  'severity',
  'logdata',
  'chain',
  'skip',
  'skipafter',
  'block',
]);

/** Checks the list of a SecDefaultAction. @throws Misuse */
export function checkDefaults(actions: readonly WrittenAction[], place: Place): void {
  for (const { name, value } of actions) {
    if (NOT_BY_DEFAULT.has(name)) throw new Misuse(`${name} is for single rules`, 'remove it from SecDefaultAction');
    if (name === 't' && value?.trim().toLowerCase() === 'none')
      throw new Misuse('t:none is for single rules', 'remove it from SecDefaultAction');
  }
  checkActions(actions, place);
}
