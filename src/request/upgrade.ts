import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { clientVia, OWN_FIELDS, PROXY_NAME } from '../fill/head.ts';
import { passRequest } from '../fill/origin-request.ts';
import type { HeaderList } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import { formatProxyStatus } from '../http/proxy-status.ts';
import {
  acceptFor,
  checkHandshake,
  isProperSwitch,
  upgradeNames,
  type WantedSwitch,
  WEBSOCKET_VERSION,
  wantedSwitch,
} from '../http/upgrade.ts';
import { originError } from '../origin/origin-error.ts';
import { SLOT } from '../stats/counters.ts';
import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { originProblem } from './follow.ts';
import { isLoop } from './loop.ts';
import type { RequestProblem } from './outcome.ts';
import { PassedAnswer } from './passed.ts';
import { mayAskOrigin } from './refusal.ts';
import { FINISH, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';
import { Tunnel } from './tunnel.ts';
import { UpgradeFetch } from './upgrade-fetch.ts';

/**
 * Asks the origin for the other protocol that the client wants (RFC 9110 section 7.8), and joins the two connections when it
 * agrees. A request that may not be switched goes on as if it had not asked; whatever else the origin answers goes to the
 * client, past the cache.
 */
export function upgrade(x: Exchange): Step {
  if (!admit(x)) return RESPOND;
  const { upgrades } = x.host.plan.config;
  const headers = x.headers ?? [];
  const wanted = upgrades.enabled && x.contentLength === 0 ? wantedSwitch(x.method, headers) : undefined;
  if (wanted === undefined) return notSwitched(x);
  if (isLoop(x)) return RESPOND;
  x.problem = (wanted.isWebSocket ? handshakeProblem(x, headers) : undefined) ?? limitProblem(x);
  if (x.problem === undefined && !mayAskOrigin(x)) x.problem = x.failure;
  if (x.problem !== undefined) return RESPOND;
  x.bypass = true;
  x.outcome = 'pass';
  x.cacheStatus = `${PROXY_NAME}; fwd=bypass`;
  x.detach();
  return ask(x, wanted);
}

/** Over HTTP/2 the method itself asks for it, and any success would be taken for a switch (RFC 8441 section 4). */
function notSwitched(x: Exchange): Step {
  if (x.protocol !== '2') return LOOKUP;
  x.problem = { status: 501, detail: 'the site switches to no such protocol' };
  return RESPOND;
}

function handshakeProblem(x: Exchange, headers: HeaderList): RequestProblem | undefined {
  const refusal = checkHandshake(headers, x.protocol !== '2');
  if (refusal?.status !== 426) return refusal;
  const lines = [`Sec-WebSocket-Version: ${WEBSOCKET_VERSION}`];
  // HTTP/2 has no such fields, and so no such status (RFC 9110 section 15.5.22)
  if (x.protocol === '2') return { ...refusal, status: 400, lines };
  return { ...refusal, lines: [...lines, 'Upgrade: websocket', 'Connection: Upgrade'] };
}

/** The count is that of a moment ago: threads that open tunnels at the same instant may go over the limit by one each. */
function limitProblem(x: Exchange): RequestProblem | undefined {
  const { connections } = x.host.plan.config.upgrades;
  if (connections === 0 || x.context.counters.overAll(x.line, SLOT.tunnels) < connections) return undefined;
  return {
    status: 503,
    detail: 'the site has as many open connections of other protocols as it may have',
    proxyStatus: formatProxyStatus(PROXY_NAME, { error: 'connection_limit_reached' }),
    lines: ['Retry-After: 5'],
  };
}

function ask(x: Exchange, wanted: WantedSwitch): Step {
  const { config, index } = x.host.plan;
  const client = x.clientRequest();
  const route = x.context.pools.route(index, client);
  const use = route.open();
  if (use === undefined) {
    x.problem = originProblem(originError('destination_unavailable'));
    return RESPOND;
  }
  const { origin } = use;
  const { now } = route.site;
  x.countTunnel(() => use.end(now()));
  const key = randomBytes(16).toString('base64');
  const request = passRequest(client, origin, null);
  request.headers = upgradeHeaders(request.method, request.headers, wanted, key);
  const terms = {
    dial: () => origin.pool.dial(route.client),
    answered: (status: number) => void use.answered(status, now()),
    failed: () => void use.failed(now()),
    ...config.timeouts,
    mayDecline: x.protocol !== '2',
  };
  const fetch = new UpgradeFetch(x.context, x.line, terms, (headers, socket) => {
    if (!isProperSwitch(wanted, request.headers, key, headers)) return originError('http_upgrade_failed');
    x.attempt(() => join(x, headers, socket));
    return undefined;
  });
  x.passed = new PassedAnswer(x, fetch);
  fetch.begin(request, x.passed);
  return WAIT;
}

/** @param key the origin's own: the client's is for the client's connection */
function upgradeHeaders(method: string, headers: HeaderList, wanted: WantedSwitch, key: string): HeaderList {
  const out = headers.filter((_, i) => headers[i & ~1] !== 'sec-websocket-key');
  if (method !== 'GET' && method !== 'HEAD') out.push('content-length', '0');
  out.push('connection', 'Upgrade', 'upgrade', wanted.protocols.join(', '));
  if (wanted.isWebSocket) out.push('sec-websocket-key', key);
  return out;
}

/** The origin has agreed. */
function join(x: Exchange, headers: HeaderList, socket: Socket): void {
  const { counters } = x.context;
  const { line } = x;
  const { idleTimeout, maxMessage } = x.host.plan.config.upgrades;
  x.passed = undefined;
  x.status = 101;
  x.headSent = true;
  const tunnel = new Tunnel(socket, idleTimeout, {
    onReceived: (bytes) => counters.add(line, SLOT.tunnelBytes, bytes),
    onSent: (bytes) => counters.add(line, SLOT.tunnelBytes + 1, bytes),
    onOver: () => x.proceed(FINISH),
  });
  x.enterTunnel(tunnel);
  counters.add(line, SLOT.tunnelsOpened, 1);
  const answer = { protocol: upgradeNames(headers)[0], lines: switchLines(x, headers), maxMessage };
  tunnel.open((events) => x.reply.switchProtocols(answer, events));
}

/** Fields of the 101 for the client. */
function switchLines(x: Exchange, headers: HeaderList): HeaderList {
  const lines: HeaderList = ['via', clientVia(headers), 'cache-status', x.cacheStatus];
  const key = x.field('sec-websocket-key');
  if (key !== '') lines.push('sec-websocket-accept', acceptFor(key));
  const kept = stripHopByHop(headers);
  for (let i = 0; i < kept.length; i += 2) {
    const name = kept[i];
    if (OWN_FIELDS.has(name) || name === 'sec-websocket-accept' || x.host.plan.hidden.includes(name)) continue;
    lines.push(name, kept[i + 1]);
  }
  return lines;
}
