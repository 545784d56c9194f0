import type { Cleanup } from '../support/cleanup.ts';
import { openClient, type RequestOptions, type Response, request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import type { Field } from '../support/message.ts';
import { type Handler, type Origin, type OriginRequest, startOrigin } from '../support/origin.ts';

export type { Field } from '../support/message.ts';
export type { Answer, Handler, OriginRequest } from '../support/origin.ts';

/** An origin scripted by path, lb in front of it, and whoever asks. */
export class Scene {
  readonly origin: Origin;
  readonly lb: Lb;
  readonly #cleanup: Cleanup;
  readonly #routes: Map<string, Handler>;

  constructor(origin: Origin, lb: Lb, cleanup: Cleanup, routes: Map<string, Handler>) {
    this.origin = origin;
    this.lb = lb;
    this.#cleanup = cleanup;
    this.#routes = routes;
  }

  /** What the origin answers for a path, whatever the query. */
  on(path: string, handler: Handler): void {
    this.#routes.set(path, handler);
  }

  /** One request on a connection of its own. */
  get(target: string, fields: readonly Field[] = [], options: RequestOptions = {}): Promise<Response> {
    return request(this.#cleanup, this.lb.port, target, { fields, ...options });
  }

  head(target: string, fields: readonly Field[] = []): Promise<Response> {
    return this.get(target, fields, { method: 'HEAD' });
  }

  open() {
    return openClient(this.#cleanup, this.lb.port);
  }

  /** What the origin was asked for a target. */
  asked(target: string): OriginRequest[] {
    return this.origin.requests.filter((request) => request.target === target);
  }
}

/** Starts lb, with settings as in lb.json, in front of an origin of its own. */
export async function startScene(t: Cleanup, settings: Settings = {}): Promise<Scene> {
  // closed in one go, so that no hook is registered for each of many requests
  const closers: (() => void | Promise<void>)[] = [];
  const cleanup: Cleanup = { after: (run) => void closers.push(run) };
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const routes = new Map<string, Handler>();
  const origin = await startOrigin(cleanup, (request, answer) => {
    const handler = routes.get(request.target.split('?', 1)[0]);
    return handler === undefined ? answer.send(404, [], 'no such page') : handler(request, answer);
  });
  const lb = await startLb(cleanup, { origins: [origin.address], ...settings });
  return new Scene(origin, lb, cleanup, routes);
}

/** Answers with 200, and with a body that tells the answers of one handler apart: `1`, `2` and so on. */
export function counted(fields: readonly Field[], status = 200): Handler {
  let count = 0;
  return (_request, answer) => answer.send(status, fields, String(++count));
}

/** As `counted`, but a request that has the ETag gets 304 with the same fields. */
export function validated(fields: readonly Field[], etag = '"v"'): Handler {
  const whole = counted([...fields, ['ETag', etag]]);
  return (request, answer) => {
    if (request.get('if-none-match') !== etag) return whole(request, answer);
    return answer.head(304, [...fields, ['ETag', etag]]);
  };
}

/** The date `seconds` from now. */
export function httpDate(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}

/** Cache-Status as sent. */
export function cacheStatus(response: Response): string {
  return response.get('cache-status') ?? 'none';
}
