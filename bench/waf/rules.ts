/** The OWASP Core Rule Set of Debian's `modsecurity-crs`, as nginx with ModSecurity and as lb are told of it. */
export const RULES = '/usr/share/modsecurity-crs/rules';
export const MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so';
const SETUP = '/etc/modsecurity/crs/crs-setup.conf';

export interface Strictness {
  /** Paranoia level. */
  readonly level: number;
  /** Anomaly score from which on a request is refused: that of the rule set, 5, if not given. */
  readonly threshold?: number;
}

/** lb.json of the same rules. The query is no part of the cache's key. */
export function lbWithRules(strictness?: Strictness) {
  const cache = { key: { query_include: [] } };
  if (strictness === undefined) return { cache };
  const { level, threshold } = strictness;
  const limit = threshold !== undefined && { inbound_threshold: threshold };
  return { cache, addons: { waf: { mode: 'block', paranoia_level: level, ...limit } } };
}

/** ModSecurity's recommended settings, but for its audit log. */
export function modsecurityRules({ level, threshold = 5 }: Strictness): string {
  const values = { paranoia_level: level, executing_paranoia_level: level, inbound_anomaly_score_threshold: threshold };
  const setvars = Object.entries(values).map(([name, value]) => `setvar:tx.${name}=${value}`);
  return `SecRuleEngine On
SecAuditEngine Off
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecPcreMatchLimit 1000
SecPcreMatchLimitRecursion 1000
Include ${SETUP}
SecAction "id:9990001,phase:1,nolog,pass,t:none,${setvars.join(',')}"
Include ${RULES}/*.conf
`;
}
