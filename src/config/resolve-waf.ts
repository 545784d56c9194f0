/** `addons.waf` of one site. */

import type { Picker } from './picker.ts';
import type { CustomRuleConfig, WafBodyConfig, WafConfig, WafExclusion, WafMode, WafPathMode } from './waf-config.ts';

/** Undefined where there is none. */
export function resolveWaf(pick: Picker): WafConfig | undefined {
  if (!pick.findObject('addons.waf')) return undefined;
  const number = (path: string): number | undefined => pick.value(`addons.waf.${path}`) as number | undefined;
  const waf: WafConfig = {
    ruleset: pick.text('addons.waf.ruleset'),
    mode: pick.text('addons.waf.mode') as WafMode,
    paranoiaLevel: number('paranoia_level'),
    detectionLevel: number('detection_paranoia_level'),
    inboundThreshold: number('inbound_threshold'),
    outboundThreshold: number('outbound_threshold'),
    path: pick.maybe('addons.waf.path'),
    setup: pick.list('addons.waf.setup'),
    rules: pick.list('addons.waf.rules'),
    paths: pick.items<WafPathMode>('addons.waf.paths'),
    exclusions: pick.items<WafExclusion>('addons.waf.exclusions'),
    customRules: pick
      .items<CustomRuleConfig>('addons.waf.custom_rules')
      .map((rule, index) => (rule.name === '' ? { ...rule, name: `custom-${index + 1}` } : rule)),
    requestBody: {
      ...resolveBody(pick, 'request_body'),
      noFilesLimit: pick.number('addons.waf.request_body.no_files_limit'),
    },
    responseBody: { ...resolveBody(pick, 'response_body'), types: pick.list('addons.waf.response_body.types') },
    argumentsLimit: pick.number('addons.waf.arguments_limit'),
    timeBudget: pick.number('addons.waf.time_budget'),
    redact: pick.list('addons.waf.redact'),
  };
  return waf;
}

function resolveBody(pick: Picker, which: 'request_body' | 'response_body'): WafBodyConfig {
  return {
    enabled: pick.boolean(`addons.waf.${which}.enabled`),
    limit: pick.number(`addons.waf.${which}.limit`),
    atLimit: pick.text(`addons.waf.${which}.at_limit`) as WafBodyConfig['atLimit'],
  };
}
