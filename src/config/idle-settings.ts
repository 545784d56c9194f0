/** Settings that are given but have no effect, because another one does not switch on what they are about. */

import type { Config, SiteConfig } from './config.ts';
import { formatPlace } from './errors.ts';
import type { Picker } from './picker.ts';

interface Row<Scope> {
  readonly paths: readonly string[];
  readonly isIdle: (scope: Scope) => boolean;
  /** What is missing, as the end of a sentence. */
  readonly reason: string;
}

const SITE_ROWS: readonly Row<SiteConfig>[] = [
  {
    paths: under('health', 'host statuses interval timeout healthy_after unhealthy_after'),
    isIdle: ({ health }) => health.type === 'off',
    reason: 'without health.path or health.type nothing is checked',
  },
  {
    paths: under('health', 'path host statuses'),
    isIdle: ({ health }) => health.type === 'tcp',
    reason: 'checks by TCP end with the connection',
  },
  {
    paths: under('circuit_breaker', 'min_requests window open'),
    isIdle: ({ circuitBreaker }) => circuitBreaker.errorRate === 0,
    reason: 'without circuit_breaker.error_rate there is no circuit breaker',
  },
  {
    paths: ['passive_health.eject'],
    isIdle: ({ passiveHealth }) => passiveHealth.failures === 0,
    reason: 'passive_health.failures is 0',
  },
  {
    paths: under('retries', 'statuses budget'),
    isIdle: ({ retries }) => retries.attempts === 0,
    reason: 'retries.attempts is 0',
  },
  {
    paths: ['origin_limits.queue_timeout'],
    isIdle: ({ originLimits }) => originLimits.queue === 0,
    reason: 'origin_limits.queue is 0',
  },
  {
    paths: under('upgrades', 'idle_timeout max_message connections'),
    isIdle: ({ upgrades }) => !upgrades.enabled,
    reason: 'upgrades.enabled is off',
  },
  {
    paths: ['static_index', 'static_dotfiles', 'static_recheck'],
    isIdle: ({ staticRoot }) => staticRoot === undefined,
    reason: 'there is no static_root',
  },
  {
    paths: under('compression', 'encodings min_length types background dictionaries'),
    isIdle: ({ compression }) => compression === undefined,
    reason: 'compression is off',
  },
];

const PROCESS_ROWS: readonly Row<Config>[] = [
  {
    paths: under('tls', 'min_version http2 client_ca client_auth'),
    isIdle: ({ tls }) => tls.listen.length === 0,
    reason: 'without a certificate lb does not listen with TLS',
  },
  {
    paths: under('acme', 'email directory agree_tos challenge ca_file eab_kid eab_key'),
    isIdle: ({ acme }) => acme.domains.length === 0,
    reason: 'acme.domains is empty',
  },
  {
    paths: under('tracing', 'sample service_name headers'),
    isIdle: ({ tracing }) => tracing.endpoint === undefined,
    reason: 'without tracing.endpoint there is no tracing',
  },
  {
    paths: ['limits.streams'],
    isIdle: ({ tls, h2c }) => !h2c && (tls.listen.length === 0 || !tls.http2),
    reason: 'no listener has HTTP/2',
  },
  {
    paths: under('log', 'sample redact'),
    isIdle: ({ log }) => !log.access,
    reason: 'log.access is off',
  },
  {
    paths: ['cache.disk_size'],
    isIdle: ({ disk }) => disk === undefined,
    reason: 'without cache.disk (--cache-disk DIR) nothing is kept on a disk',
  },
];

function under(parent: string, keys: string): string[] {
  return keys.split(' ').map((key) => `${parent}.${key}`);
}

/** Collects them. What is given for all sites is idle only if it is for each of them. */
export class IdleSettings {
  /** Sentences, by setting and place. */
  readonly #idle = new Map<string, string>();
  readonly #used = new Set<string>();

  /** @param pick of the process */
  lookAt(config: Config, pick: Picker): void {
    this.#look(PROCESS_ROWS, config, pick);
  }

  /** @param pick of the site */
  lookAtSite(site: SiteConfig, pick: Picker): void {
    this.#look(SITE_ROWS, site, pick);
  }

  /** One sentence each. */
  announcements(): string[] {
    return [...this.#idle].flatMap(([key, sentence]) => (this.#used.has(key) ? [] : [sentence]));
  }

  #look<Scope>(rows: readonly Row<Scope>[], scope: Scope, pick: Picker): void {
    for (const path of new Set(rows.flatMap(({ paths }) => paths))) {
      const place = pick.find(path)?.place;
      if (place === undefined) continue;
      const key = `${path} (${formatPlace(place)})`;
      const row = rows.find(({ paths, isIdle }) => paths.includes(path) && isIdle(scope));
      if (row === undefined) this.#used.add(key);
      else this.#idle.set(key, `${key} does nothing: ${row.reason}`);
    }
  }
}
