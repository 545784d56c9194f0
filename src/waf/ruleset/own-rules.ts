/** SecLang that lb writes itself: what stands around the rule set, and what lb.json says of it. */

import { basename } from 'node:path';
import type { WafConfig, WafExclusion } from '../../config/waf-config.ts';
import type { RuleSource } from '../lang/load.ts';
import type { RuleSetFiles } from './find.ts';
import { patternOfGlobs } from './glob-pattern.ts';

/** Ids of lb's own rules begin here; exclusions of lb.json begin at the second. */
const FIRST_ID = 8_800_000;
const FIRST_EXCLUSION = 8_801_000;
const SETUP_ID = 8_800_901;

/**
 * Which bodies are read as what, and what cannot be read: blocked, since nothing is known of it. Rules on scores cannot
 * do that, and the rule set leaves it to the engine's setup.
 */
export function baseRules(): RuleSource {
  const rules = [
    [
      'REQUEST_HEADERS:Content-Type',
      '@rx ^(?:application|text)/(?:[a-z0-9.-]+\\+)?xml',
      1,
      'ctl:requestBodyProcessor=XML',
    ],
    ['REQUEST_HEADERS:Content-Type', '@rx ^application/(?:[a-z0-9.-]+\\+)?json', 1, 'ctl:requestBodyProcessor=JSON'],
    ['REQBODY_ERROR', '!@eq 0', 2, refusal('The request body cannot be read', '%{REQBODY_ERROR_MSG}')],
    [
      'MULTIPART_STRICT_ERROR',
      '!@eq 0',
      2,
      refusal('The multipart body is not well formed', '%{MULTIPART_STRICT_ERROR}'),
    ],
    ['MULTIPART_UNMATCHED_BOUNDARY', '@eq 1', 2, refusal('The multipart body may have another boundary', '')],
  ] as const;
  const lines = rules.map(([target, operator, phase, actions], index) => {
    const id = FIRST_ID + 1 + index;
    const common = `id:${id},phase:${phase},t:none${phase === 1 ? ',t:lowercase,pass,nolog' : ''}`;
    return `SecRule ${target} "${operator}" "${common},${actions}"`;
  });
  return { name: 'rules of lb', text: lines.join('\n') };
}

function refusal(msg: string, logdata: string): string {
  return `deny,status:400,log,msg:'${msg}',tag:'lb/body',severity:'CRITICAL'${logdata && `,logdata:'${logdata}'`}`;
}

/** The setup of the rule set. Without crs-setup.conf, its defaults: otherwise it answers every request with 500. */
export function setupOf({ setup }: Pick<RuleSetFiles, 'setup'>): RuleSource[] {
  const files = setup.map((file) => ({ file }));
  if (setup.some((file) => basename(file).startsWith('crs-setup.conf'))) return files;
  const text = `SecAction "id:${SETUP_ID},phase:1,t:none,pass,nolog,setvar:tx.crs_setup_version=1"`;
  return [{ name: 'rules of lb', text }, ...files];
}

/** What lb.json says of the rule set, for after its setup; undefined where it says nothing. */
export function setupRules(waf: WafConfig): RuleSource | undefined {
  const settings: Record<string, number | undefined> = {
    // of version 3
    paranoia_level: waf.paranoiaLevel,
    executing_paranoia_level: waf.detectionLevel ?? waf.paranoiaLevel,
    // of version 4
    blocking_paranoia_level: waf.paranoiaLevel,
    detection_paranoia_level: waf.detectionLevel ?? waf.paranoiaLevel,
    inbound_anomaly_score_threshold: waf.inboundThreshold,
    outbound_anomaly_score_threshold: waf.outboundThreshold,
  };
  const actions = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`setvar:tx.${name}=${value}`],
  );
  if (actions.length === 0) return undefined;
  const text = `SecAction "id:${FIRST_ID + 100},phase:1,nolog,pass,t:none,${actions.join(',')}"`;
  return { name: 'addons.waf', text };
}

/** Exclusions of lb.json, for before the rules: directives where they hold everywhere, else rules with `ctl`. */
export function exclusionRules(exclusions: readonly WafExclusion[]): RuleSource[] {
  return exclusions.map((exclusion, index) => ({
    ...placeOf(exclusion.source),
    text:
      exclusion.path.length === 0
        ? directivesOf(exclusion).join('\n')
        : controlRule(exclusion, FIRST_EXCLUSION + index),
  }));
}

/** `lb.json:5:15`. */
function placeOf(source: string): { name: string; line: number } {
  const [, name, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(source) ?? ['', source, '1'];
  return { name, line: Number(line) };
}

const EVERY_RULE = '1-999999999999';

function directivesOf({ rules, tags, targets }: WafExclusion): string[] {
  const ids = idsOf(rules, tags);
  if (targets.length === 0) {
    return [
      ...(ids === undefined ? [] : [`SecRuleRemoveById ${ids}`]),
      ...tags.map((tag) => `SecRuleRemoveByTag ${inQuotes(tag)}`),
    ];
  }
  const excluded = inQuotes(targets.map((target) => `!${target}`).join('|'));
  return [
    ...(ids === undefined ? [] : ids.split(' ').map((range) => `SecRuleUpdateTargetById ${range} ${excluded}`)),
    ...tags.map((tag) => `SecRuleUpdateTargetByTag ${inQuotes(tag)} ${excluded}`),
  ];
}

/** With neither ids nor tags, every rule is meant. */
function idsOf(rules: readonly string[], tags: readonly string[]): string | undefined {
  if (rules.length > 0) return rules.join(' ');
  return tags.length > 0 ? undefined : EVERY_RULE;
}

/** Both as it is written and decoded the path must be one of those, or `/open/../admin` would leave rules behind. */
function controlRule({ rules, tags, targets, path }: WafExclusion, id: number): string {
  const ids = idsOf(rules, tags)?.split(' ') ?? [];
  const controls = [
    ...ids.flatMap((range) => controlsOf('Id', range, targets)),
    ...tags.flatMap((tag) => controlsOf('Tag', tag, targets)),
  ];
  const head = `SecRule REQUEST_FILENAME "@rx ${patternOfGlobs(path)}"`;
  const actions = ['t:none', 't:urlDecodeUni', 't:normalisePathWin', ...controls].join(',');
  return `${head} "id:${id},phase:1,pass,nolog,t:none,chain"\n${head} "${actions.replaceAll('"', '\\"')}"`;
}

function controlsOf(by: 'Id' | 'Tag', which: string, targets: readonly string[]): string[] {
  if (targets.length === 0) return [`ctl:${inTicks(`ruleRemoveBy${by}=${which}`)}`];
  return targets.map((target) => `ctl:${inTicks(`ruleRemoveTargetBy${by}=${which};${target}`)}`);
}

function inTicks(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}

function inQuotes(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
