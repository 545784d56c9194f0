import { type Cleanup, until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import { type Handler, type Origin, startOrigin } from '../support/origin.ts';

/** What `lb status` has of an origin. */
export interface OriginStatus {
  url: string;
  state: string;
  reason: string | null;
  last_check: string | null;
  latency_ms: number | null;
  under_way: number;
  connections: number;
  requests: number;
  errors: number;
}

/** lb in front of several origins. */
export interface Scene {
  lb: Lb;
  origins: Origin[];
  /** Statuses of so many requests, one after the other, none of them cached. */
  readonly ask: (count: number, options?: { method?: string; fields?: [string, string][] }) => Promise<number[]>;
  readonly status: () => Promise<OriginStatus[]>;
  /** Waits until an origin is in a state. */
  readonly inState: (index: number, state: string) => Promise<void>;
  readonly metric: (name: string) => Promise<number>;
  /** Waits until nothing is under way, waits, or is held. */
  readonly idle: () => Promise<void>;
}

/** An answer that no cache takes. */
export const FINE: Handler = (_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'fine');

/** Breaks the connection before anything was answered. */
export const RESET: Handler = (_, answer) => answer.reset();

/** An answer that says that the origin fails. */
export function failing(status: number): Handler {
  return (_, answer) => answer.send(status, [['Cache-Control', 'no-store']], 'failing');
}

/** @param handlers one for each origin */
export async function startScene(t: Cleanup, handlers: readonly Handler[], settings: Settings = {}): Promise<Scene> {
  const origins = await Promise.all(handlers.map((handler) => startOrigin(t, handler)));
  const lb = await startLb(t, { origins: origins.map(({ address }) => address), ...settings });
  const status = async () => ((await lb.admin.fetch('GET', '/status')).json() as { origins: OriginStatus[] }).origins;
  const metric = async (name: string) => {
    const metrics = await lb.admin.metrics();
    return [...metrics].filter(([key]) => key.split('{')[0] === name).reduce((sum, [, value]) => sum + value, 0);
  };
  let asked = 0;
  return {
    lb,
    origins,
    status,
    metric,
    ask: async (count, { method = 'GET', fields } = {}) => {
      const statuses: number[] = [];
      for (let i = 0; i < count; i++) {
        const options = method === 'POST' ? { method, fields, body: 'a body' } : { method, fields };
        statuses.push((await request(t, lb.port, `/${asked++}`, options)).status);
      }
      return statuses;
    },
    inState: (index, state) =>
      until(async () => (await status())[index].state === state, `origin ${index} to be ${state}`),
    idle: async () => {
      await lb.admin.idle();
      const isQuiet = async () => (await status()).every(({ under_way }) => under_way === 0);
      await until(isQuiet, 'no request at an origin');
      await until(async () => (await metric('lb_origin_pool_pending_requests')) === 0, 'nobody to wait');
    },
  };
}

/** How often each element occurs. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
