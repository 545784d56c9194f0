/**
 * Rules that tell of scores while they run: each rule that matches carries, as one more tag, what the scores are by then.
 * So the engine is the one that lb runs, and knows nothing of it.
 */

import type { MatchedRule } from '../../waf/engine/waf.ts';
import { loadRules } from '../../waf/lang/load.ts';
import type { Rule, RuleSet } from '../../waf/lang/rule.ts';

const TAG = 'lb-scores/';
/** Of the rule that tells what the scores are in the end. */
const LAST_ID = 8_809_999;

const LEVELS = [1, 2, 3, 4];
/** Names of variables of TX: those of version 3, then those of version 4. */
const NAMES = [
  ...LEVELS.map((level) => `anomaly_score_pl${level}`),
  ...LEVELS.map((level) => `inbound_anomaly_score_pl${level}`),
  ...LEVELS.map((level) => `outbound_anomaly_score_pl${level}`),
  ...['anomaly_score', 'inbound_anomaly_score_threshold', 'outbound_anomaly_score_threshold'],
];

export interface ScoreSide {
  /** By paranoia level, from 1 on; empty where the rules do not keep scores by level. */
  readonly levels: readonly number[];
  /** Undefined where the rules have none. */
  readonly threshold: number | undefined;
}

export interface ObservedScores {
  readonly inbound: ScoreSide;
  readonly outbound: ScoreSide;
}

/** A rule that fired. */
export interface ObservedRule {
  readonly rule: MatchedRule;
  /** What it has added to the scores. */
  readonly score: number;
}

export interface Observed {
  readonly rules: readonly ObservedRule[];
  readonly scores: ObservedScores;
}

/** The rules, and one more that says the scores at the end. */
export function observedRules(rules: RuleSet): RuleSet {
  const tag = `${TAG}${NAMES.map((name) => `%{tx.${name}}`).join('/')}`;
  const text = `SecAction "id:${LAST_ID},phase:5,pass,log,t:none"`;
  const last = loadRules([{ name: 'lb waf test', text }]).items;
  const items = [...rules.items, ...last].map((item) => (item.kind === 'rule' ? tagged(item, tag) : item));
  return { ...rules, items };
}

function tagged(rule: Rule, tag: string): Rule {
  return rule.log || rule.auditlog ? { ...rule, tags: [...rule.tags, tag] } : rule;
}

/** Takes what was added to the rules out of what they have found. */
export function observe(matched: readonly MatchedRule[]): Observed {
  const told = matched.map((rule) => ({ rule, values: valuesOf(rule) }));
  const final = told.find(({ rule }) => rule.id === LAST_ID)?.values ?? new Map<string, number>();
  const hasLevels = [...final.keys()].some((name) => /_pl\d$/.test(name));
  const totalOf = (values: ReadonlyMap<string, number>) =>
    NAMES.filter((name) => (hasLevels ? /_pl\d$/.test(name) : name === 'anomaly_score')).reduce(
      (sum, name) => sum + (values.get(name) ?? 0),
      0,
    );
  let before = 0;
  const rules: ObservedRule[] = [];
  for (const { rule, values } of told) {
    const total = totalOf(values);
    const score = total - before;
    before = total;
    if (rule.id !== LAST_ID)
      rules.push({ rule: { ...rule, tags: rule.tags.filter((tag) => !tag.startsWith(TAG)) }, score });
  }
  return { rules, scores: { inbound: sideOf(final, 'inbound'), outbound: sideOf(final, 'outbound') } };
}

function sideOf(values: ReadonlyMap<string, number>, side: 'inbound' | 'outbound'): ScoreSide {
  const names = LEVELS.map((level) => `${side}_anomaly_score_pl${level}`);
  const ofVersion3 = LEVELS.map((level) => `anomaly_score_pl${level}`);
  const isOld = side === 'inbound' && !names.some((name) => values.has(name));
  const known = isOld ? ofVersion3 : names;
  return {
    levels: known.some((name) => values.has(name)) ? known.map((name) => values.get(name) ?? 0) : [],
    threshold: values.get(`${side}_anomaly_score_threshold`),
  };
}

/** What of the scores was set. */
function valuesOf({ tags }: MatchedRule): Map<string, number> {
  const told = tags.find((tag) => tag.startsWith(TAG))?.slice(TAG.length) ?? '';
  const values = told.split('/');
  return new Map(NAMES.flatMap((name, i) => (values[i] ? [[name, Number(values[i])] as const] : [])));
}
