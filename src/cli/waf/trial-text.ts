import { paintIf, safeText } from '../columns.ts';
import type { TrialResult, TrialRule, TrialScore } from './trial-result.ts';

const INDENT = 10;
const LONGEST_DATA = 160;

/** A result for people: the decision first, then the rules in the order in which they fired. */
export function trialText(result: TrialResult, color: boolean): string {
  const { request, rules, custom_rules: custom, notes } = result;
  const paint = paintIf(color);
  const isRefused = /refused/.test(result.decision.action);
  const sections: [string, string[]][] = [
    ['request', [`${request.method} ${request.target}  (Host: ${request.host}, from ${request.client_ip})`]],
    ['decision', [paint(isRefused ? 'red' : 'bold', decisionLine(result))]],
    ['site', [`${result.site}; mode ${result.mode}; asks ${result.addons.join(', ') || 'nobody'}`]],
    ['custom', custom.map(({ name, action }) => `${name}: ${action}`)],
    ['notes', [...notes]],
    ['rules', rules.flatMap(ruleLines)],
    ['score', scoreLines(result)],
  ];
  return sections
    .flatMap(([name, lines]) => lines.map((line, i) => `${(i === 0 ? name : '').padEnd(INDENT)}${safeText(line)}\n`))
    .join('');
}

function decisionLine({ decision, mode }: TrialResult): string {
  const { action, status, by, detail, rule_id: rule } = decision;
  const why = detail === '' ? '' : `: ${detail}`;
  const who = `${by ?? ''}${rule > 0 ? ` (rule ${rule})` : ''}`;
  switch (action) {
    case 'refused':
      return `refused with ${status} by ${who}${why}`;
    case 'answered':
      return `answered with ${status} by ${who}${why}`;
    case 'response_refused':
      return `the response is refused with ${status} by ${who}${why}`;
    case 'would_block':
      return `passes, since the mode is ${mode}; ${who} would block it${why}`;
    default:
      return `passes${why}`;
  }
}

function ruleLines(rule: TrialRule): string[] {
  const { id, phase, paranoia_level: level, severity, message, variable, data, score, file, line } = rule;
  const terms = [`phase ${phase}`, ...(level > 0 ? [`level ${level}`] : []), ...(severity === '' ? [] : [severity])];
  const added = score > 0 ? `  +${score}` : '';
  const shown = data.length > LONGEST_DATA ? `${data.slice(0, LONGEST_DATA)}...` : data;
  const place = `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
  return [
    `${id}  ${message || '(no message)'}${added}`,
    `        ${[...terms, place, ...(variable === '' ? [] : [variable])].join(', ')}`,
    ...(shown === '' ? [] : [`        ${shown}`]),
  ];
}

function scoreLines({ scores, mode }: TrialResult): string[] {
  const { inbound, outbound } = scores;
  // the rules have not been asked
  if (mode === 'off' || (inbound.threshold === null && inbound.total + outbound.total === 0)) return [];
  return [`inbound ${scoreText(inbound)}`, `outbound ${scoreText(outbound)}`];
}

function scoreText({ total, threshold, by_level: levels }: TrialScore): string {
  const most = threshold === null ? '' : `, blocked from ${threshold} on`;
  const parts = levels.map((score, i) => `level ${i + 1}: ${score}`);
  return `${total}${most}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}
