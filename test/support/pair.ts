import { after, before } from 'node:test';
import type { Cleanup } from './cleanup.ts';
import { type Lb, type Settings, startLb } from './lb.ts';
import { type Handler, type Origin, startOrigin } from './origin.ts';

/** lb in front of one origin, shared by the tests of a file, so that each costs no start. */
export interface Pair {
  readonly origin: Origin;
  readonly lb: Lb;
  readonly port: number;
  /** Begins a test: what the origin answers, its record empty. Tests must not ask for the same paths. */
  script(handler: Handler): Origin;
}

/** To be called at the top of a test file. */
export function sharedPair(settings: Settings = {}): Pair {
  let origin: Origin | undefined;
  let lb: Lb | undefined;
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.push(run) };
  before(async () => {
    origin = await startOrigin(file, (_, answer) => answer.send(200, [], 'ok'));
    lb = await startLb(file, { origins: [origin.address], ...settings });
  });
  after(async () => {
    for (const close of closers) await close();
  });
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('only within a test');
    return part;
  };
  return {
    get origin() {
      return started(origin);
    },
    get lb() {
      return started(lb);
    },
    get port() {
      return started(lb).port;
    },
    script(handler) {
      const { origin } = this;
      origin.requests.length = 0;
      origin.malformed.length = 0;
      origin.handler = handler;
      return origin;
    },
  };
}
