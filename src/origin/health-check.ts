import type { OriginConfig, SiteConfig } from '../config/config.ts';
import type { DialOptions } from './connect.ts';
import { openConnections } from './connect-pool.ts';
import { originErrorFrom } from './origin-error.ts';

/** What one check found. */
export interface CheckResult {
  readonly isHealthy: boolean;
  /** In words for people: `status 200`, `connection_refused`, `no answer in 2000 ms`. */
  readonly detail: string;
}

/** Whether a status is among `200` and `200-399`. */
export function isStatusIn(status: number, ranges: readonly string[]): boolean {
  return ranges.some((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return status >= from && status <= to;
  });
}

/** Checks an origin once, on a connection of its own, the way requests get theirs. Never rejects. */
export async function checkOrigin(origin: OriginConfig, site: SiteConfig, options: DialOptions): Promise<CheckResult> {
  const { type, timeout } = site.health;
  try {
    const connections = openConnections(origin, site, { ...options, connections: 1, maxAge: Number.POSITIVE_INFINITY });
    const check = type === 'tcp' ? connect(connections) : ask(connections, origin, site);
    return await within(check, timeout).finally(() => void connections.destroy().catch(() => {}));
  } catch (error) {
    return { isHealthy: false, detail: (error as Error).message };
  }
}

async function connect(connections: ReturnType<typeof openConnections>): Promise<CheckResult> {
  try {
    const socket = await connections.dial(undefined);
    socket.destroy();
    return { isHealthy: true, detail: 'connected' };
  } catch (error) {
    return { isHealthy: false, detail: originErrorFrom(error as Error).type };
  }
}

function ask(
  connections: ReturnType<typeof openConnections>,
  origin: OriginConfig,
  site: SiteConfig,
): Promise<CheckResult> {
  const { path, host, statuses } = site.health;
  return new Promise((resolve) => {
    connections.dispatch(
      {
        method: 'GET',
        path,
        headers: ['host', host ?? hostOf(origin), 'user-agent', 'lb health check', 'accept', '*/*'],
        reset: true,
      },
      {
        onRequestStart() {},
        onResponseStart(_, status) {
          if (status >= 200) resolve({ isHealthy: isStatusIn(status, statuses), detail: `status ${status}` });
        },
        onResponseData() {},
        onResponseEnd() {},
        onResponseError: (_, error) => resolve({ isHealthy: false, detail: originErrorFrom(error).type }),
      },
    );
  });
}

/** The origin's own name, with its port where that is not the scheme's. */
function hostOf({ host, port, tls, unix }: OriginConfig): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return unix !== undefined || port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

async function within(check: Promise<CheckResult>, ms: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve({ isHealthy: false, detail: `no answer in ${ms} ms` }), ms);
  });
  return Promise.race([check, late]).finally(() => clearTimeout(timer));
}
