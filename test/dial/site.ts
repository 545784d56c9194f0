import type { OriginConfig, SiteConfig } from '../../src/config/config.ts';

/** An origin's configuration, as defaults have it. */
export function originConfig(given: Partial<OriginConfig>): OriginConfig {
  const base = { host: '127.0.0.1', port: 0, tls: false, unix: undefined, weight: 1, backup: false };
  return { ...base, proxyProtocol: 0, serverName: undefined, ...given };
}

/** What connections to origins need of a site's configuration. */
export function siteConfig(given: Partial<SiteConfig>): SiteConfig {
  return {
    timeouts: { connect: 2000, firstByte: 2000, betweenBytes: 2000, total: 0 },
    originTls: { verify: true, ca: undefined, cert: undefined, key: undefined },
    originHttp2: 'auto',
    ...given,
  } as SiteConfig;
}
