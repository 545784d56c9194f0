import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { PROBLEM_CONTENT_TYPE, problemJson } from '../http/problem.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { remoteAddress } from './uws-request.ts';

/** Deadlines of connections. Times in ms, 0 for none. */
export interface ConnectionTimes {
  headerTimeout: number;
  idleTimeout: number;
}

/** What the package's types leave out. */
interface TimedApp {
  /** From the moment a connection stands to the end of its first head. In seconds, 0 for none. */
  setIdleTimeout(seconds: number): void;
  /** From the last response, or its last write that did not go out whole, to the end of the next head. */
  setResponseTimeout(seconds: number): void;
}

/** The library looks at its deadlines so often. Seconds. */
const STEP = 4;

/** Beyond this its steps wrap around. Seconds. */
const LONGEST = 900;

/** Sets the deadlines of an app's connections; those that run go on as they are. Never earlier than asked for. */
export function limitUwsTimes(app: TemplatedApp, { headerTimeout, idleTimeout }: ConnectionTimes): void {
  const timed = app as TemplatedApp & TimedApp;
  timed.setIdleTimeout(seconds(headerTimeout));
  timed.setResponseTimeout(seconds(idleTimeout));
}

function seconds(time: number): number {
  return time === 0 ? 0 : Math.min(LONGEST, Math.ceil(time / 1000) + STEP);
}

const REFUSAL = problemJson({ status: 503, detail: 'there are too many connections; try again later' });

/** Counts an app's connections; what is over the caps is answered 503 at once and closed, before it asked for anything. */
export function limitUwsConnections(app: TemplatedApp, limits: ConnectionLimits): void {
  const filter = (res: HttpResponse, change: number) => {
    if (change < 0) limits.closed();
    else if (!limits.opened(() => remoteAddress(res))) refuse(res);
  };
  app.filter(filter as Parameters<TemplatedApp['filter']>[0]);
}

function refuse(res: HttpResponse): void {
  res.cork(() => {
    res.writeStatus('503 Service Unavailable');
    res.writeHeader('Cache-Status', 'lb; fwd=bypass; detail=refused');
    res.writeHeader('Content-Type', PROBLEM_CONTENT_TYPE);
    res.writeHeader('Cache-Control', 'no-store');
    res.writeHeader('Retry-After', '1');
    res.end(REFUSAL, true);
  });
}
