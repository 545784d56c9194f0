// The routes of the admin listener, and what each method answers.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerExplain } from './explain.ts';
import type { Guard } from './guard.ts';
import type { LogReaders } from './log-stream.ts';
import { openApiDocument } from './openapi.ts';
import { MAX_LIST, parsePurgeList } from './purge-list.ts';
import { isPurgeTarget, parsePurge, parsePurgeBody, parseSoftHeader } from './purge-request.ts';
import { PurgeSyntaxError } from './purge-target.ts';
import { answerReload } from './reload.ts';
import { BodyTooLargeError, readBody, sendJson, sendProblem, sendText } from './respond.ts';
import { statusOf } from './status.ts';
import { type AdminDeps, type PurgeRequest, UnknownSiteError } from './types.ts';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What requests are answered from. */
export interface AdminService extends AdminDeps {
  readonly readers: LogReaders;
}

type Handler = (service: AdminService, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Route {
  readonly methods: Readonly<Record<string, Handler>>;
  /** Answered to anyone who can connect: orchestrators probe without a token. */
  readonly open?: boolean;
}

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/livez', { open: true, methods: { GET: (_deps, _request, response) => sendJson(response, 200, { live: true }) } }],
  ['/readyz', { open: true, methods: { GET: answerReady } }],
  ['/metrics', { methods: { GET: answerMetrics } }],
  ['/status', { methods: { GET: (deps, _request, response) => sendJson(response, 200, statusOf(deps)) } }],
  ['/stats', { methods: { GET: (deps, _request, response) => sendJson(response, 200, deps.stats()) } }],
  ['/logs', { methods: { GET: (deps, request, response) => deps.readers.answer(deps, request, response) } }],
  ['/reload', { methods: { POST: (deps, _request, response) => answerReload(deps, response) } }],
  ['/upgrade', { methods: { POST: answerUpgrade } }],
  ['/explain', { methods: { GET: answerExplain } }],
  ['/purge', { methods: { POST: answerPurges } }],
  ['/cache', { methods: { GET: (deps, _request, response) => sendJson(response, 200, deps.cacheStats()) } }],
  ['/openapi.json', { methods: { GET: (_deps, _request, response) => sendJson(response, 200, openApiDocument()) } }],
]);
const PURGE_ROUTE: Route = { methods: { DELETE: answerPurge } };

/** Every path with its methods, test hooks left out; what is in braces stands for any text. */
export function servedRoutes(): [path: string, methods: string[]][] {
  return [...ROUTES, ['/cache/{target}', PURGE_ROUTE] as const].map(([path, { methods }]) => [
    path,
    Object.keys(methods),
  ]);
}

const KILL_ROUTE: Route = { methods: { POST: answerKill } };
const KILL_PATH = /^\/debug\/workers\/(\d{1,4})\/kill$/;

/** Makes the listener's request handler. Once `closing()` is true, answers close their connection. */
export function createHandler(deps: AdminService, guard: Guard, closing: () => boolean): RequestListener {
  return (request, response) => {
    if (closing()) response.setHeader('Connection', 'close');
    handle(deps, guard, request, response).catch((error: unknown) => fail(deps, response, error));
  };
}

async function handle(deps: AdminService, guard: Guard, request: IncomingMessage, response: ServerResponse) {
  const route = findRoute(deps, request.url ?? '');
  const refusal = route?.open ? undefined : guard.check(request.headers);
  if (refusal) {
    deps.log?.({ level: 'warn', message: 'admin request refused', details: describe(request, refusal.detail) });
    if (refusal.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="lb"');
    return sendProblem(response, refusal.status, refusal.detail);
  }
  if (!route) {
    return sendProblem(
      response,
      404,
      `known are ${[...ROUTES.keys()].join(', ')} and DELETE /cache/PATH; /openapi.json describes them`,
    );
  }
  const handler = route.methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')];
  if (!handler) {
    const allowed = Object.keys(route.methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    response.setHeader('Allow', allowed.join(', '));
    return sendProblem(response, 405, methodHint(request, allowed));
  }
  await handler(deps, request, response);
}

function findRoute(deps: AdminDeps, url: string): Route | undefined {
  if (isPurgeTarget(url)) return PURGE_ROUTE;
  const path = url.split('?', 1)[0];
  if (deps.testHooks && KILL_PATH.test(path)) return KILL_ROUTE;
  return ROUTES.get(path);
}

function methodHint(request: IncomingMessage, allowed: readonly string[]): string {
  if (request.method === 'DELETE' && request.url?.startsWith('/cache')) {
    return 'name what to purge: DELETE /cache/PATH, or DELETE /cache/* for everything';
  }
  return `${request.url?.split('?', 1)[0]} answers ${allowed.join(' and ')}`;
}

function answerReady(deps: AdminDeps, _request: IncomingMessage, response: ServerResponse): void {
  const reasons = deps.ready();
  sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
}

async function answerMetrics(deps: AdminDeps, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  sendText(response, 200, METRICS_TYPE, await deps.metrics());
}

async function answerPurge(deps: AdminDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = parsePurgeBody(await readBody(request));
  const header = parseSoftHeader(request.headers['x-lb-soft']?.toString());
  const [answer] = await carryOut(deps, [parsePurge(request.url ?? '', { ...body, soft: body.soft ?? header })]);
  sendJson(response, 200, answer);
}

async function answerPurges(deps: AdminDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const purges = parsePurgeList(await readBody(request, MAX_LIST));
  sendJson(response, 200, { purged: await carryOut(deps, purges) });
}

async function carryOut(deps: AdminDeps, purges: readonly PurgeRequest[]): Promise<object[]> {
  const results = await deps.purge(purges);
  const answers = results.map(({ id, site, time, objects, warning }, index) => {
    const { scope, host, pattern, tag, soft, item } = purges[index];
    return {
      item,
      id,
      scope,
      host,
      site,
      pattern,
      tag,
      soft,
      time,
      objects,
      ...(warning === undefined ? {} : { warning }),
    };
  });
  // a line of the log has a time of its own, and a place in the list says nothing there
  for (const { item: _item, time: _time, ...details } of answers) {
    deps.log?.({ level: 'info', message: 'purged', details });
  }
  return answers;
}

async function answerUpgrade(deps: AdminDeps, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (deps.upgrade === undefined) return sendProblem(response, 409, 'this lb cannot start another in its place');
  try {
    sendJson(response, 200, { pid: await deps.upgrade() });
  } catch (error) {
    sendProblem(response, 409, (error as Error).message);
  }
}

function answerKill(deps: AdminDeps, request: IncomingMessage, response: ServerResponse): void {
  const id = Number(KILL_PATH.exec(request.url ?? '')?.[1]);
  if (deps.killWorker?.(id)) sendJson(response, 202, { worker: id });
  else sendProblem(response, 404, `there is no edge thread ${id}`);
}

function fail(deps: AdminDeps, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
  } else if (error instanceof PurgeSyntaxError) {
    sendProblem(response, 400, error.message);
  } else if (error instanceof UnknownSiteError) {
    sendProblem(response, 404, error.message);
  } else if (error instanceof BodyTooLargeError) {
    response.setHeader('Connection', 'close');
    sendProblem(response, 413, error.message);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    deps.log?.({ level: 'error', message: 'admin request failed', details: { error: message } });
    sendProblem(response, 500, 'the request failed; the log of lb says why');
  }
}

function describe(request: IncomingMessage, reason: string): Record<string, unknown> {
  const path = request.url?.split('?', 1)[0].slice(0, 256);
  return { method: request.method, path, client_ip: request.socket.remoteAddress, reason };
}
