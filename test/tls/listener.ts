import { ClientWatch } from '../../src/request/client-watch.ts';
import type { Reply, RequestView } from '../../src/request/reply.ts';
import type { TlsCertificate, TlsTerms } from '../../src/tls/terms.ts';
import { type ListenerTerms, type NodeListener, openNodeListener } from '../../src/transport/node-listener.ts';
import { TlsChallenges } from '../../src/transport/tls-challenges.ts';
import type { Certificate } from '../dial/certificates.ts';
import type { Cleanup } from '../support/cleanup.ts';

/** What answers in place of the pipeline. */
export type Answer = (request: RequestView, reply: Reply) => void;

/** A listener alone, without cache and origins. */
export interface TestListener {
  readonly listener: NodeListener;
  readonly port: number;
  readonly challenges: TlsChallenges;
  readonly clients: ClientWatch;
  /** Lets time pass for clients that are slow. */
  readonly pass: (milliseconds: number) => void;
  readonly terms: ListenerTerms;
}

export const TERMS: ListenerTerms = {
  tls: undefined,
  h2c: false,
  proxyProtocol: [],
  limits: { streams: 128, headerTimeout: 10_000, idleTimeout: 60_000 },
  maxRequestHeader: 32_768,
};

const SLOW = { bodyTimeout: 30_000, minReceiveRate: 256, minSendRate: 256, sendTimeout: 60_000 };

/** Listens on a free port of 127.0.0.1, or another address. It is closed after the test. */
export async function startListener(
  t: Cleanup,
  answer: Answer,
  changed: Partial<ListenerTerms>,
  host = '127.0.0.1',
): Promise<TestListener> {
  const terms = { ...TERMS, ...changed };
  const challenges = new TlsChallenges();
  let now = 0;
  const clients = new ClientWatch(SLOW, () => now);
  const pass = (milliseconds: number) => {
    now += milliseconds;
    clients.look();
  };
  const gate = { opened: () => true, identified: () => true, closed: () => {} };
  const parts = { handler: { handle: answer }, clients, gate, challenges };
  const listener = await openNodeListener({ host, port: 0 }, terms, parts);
  t.after(() => listener.close());
  return { listener, port: listener.port, challenges, clients, pass, terms };
}

/** What a listener needs for certificates of the names given. */
export function tlsTerms(
  certificates: readonly (Certificate & { names: string[] })[],
  more: Partial<TlsTerms> = {},
): TlsTerms {
  return {
    certificates: certificates.map((certificate): TlsCertificate => ({ kind: 'ec', ...certificate })),
    minVersion: 'TLSv1.2',
    http2: true,
    clientCa: undefined,
    clientAuth: 'off',
    ticketKey: new Uint8Array(48).fill(7),
    ...more,
  };
}

/** Answers with a text. */
export function say(reply: Reply, text: string, lines = ''): void {
  reply.head('200 OK', 'lb; hit', `1.1 lb${lines}`, -1);
  reply.end(text);
}
