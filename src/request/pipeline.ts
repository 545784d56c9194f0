import type { RequestContext } from './context.ts';
import { disk } from './disk.ts';
import { Exchange, type ExchangeMachine, type OpenTunnel } from './exchange.ts';
import { fill } from './fill.ts';
import { finish } from './finish.ts';
import { follow } from './follow.ts';
import { guard } from './guard.ts';
import { lookup } from './lookup.ts';
import { sendProblem } from './problem.ts';
import { receive } from './receive.ts';
import type { Reply, RequestView } from './reply.ts';
import { respond } from './respond.ts';
import { route } from './route.ts';
import { FINISH, FOLLOW, OVER, RECEIVE, RESPOND, type Step, WAIT } from './step.ts';
import { upgrade } from './upgrade.ts';

/** The life of a request, in call order; see step.ts for the numbers. */
const STEPS: readonly ((x: Exchange) => Step)[] = [
  receive,
  route,
  guard,
  lookup,
  fill,
  respond,
  finish,
  follow,
  upgrade,
  disk,
];

/** Exchanges kept for later requests. */
const MAX_SPARE = 1024;

/** One thread's requests. */
export class Pipeline {
  /** Requests under way. */
  active = 0;
  /** Every response from now on ends its connection. */
  draining = false;
  #idle: (() => void) | undefined;
  readonly #context: RequestContext;
  readonly #spare: Exchange[] = [];
  readonly #tunnels = new Set<OpenTunnel>();
  readonly #machine: ExchangeMachine = {
    tunnels: this.#tunnels,
    run: (x, step) => this.#run(x, step),
    onFlight: (x) => this.#run(x, FOLLOW),
    onWritable: (x) => this.#onWritable(x),
    onAborted: (x) => this.#onAborted(x),
    attempt: (x, work) => this.#attempt(x, work),
  };

  constructor(context: RequestContext) {
    this.#context = context;
  }

  /** Takes a request from a transport. On return it is answered, or the reply is detached. */
  handle(request: RequestView, reply: Reply): void {
    const x = this.#spare.pop() ?? new Exchange(this.#context, this.#machine);
    x.request = request;
    x.reply = reply;
    if (this.draining) reply.closeAfter = true;
    this.active++;
    this.#run(x, RECEIVE);
  }

  /** Calls back once when no request is under way, at once if that is so already. */
  onIdle(callback: () => void): void {
    if (this.active === 0) callback();
    else this.#idle = callback;
  }

  /** Ends all connections that have switched to another protocol; those of WebSockets are told (1001). @returns how many */
  closeTunnels(): number {
    const { size } = this.#tunnels;
    for (const tunnel of this.#tunnels) tunnel.close('the server is shutting down');
    return size;
  }

  /** Takes steps until the request waits or is over. A step that is asked for meanwhile comes after the one under way. */
  #run(x: Exchange, from: Step): void {
    if (x.running) {
      x.next = from;
      return;
    }
    x.running = true;
    let step = from;
    try {
      while (step !== OVER) {
        if (step < WAIT) step = STEPS[step](x);
        else if (x.next === WAIT) break;
        else {
          step = x.next;
          x.next = WAIT;
        }
      }
      if (step === WAIT) x.detach();
    } catch (error) {
      step = this.#bug(x, error as Error);
    }
    x.running = false;
    if (step === OVER) this.#recycle(x);
  }

  #onWritable(x: Exchange): void {
    x.blocked = false;
    const { passed } = x;
    if (passed !== undefined) this.#attempt(x, () => passed.onWritable());
    else this.#run(x, RESPOND);
  }

  #attempt(x: Exchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#bug(x, error as Error) === OVER) this.#recycle(x);
    }
  }

  #onAborted(x: Exchange): void {
    x.aborted = true;
    x.passed?.abort();
    this.#run(x, FINISH);
  }

  /** A step threw: the client gets a 500 if nothing was sent yet, else a broken connection. */
  #bug(x: Exchange, error: Error): Step {
    this.#context.onBug(error);
    x.passed?.abort();
    x.problem = { status: 500, detail: 'an internal error; the log of lb has it' };
    if (!x.headSent && !x.reply.closed) trySend(x);
    x.reply.destroy();
    return finish(x);
  }

  #recycle(x: Exchange): void {
    x.reset();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(x);
    if (--this.active === 0) this.#idle?.();
  }
}

/** What is wrong with the reply may be what the bug is about: the connection is broken then. */
function trySend(x: Exchange): void {
  try {
    sendProblem(x);
  } catch {}
}
