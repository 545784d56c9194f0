/** What `lb waf test` tells, as its JSON has it. */

import type { WafMode } from '../../config/waf-config.ts';
import { readable, shownData, type WafFinding } from '../../guard/waf-report.ts';
import { type Observed, observe, type ScoreSide } from './observed-rules.ts';
import type { TestedRequest } from './tested-request.ts';
import type { Trial } from './trial.ts';

export type TrialAction = 'passed' | 'would_block' | 'refused' | 'answered' | 'response_refused';

export interface TrialRule {
  readonly id: number;
  readonly phase: number;
  /** 0 where its tags do not say. */
  readonly paranoia_level: number;
  readonly severity: string;
  readonly message: string;
  readonly variable: string;
  readonly data: string;
  readonly score: number;
  readonly tags: readonly string[];
  readonly file: string;
  readonly line: number;
}

export interface TrialScore {
  readonly total: number;
  /** Null where the rules have none. */
  readonly threshold: number | null;
  readonly by_level: readonly number[];
}

export interface TrialResult {
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly target: string;
    readonly protocol: string;
    readonly body_bytes: number;
    readonly client_ip: string;
  };
  readonly site: string;
  /** Of the path. */
  readonly mode: WafMode;
  /** Addons of the site in the order in which they are asked. */
  readonly addons: readonly string[];
  readonly decision: {
    readonly action: TrialAction;
    /** Null where the request goes on. */
    readonly status: number | null;
    /** The addon. */
    readonly by: string | null;
    readonly detail: string;
    /** The rule of the firewall that decided, 0 for none. */
    readonly rule_id: number;
  };
  readonly custom_rules: readonly { readonly name: string; readonly action: string }[];
  readonly notes: readonly string[];
  readonly rules: readonly TrialRule[];
  readonly scores: { readonly inbound: TrialScore; readonly outbound: TrialScore };
}

interface Terms {
  readonly request: TestedRequest;
  readonly site: string;
  readonly mode: WafMode;
  readonly isSecret: (variable: string) => boolean;
}

const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'];

export function describeTrial(trial: Trial, { request, site, mode, isSecret }: Terms): TrialResult {
  const { method, target, protocol, headers, body } = request;
  const inspected = trial.findings.filter(({ outcome }) => outcome !== undefined);
  const observed = observe(inspected.flatMap(({ outcome }) => outcome?.matched ?? []));
  const host = headers[headers.indexOf('host') + 1] ?? '';
  return {
    request: { method, host, target, protocol, body_bytes: body.length, client_ip: trial.client },
    ...{ site, mode, addons: trial.addons },
    decision: decisionOf(trial, inspected),
    custom_rules: trial.findings.flatMap(({ action, customRules = [] }) =>
      customRules.map((name) => ({ name, action })),
    ),
    notes: trial.notes.map(({ addon, text }) => `${addon}: ${text}`),
    rules: observed.rules.map(({ rule, score }) => ({
      id: rule.id,
      phase: rule.phase,
      paranoia_level: Number(rule.tags.find((tag) => /^paranoia-level\/[1-4]$/.test(tag))?.at(-1) ?? 0),
      severity: SEVERITIES[rule.severity] ?? '',
      message: readable(rule.message),
      variable: readable(rule.variable),
      data: shownData(rule, isSecret),
      score,
      ...{ tags: rule.tags, ...rule.place },
    })),
    scores: scoresOf(observed, inspected),
  };
}

function decisionOf(trial: Trial, inspected: readonly WafFinding[]): TrialResult['decision'] {
  const { verdict, decidedBy = null } = trial;
  const ruling = inspected.find(({ outcome }) => outcome?.verdict !== undefined)?.outcome?.verdict;
  const rule_id = ruling?.ruleId ?? 0;
  if (verdict !== undefined) {
    const { status, problem, fields } = verdict;
    const detail = [problem?.detail ?? '', ...fields].filter((text) => text !== '').join('; ');
    return { action: status < 300 ? 'answered' : 'refused', status, by: decidedBy, detail, rule_id };
  }
  if (trial.isResponseRefused) {
    const status = inspected.find(({ action }) => action === 'response_blocked')?.status ?? null;
    return { action: 'response_refused', status, by: 'waf', detail: 'what the origin answers is not shown', rule_id };
  }
  if (ruling !== undefined)
    return { action: 'would_block', status: null, by: 'waf', detail: `in the mode block: ${ruling.status}`, rule_id };
  const detail = trial.isLetPast ? 'let past the addons that come later' : '';
  return { action: 'passed', status: null, by: null, detail, rule_id };
}

function scoresOf({ scores }: Observed, inspected: readonly WafFinding[]): TrialResult['scores'] {
  const totals = { inbound: 0, outbound: 0 };
  for (const { outcome } of inspected) {
    totals.inbound = Math.max(totals.inbound, outcome?.scores.inbound ?? 0);
    totals.outbound = Math.max(totals.outbound, outcome?.scores.outbound ?? 0);
  }
  const side = ({ levels, threshold }: ScoreSide, total: number): TrialScore => ({
    ...{ total, threshold: threshold ?? null, by_level: levels },
  });
  return { inbound: side(scores.inbound, totals.inbound), outbound: side(scores.outbound, totals.outbound) };
}
