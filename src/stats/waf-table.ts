// What lb counts of firewalls: a part of the table of metrics.
import type { MetricRow } from './table.ts';

/** What has become of requests in which rules fired. */
export const WAF_ACTIONS = [
  'blocked',
  'response_blocked',
  'would_block',
  'passed',
  'logged',
  'allowed',
  'challenged',
] as const;

/** Families of rules by their tags; `custom` are those of lb.json, `body` and `limit` lb's own, `other` all further ones. */
export const WAF_FAMILIES = [
  'attack-sqli',
  'attack-xss',
  'attack-rce',
  'attack-lfi',
  'attack-rfi',
  'attack-ssrf',
  'attack-ssti',
  'attack-injection-php',
  'attack-injection-java',
  'attack-injection-generic',
  'attack-protocol',
  'attack-multipart-header',
  'attack-generic',
  'attack-fixation',
  'attack-reputation',
  'attack-disclosure',
  'attack-dos',
  'custom',
  'body',
  'limit',
  'other',
] as const;

export const WAF_METRICS = {
  wafRequests: {
    name: 'lb_waf_requests_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests in which rules of the firewall fired, by what became of them.',
    labels: { action: WAF_ACTIONS },
  },
  wafFamilies: {
    name: 'lb_waf_matches_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests in which rules of a family fired, by what became of them.',
    labels: { action: WAF_ACTIONS, family: WAF_FAMILIES },
  },
} as const satisfies Record<string, MetricRow>;

const NUMBERS: ReadonlyMap<string, number> = new Map(WAF_FAMILIES.map((family, i) => [family, i]));

/** Where families stand in a row, each once. @param tags such as `attack-sqli`, `attack-reputation-ip`, `lb/body` */
export function wafFamilies(tags: readonly string[]): number[] {
  const numbers = tags.map((tag) => {
    const known = NUMBERS.get(tag.startsWith('lb/') ? tag.slice(3) : tag);
    if (known !== undefined) return known;
    const wide = WAF_FAMILIES.findIndex((family) => tag.startsWith(`${family}-`));
    return wide < 0 ? WAF_FAMILIES.length - 1 : wide;
  });
  return [...new Set(numbers)];
}
