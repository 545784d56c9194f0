import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';
import { DnsCache } from '../origin/dns.ts';
import type { Logger } from '../stats/logger.ts';

/** A name that does not resolve is most often a typing error: said at once, in one line, without refusing to start. */
export function warnOfUnresolvableOrigins({ sites, dns }: Config, logger: Logger): void {
  const cache = new DnsCache(dns);
  const connected = sites.flatMap(({ origins }) => origins).filter(({ unix }) => unix === undefined);
  for (const name of new Set(connected.map(({ host }) => host))) {
    if (isIP(name) !== 0) continue;
    cache.addresses(name).catch((error: unknown) => {
      logger.error(
        { origin: name, code: (error as NodeJS.ErrnoException).code },
        `the origin ${name} does not resolve; requests for it get 502 until it does`,
      );
    });
  }
}
