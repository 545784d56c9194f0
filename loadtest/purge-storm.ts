import { setTimeout as sleep } from 'node:timers/promises';

export interface PurgeFindings {
  done: number;
  /** Purges answered with other than 2xx. */
  refused: number;
  /** Times when content from before a purge came after the purge had been answered. */
  outdated: number;
  /** Slowest hundredth of the purges in milliseconds. */
  p99: number;
}

export interface PurgeStormOptions {
  url: string;
  admin: string;
  token?: string;
  /** Ends the storm. */
  until: AbortSignal;
  /** How often the origin has answered so far; where it is unknown, the last version seen stands in for it. */
  originCount?: () => number;
}

const PAUSE_MS = 10;
const OBJECTS = 100;

/** What is purged in turn. A soft purge may be followed by old content while it is renewed, so it is not checked. */
const TURNS = [
  { scope: (path: string) => path, soft: false },
  { scope: () => '/versioned/*', soft: false },
  { scope: (path: string) => path, soft: true },
  { scope: () => '/*', soft: false },
];

/** Purges one after another until told to stop, and checks after each hard one that only newer content is served. */
export async function purgeStorm(options: PurgeStormOptions): Promise<PurgeFindings> {
  const findings = { refused: 0, outdated: 0 };
  const times: number[] = [];
  for (let i = 0; !options.until.aborted; i++) {
    const path = `/versioned/${i % OBJECTS}`;
    const { scope, soft } = TURNS[i % TURNS.length];
    const before = options.originCount?.() ?? (await version(options.url, path));
    const start = performance.now();
    const accepted = await purge(options, scope(path), soft);
    times.push(performance.now() - start);
    if (!accepted) findings.refused++;
    if (!soft && (await version(options.url, path)) <= before) findings.outdated++;
    await sleep(PAUSE_MS);
  }
  times.sort((a, b) => a - b);
  return { ...findings, done: times.length, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
}

async function purge({ admin, token }: PurgeStormOptions, scope: string, soft: boolean): Promise<boolean> {
  const answer = await fetch(new URL(`/cache${scope}`, admin), {
    method: 'DELETE',
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(soft ? { 'Content-Type': 'application/json' } : {}),
    },
    body: soft ? '{"soft": true}' : undefined,
  });
  await answer.arrayBuffer();
  return answer.ok;
}

/** The number that the origin put into its answer: how many it had given before. */
async function version(url: string, path: string): Promise<number> {
  const answer = await fetch(new URL(path, url));
  return Number((await answer.text()).trim());
}
