/** How a site's origins are asked: which one, how often again, how lb finds out that one is down. */

import type { OriginConfig, SiteConfig } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Picker } from './picker.ts';

type OriginTerms = Pick<
  SiteConfig,
  | 'timeouts'
  | 'balance'
  | 'health'
  | 'passiveHealth'
  | 'retries'
  | 'originLimits'
  | 'circuitBreaker'
  | 'originTls'
  | 'originHttp2'
>;

export function resolveOriginTerms(pick: Picker, errors: ErrorList): OriginTerms {
  const terms: OriginTerms = {
    timeouts: {
      connect: pick.number('timeouts.connect'),
      firstByte: pick.number('timeouts.first_byte'),
      betweenBytes: pick.number('timeouts.between_bytes'),
      total: pick.number('timeouts.total'),
    },
    balance: {
      policy: pick.text('balance.policy') as SiteConfig['balance']['policy'],
      hashBy: pick.text('balance.hash_by'),
      stickyCookie: pick.maybe('balance.sticky_cookie'),
    },
    health: resolveHealth(pick),
    passiveHealth: { failures: pick.number('passive_health.failures'), eject: pick.number('passive_health.eject') },
    retries: {
      attempts: pick.number('retries.attempts'),
      statuses: pick.items<number>('retries.statuses'),
      budget: pick.number('retries.budget'),
    },
    originLimits: {
      connections: pick.number('origin_limits.connections'),
      queue: pick.number('origin_limits.queue'),
      queueTimeout: pick.number('origin_limits.queue_timeout'),
    },
    circuitBreaker: {
      errorRate: pick.number('circuit_breaker.error_rate'),
      minRequests: pick.number('circuit_breaker.min_requests'),
      window: pick.number('circuit_breaker.window'),
      open: pick.number('circuit_breaker.open'),
    },
    originTls: {
      verify: pick.boolean('origin_tls.verify'),
      ca: pick.maybe('origin_tls.ca'),
      cert: pick.maybe('origin_tls.cert'),
      key: pick.maybe('origin_tls.key'),
    },
    originHttp2: pick.text('origin_http2') as SiteConfig['originHttp2'],
  };
  checkHealth(terms, pick, errors);
  checkOriginTls(terms, pick, errors);
  checkBalance(terms, pick, errors);
  return terms;
}

/** How long a check may take where nothing says so and the interval is longer, in ms. */
const USUAL_TIMEOUT = 2000;

/** A path alone asks for checks by HTTP. */
function resolveHealth(pick: Picker): SiteConfig['health'] {
  const interval = pick.number('health.interval');
  const usual = pick.find('health.path') === undefined ? 'off' : 'http';
  return {
    type: pick.value('health.type', 'health.type', usual) as SiteConfig['health']['type'],
    path: pick.text('health.path'),
    host: pick.maybe('health.host'),
    statuses: pick.list('health.statuses'),
    interval,
    timeout: pick.number('health.timeout', 'health.timeout', Math.min(USUAL_TIMEOUT, interval)),
    healthyAfter: pick.number('health.healthy_after'),
    unhealthyAfter: pick.number('health.unhealthy_after'),
    slowStart: pick.number('health.slow_start'),
  };
}

function checkHealth({ health }: OriginTerms, pick: Picker, errors: ErrorList): void {
  const path = pick.find('health.path')?.place;
  if (path && !health.path.startsWith('/'))
    errors.add(path, `health.path: "${health.path}" is no path`, `begin with a slash: "/${health.path}"`);
  else if (path && /[^\x21-\x7e]|#/.test(health.path))
    errors.add(path, `health.path: "${health.path}" has a character that no URL has`, 'percent-encode it');
  const timeout = pick.find('health.timeout')?.place;
  if (timeout && health.timeout > health.interval)
    errors.add(timeout, 'health.timeout is longer than health.interval', 'give a shorter timeout or a longer interval');
}

function checkOriginTls({ originTls }: OriginTerms, pick: Picker, errors: ErrorList): void {
  const given = originTls.cert === undefined ? 'origin_tls.key' : 'origin_tls.cert';
  const missing = originTls.cert === undefined ? 'origin_tls.cert' : 'origin_tls.key';
  const place = pick.find(given)?.place;
  const isWhole = (originTls.cert === undefined) === (originTls.key === undefined);
  if (place && !isWhole && !pick.isBroken(missing))
    errors.add(place, `${given} without ${missing}`, `give ${missing}, the file with its ${missing.slice(11)}`);
  const ca = pick.find('origin_tls.ca')?.place;
  if (ca && !originTls.verify && !pick.isBroken('origin_tls.verify'))
    errors.add(ca, 'origin_tls.ca does nothing while origin_tls.verify is off', 'remove one of them');
}

function checkBalance({ balance }: OriginTerms, pick: Picker, errors: ErrorList): void {
  const hashBy = pick.find('balance.hash_by')?.place;
  const isUsed = balance.policy === 'hash' || pick.isBroken('balance.policy');
  if (hashBy && !isUsed && balance.hashBy !== 'url')
    errors.add(hashBy, 'balance.hash_by does nothing without the policy hash', 'add "policy": "hash", or remove it');
  const { value, place } = pick.find('origins') ?? {};
  const origins = (value ?? []) as OriginConfig[];
  if (place && origins.length > 0 && origins.every(({ backup }) => backup))
    errors.add(place, 'origins: all of them are backups', 'leave "backup" out of at least one');
}

/** Origins of a site that are named more than once, as sentences. */
export function repeatedOrigins(origins: readonly OriginConfig[], site: string): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { tls, host, port, unix } of origins) {
    const name = unix ?? `${tls ? 'https://' : ''}${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return [...repeated].map(
    (name) => `origins of ${site}: ${name} stands there more than once; for more requests give it a weight`,
  );
}
