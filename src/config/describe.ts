/** Settings in words, and values as lb.json has them. */

import { formatAddress, formatOrigin } from './address.ts';
import type { Address, DictionaryConfig, OriginConfig, RateLimitConfig, SiteRule } from './config.ts';
import type { Field } from './field-values.ts';
import type { Setting } from './setting.ts';
import { formatDuration, formatSize } from './units.ts';
import type { CertificateFiles, Item, Json, Value } from './values.ts';
import { formatWafItem } from './waf-objects.ts';

/** What a setting expects, for messages: `a size such as "512MB"`. */
export function describeType(setting: Setting): string {
  switch (setting.type) {
    case 'address':
      return 'an address such as "0.0.0.0:8080"';
    case 'addresses':
      return 'an address such as "0.0.0.0:8080", or an array of them';
    case 'boolean':
      return 'true or false';
    case 'certificates':
      return 'an array of objects such as {"cert": "a.crt", "key": "a.key"}';
    case 'dictionaries':
      return 'an array of objects such as {"match": "/app/*.js"}';
    case 'domains':
      return 'host names, or an array of them';
    case 'fields':
      return 'an object such as {"X-Name": "value"}';
    case 'duration':
      return 'a duration such as "30s" or "5m", or a number of seconds';
    case 'enum':
      return `one of ${setting.values?.join(', ')}`;
    case 'conditions':
      return 'an object such as {"path": "/admin/*"}, or an array of them';
    case 'countries':
      return 'countries such as ["DE", "FR"]';
    case 'custom-rules':
      return 'an array of objects such as {"action": "block", "when": {"path": "/admin/*"}}';
    case 'cookies':
      return 'names of cookies, or an array of them';
    case 'key-fields':
    case 'names':
    case 'target-fields':
      return 'field names, or an array of them';
    case 'geo-paths':
      return 'an array of objects such as {"match": "/shop/*", "allow": ["DE"]}';
    case 'globs':
      return 'globs such as "*.js,*.css", or an array of them';
    case 'host':
      return 'host names, or an array of them';
    case 'integer':
      return 'a whole number';
    case 'keys':
      return '"ip" or another key, or an array of them';
    case 'matches':
      return 'an object such as {"X-Name": "*text*"}';
    case 'limits':
      return 'a rate such as 100 or "100/m", an object such as {"requests_per_second": 100, "by": "ip"}, or an array of them';
    case 'media-types':
      return 'media types such as "text/*,application/json", or an array of them';
    case 'methods':
      return 'methods such as ["GET", "POST"]';
    case 'name-servers':
      return 'addresses of name servers, or an array of them';
    case 'networks':
      return 'networks such as "10.0.0.0/8", or an array of them';
    case 'number':
      return 'a number';
    case 'origins':
      return 'an array of origins such as ["example.com:443"]';
    case 'paths':
      return 'names of folders, or an array of them';
    case 'parameters':
      return 'names of query parameters, or an array of them';
    case 'rule-ids':
      return 'ids of rules such as [942100, "942000-942999"]';
    case 'rules':
      return 'an array of objects such as {"match": "/old/*", "redirect": {"to": "/new/{1}"}}';
    case 'size':
      return `a size such as "512MB", or a number of bytes${setting.mayBeOff ? ', or false' : ''}`;
    case 'status-ranges':
      return 'statuses such as ["200-299", 404]';
    case 'statuses':
      return 'statuses such as [502, 503]';
    case 'strings':
    case 'texts':
      return 'an array of strings';
    case 'waf-exclusions':
      return 'an array of objects such as {"rules": [942100], "targets": ["ARGS:q"]}';
    case 'waf-paths':
      return 'an array of objects such as {"match": "/api/*", "mode": "log"}';
    default:
      return 'a string in double quotes';
  }
}

/** A resolved value as it would be written in lb.json, secrets blanked. */
export function formatValue(setting: Setting, value: Value): Json {
  if (Array.isArray(value)) return formatList(setting, value as readonly Item[]);
  if (setting.secret) return '***';
  if (typeof value === 'object') return formatAddress(value as Address);
  if (setting.mayBeOff && value === 0) return false;
  if (setting.type === 'size') return formatSize(value as number);
  if (setting.type === 'duration') return formatDuration((value as number) * (setting.unit === 's' ? 1000 : 1));
  return value;
}

/** One address is written as such; of secret fields the names are told. */
function formatList(setting: Setting, items: readonly Item[]): Json {
  if (setting.secret) return items.map((item) => `${(item as Field)[0]}: ***`);
  const list = items.map((item) => formatItem(setting, item));
  return setting.type === 'addresses' && list.length === 1 ? list[0] : list;
}

function formatItem(setting: Setting, item: Item): Json {
  switch (setting.type) {
    case 'addresses':
      return formatAddress(item as Address);
    case 'certificates': {
      const { cert, key } = item as CertificateFiles;
      return { cert, key };
    }
    case 'dictionaries': {
      const { match, useFor, id } = item as DictionaryConfig;
      return id === undefined ? { match, use_for: useFor } : { match, use_for: useFor, id };
    }
    case 'fields':
      return (item as Field).join(': ');
    case 'limits':
      return formatLimit(item as RateLimitConfig);
    case 'origins':
      return formatOriginItem(item as OriginConfig);
    case 'rules':
      return formatRule(item as SiteRule);
    case 'conditions':
    case 'custom-rules':
    case 'geo-paths':
    case 'waf-exclusions':
    case 'waf-paths':
      return formatWafItem(item as object);
    default:
      return item as string | number;
  }
}

/** As text where that says all, else as an object. */
function formatOriginItem(origin: OriginConfig): Json {
  const { weight, backup, proxyProtocol, serverName } = origin;
  const extra: Record<string, Json> = {};
  if (weight !== 1) extra.weight = weight;
  if (backup) extra.backup = true;
  if (proxyProtocol !== 0) extra.proxy_protocol = `v${proxyProtocol}`;
  if (serverName !== undefined) extra.server_name = serverName;
  const isNamedSocket = origin.unix !== undefined && (origin.tls || origin.host !== 'localhost');
  if (Object.keys(extra).length === 0 && !isNamedSocket) return formatOrigin(origin);
  const place: Record<string, Json> =
    origin.unix === undefined ? { host: origin.host, port: origin.port } : { unix: origin.unix, host: origin.host };
  return { ...place, tls: origin.tls, ...extra };
}

/** As lb.json has it, without what is as it would be anyway. */
function formatLimit(limit: RateLimitConfig): Json {
  const { name, match, methods, by, concurrent, allow, status, body } = limit;
  const parts: Record<string, Json> = name === '' ? {} : { name };
  if (match.length > 0) parts.match = match;
  if (methods.length > 0) parts.methods = methods;
  parts.by = by.length === 0 ? ['all'] : by;
  if (limit.rate > 0) {
    const unit = limit.per === 1 ? 'second' : limit.per === 60 ? 'minute' : 'hour';
    parts[`requests_per_${unit}`] = Number((limit.rate * limit.per).toPrecision(12));
    parts.burst = limit.burst;
  }
  if (concurrent > 0) parts.concurrent = concurrent;
  if (limit.scope !== 'requests') parts.scope = limit.scope;
  if (limit.mode !== 'enforce') parts.mode = limit.mode;
  if (allow.length > 0) parts.allow = allow;
  if (status !== 429) parts.status = status;
  if (body !== undefined) parts.body = body;
  if (limit.fields !== 'refusals') parts.fields = limit.fields;
  if (limit.ipv6Prefix !== 64) parts.ipv6_prefix = limit.ipv6Prefix;
  if (limit.missing !== 'ip') parts.missing = limit.missing;
  return parts;
}

/** What the rule says, without what it leaves out. */
function formatRule(rule: SiteRule): Json {
  const parts: Record<string, Json> = {};
  for (const key of ['match', 'methods', 'hosts', 'limits'] as const) if (rule[key].length > 0) parts[key] = rule[key];
  if (rule.rewrite !== undefined) parts.rewrite = rule.rewrite;
  if (rule.redirect !== undefined) parts.redirect = { ...rule.redirect };
  if (rule.respond !== undefined) parts.respond = { ...rule.respond, headers: rule.respond.headers.map(joined) };
  for (const [key, changes] of [
    ['request_headers', rule.requestHeaders],
    ['response_headers', rule.responseHeaders],
  ] as const) {
    const { remove, set, add } = changes;
    if (remove.length + set.length + add.length === 0) continue;
    parts[key] = { remove, set: set.map(joined), add: add.map(joined) };
  }
  return parts;
}

function joined([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}
