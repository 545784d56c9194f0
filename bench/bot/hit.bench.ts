/**
 * What `addons.bots` costs a request that is let in, in microseconds of processor time, on one thread, beside an addon that does
 * nothing. `node bench/bot/hit.bench.ts`. What a transport takes to hand a field over comes on top, up to 0.1 us each.
 */
import { Challenge } from '../../src/bot/challenge.ts';
import { AgentCache } from '../../src/bot/classify.ts';
import { Verifier } from '../../src/bot/verify.ts';
import type { BotsConfig } from '../../src/config/bot-config.ts';
import { type Addon, type GuardRequest, PENDING } from '../../src/guard/addon.ts';
import { BotsAddon } from '../../src/guard/bots.ts';

const ROUNDS = 7;

const CONFIG: BotsConfig = {
  ...{
    mode: 'enforce',
    actions: { ai: 'block' },
    thresholds: [{ action: 'block', score: 90 }],
    exclude: [],
    files: [],
  },
  ...{ requestsPerMinute: 60, verify: true, ranges: [], robots: undefined },
};
const FIELDS: Record<string, string> = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'de,en;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-platform': '"Windows"',
  'sec-fetch-mode': 'navigate',
};
const chrome = (version: number) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.${version}.0 Safari/537.36`;

function request(agentOf: (i: number) => string, scheme: 'http' | 'https') {
  let agent = '';
  const x: GuardRequest = {
    ...{ method: 'GET', scheme, protocol: '1.1', path: '/a', query: '', target: '/a', contentLength: 0 },
    ...{
      host: { host: 'a.test' },
      guardAt: 0,
      inspection: undefined,
      isTrustedClient: false,
      note: 0,
      quota: undefined,
    },
    clientAddress: () => '192.0.2.1',
    field: (name) => (name === 'user-agent' ? agent : (FIELDS[name] ?? '')),
    headerLines: () => [],
    ownId: () => '',
    keepRow: () => {},
    holdBody: () => PENDING,
  };
  return {
    next(i: number): GuardRequest {
      agent = agentOf(i);
      x.note = 0;
      return x;
    },
  };
}

function bots(): Addon {
  const challenge = { difficulty: 16, ttl: 3600, cookie: 'a', secret: 'a secret of some length' };
  return new BotsAddon(CONFIG, {
    agents: new AgentCache(),
    verifier: new Verifier(),
    challenge: new Challenge('a', challenge, { once: () => true, now: () => 0 }),
    limit: undefined,
    count: () => {},
    report: () => {},
  });
}

function microseconds(
  addon: Addon,
  agentOf: (i: number) => string,
  scheme: 'http' | 'https',
  requests: number,
): number {
  const times: number[] = [];
  const one = request(agentOf, scheme);
  let at = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.cpuUsage();
    for (let i = 0; i < requests; i++) addon.check(one.next(at++));
    const { user, system } = process.cpuUsage(begin);
    times.push((user + system) / requests);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

function measure(name: string, agentOf: (i: number) => string, scheme: 'http' | 'https', requests = 400_000): void {
  const without = microseconds({ name: 'none', check: () => undefined }, agentOf, scheme, requests);
  const added = microseconds(bots(), agentOf, scheme, requests) - without;
  console.log(`${name.padEnd(48)} ${added.toFixed(3)} us`);
}

const agents = Array.from({ length: 256 }, (_, i) => chrome(i));
measure('one browser, HTTP', () => agents[0], 'http');
measure('one browser, HTTPS', () => agents[0], 'https');
measure('256 browsers in turn, HTTPS', (i) => agents[i & 255], 'https');
measure('a bot that says so', () => 'curl/8.5.0', 'http');
measure('browsers that never repeat', (i) => chrome(i + 1000), 'http', 20_000);
measure(
  'bots that never repeat',
  (i) => `Mozilla/5.0 (compatible; AhrefsBot/${i}; +http://ahrefs.com/robot/)`,
  'http',
  20_000,
);
