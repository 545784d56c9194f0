/** For tests: rules without files, and rules as text again. */

import { loadRules, type RuleFiles } from './load.ts';
import type { Action, Control, OperatorCall, Rule, RuleSelection, RuleSet, Target } from './rule.ts';

/** Files of a test by their names; globs know `*` alone. */
export function filesOf(texts: Readonly<Record<string, string>>): RuleFiles {
  return {
    read: (path) => {
      if (Object.hasOwn(texts, path)) return texts[path];
      throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    },
    find: (pattern) => {
      const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
      const test = new RegExp(`^${parts.join('[^/]*')}$`);
      return Object.keys(texts)
        .filter((name) => test.test(name))
        .sort();
    },
  };
}

/** Rules of one text, which stands in /r/a.conf. */
export function rulesOf(text: string, others: Readonly<Record<string, string>> = {}): RuleSet {
  return loadRules([{ file: '/r/a.conf' }], { files: filesOf({ '/r/a.conf': text, ...others }) });
}

/** The only rule of a text. */
export function ruleOf(text: string): Rule {
  const rules = rulesOf(text).items.filter((item) => item.kind === 'rule');
  if (rules.length !== 1) throw new Error(`${rules.length} rules`);
  return rules[0];
}

/** SecLang for a rule and its chain. Reading it gives an equal rule. */
export function printRule(rule: Rule): string {
  const actions = `"${printActions(rule).join(',').replaceAll('"', '\\"')}"`;
  const head =
    rule.operator === undefined
      ? `SecAction ${actions}`
      : `SecRule "${rule.targets.map(printTarget).join('|')}" "${printOperator(rule.operator)}" ${actions}`;
  return rule.chain === undefined ? head : `${head}\n${printRule(rule.chain)}`;
}

function printTarget({ variable, selector, count, exclude }: Target): string {
  const flags = `${exclude ? '!' : ''}${count ? '&' : ''}`;
  if (selector === undefined) return flags + variable.toUpperCase();
  const written = selector.kind === 'text' ? selector.text : `/${selector.regex.replaceAll('/', '\\/')}/`;
  return `${flags}${variable.toUpperCase()}:'${written.replaceAll("'", "\\'")}'`;
}

function printOperator({ name, negated, argument }: OperatorCall): string {
  const written = name.startsWith('rx') ? argument : argument.replaceAll('"', '\\"');
  return `${negated ? '!' : ''}@${name} ${written}`;
}

function printActions(rule: Rule): string[] {
  const text = (name: string, value: string): string[] => (value === '' ? [] : [`${name}:${quote(value)}`]);
  const number = (name: string, value: number, absent: number): string[] =>
    value === absent ? [] : [`${name}:${value}`];
  return [
    ...(rule.id === 0 ? [] : [`id:${rule.id}`, `phase:${rule.phase}`, ...printDisruptive(rule)]),
    't:none',
    ...rule.transformations.map((name) => `t:${name}`),
    ...(rule.multiMatch ? ['multiMatch'] : []),
    ...(rule.capture ? ['capture'] : []),
    ...text('msg', rule.msg),
    ...text('logdata', rule.logdata),
    ...rule.tags.flatMap((tag) => text('tag', tag)),
    ...number('severity', rule.severity, -1),
    ...text('ver', rule.ver),
    ...text('rev', rule.rev),
    ...number('maturity', rule.maturity, 0),
    ...number('accuracy', rule.accuracy, 0),
    ...number('skip', rule.skip, 0),
    ...text('skipAfter', rule.skipAfter),
    rule.log ? 'log' : 'nolog',
    rule.auditlog ? 'auditlog' : 'noauditlog',
    ...rule.actions.map(printAction),
    ...(rule.chain === undefined ? [] : ['chain']),
  ];
}

function printDisruptive({ disruptive, status, redirectUrl }: Rule): string[] {
  if (disruptive === 'redirect') return [`redirect:${quote(redirectUrl)}`, `status:${status}`];
  if (disruptive.startsWith('allow-')) return [disruptive.replace('-', ':'), `status:${status}`];
  return [disruptive, `status:${status}`];
}

function printAction(action: Action): string {
  switch (action.kind) {
    case 'setvar': {
      if (action.change === 'remove') return `setvar:${quote(`!${action.collection}.${action.name}`)}`;
      const sign = { set: '', add: '+', subtract: '-' }[action.change];
      return `setvar:${quote(`${action.collection}.${action.name}=${sign}${action.value}`)}`;
    }
    case 'expirevar':
    case 'deprecatevar':
      return `${action.kind}:${quote(`${action.collection}.${action.name}=${action.value}`)}`;
    case 'initcol':
      return `initcol:${quote(`${action.collection}=${action.value}`)}`;
    case 'setenv':
      return `setenv:${quote(`${action.name}=${action.value}`)}`;
    case 'ctl':
      return `ctl:${quote(printControl(action.control))}`;
    default:
      return action.value === '' ? action.kind : `${action.kind}:${quote(action.value)}`;
  }
}

function printControl(control: Control): string {
  if (control.option === 'none') return 'auditEngine=off';
  if (control.option === 'remove-rule') return `ruleRemoveBy${control.rules.by}=${printSelection(control.rules)}`;
  if (control.option === 'remove-target') {
    const targets = control.targets.map(printTarget).join('|');
    return `ruleRemoveTargetBy${control.rules.by}=${printSelection(control.rules)};${targets}`;
  }
  const { value } = control;
  return `${control.option}=${typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value).replace('-', '')}`;
}

function printSelection(selection: RuleSelection): string {
  if (selection.by !== 'id') return selection.pattern;
  return selection.ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
