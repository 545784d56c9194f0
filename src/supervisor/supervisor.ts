import type { ChildProcess } from 'node:child_process';
import { Backoff } from './backoff.ts';
import { exitCode, howItEnded, wasTold } from './exit-code.ts';
import { type FromParent, isMessage, SUPERVISED, SUPERVISED_CHILD, TAKEOVER, type ToParent } from './messages.ts';
import { lateReason, START_TIMEOUT, startLb } from './start.ts';

/** Exit code of a wrong use of the command line or a wrong configuration: starting again does not help. */
const USAGE = 2;

/** Crashes in a row before it has ever served, after which it is given up. */
const MAX_CRASHES = 5;

interface Child {
  readonly process: ChildProcess;
  readonly started: number;
  serves: boolean;
}

export interface SupervisorOptions {
  /** One line for whoever looks after lb. */
  log: (line: string) => void;
  /** Told of the ids of its children whenever they change. */
  onChildren?: (pids: ReadonlySet<number>) => void;
  /** How long a successor may take until it serves, in ms. */
  startTimeout?: number | undefined;
}

/**
 * Keeps one lb running: starts it again when it dies, passes signals on, and changes it for a successor when it asks.
 *
 * It ends with lb: when lb ends by itself with 0, when it was told to stop, and when it cannot start at all. What a
 * process says of why it cannot start is on the standard error that they share.
 */
export class Supervisor {
  readonly #command: readonly string[];
  readonly #options: SupervisorOptions;
  readonly #backoff = new Backoff();
  /** The one that serves or is to serve. */
  #current: Child | undefined;
  /** Starts in order to take over from it. */
  #successor: Child | undefined;
  /** Have handed over, and drain. */
  readonly #leaving = new Set<Child>();
  #timer: NodeJS.Timeout | undefined;
  #hasServed = false;
  #stopping = false;
  #exitCode = 0;
  readonly #end = Promise.withResolvers<number>();

  constructor(command: readonly string[], options: SupervisorOptions) {
    this.#command = command;
    this.#options = options;
  }

  /** Starts lb. @returns the exit code to end with, once it is all over */
  run(): Promise<number> {
    this.#current = this.#start(false);
    return this.#end.promise;
  }

  /** Passes a signal on; SIGTERM and SIGINT end the supervisor too, once lb has ended. */
  signal(name: NodeJS.Signals): void {
    if (name === 'SIGTERM' || name === 'SIGINT') {
      this.#stopping = true;
      clearTimeout(this.#timer);
      for (const child of this.#children()) child.process.kill(name);
      this.#finishIfAlone();
    } else {
      this.#current?.process.kill(name);
    }
  }

  #children(): Child[] {
    return [this.#current, this.#successor, ...this.#leaving].filter((child) => child !== undefined);
  }

  #start(takesOver: boolean): Child {
    const env = { [SUPERVISED]: SUPERVISED_CHILD, [TAKEOVER]: takesOver ? '1' : undefined };
    const child: Child = { process: startLb(this.#command, env), started: performance.now(), serves: false };
    child.process.on('message', (message) => {
      if (isMessage<ToParent>(message)) this.#hear(child, message);
    });
    child.process.once('exit', (code, signal) => this.#ended(child, code, signal));
    child.process.once('error', (error) => {
      if (child.process.pid !== undefined) return;
      this.#options.log(`lb cannot be started: ${error.message}`);
      this.#ended(child, 1, null);
    });
    setImmediate(() => this.#tellOfChildren());
    return child;
  }

  #tellOfChildren(): void {
    const pids = this.#children().flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]));
    this.#options.onChildren?.(new Set(pids));
  }

  #hear(child: Child, message: ToParent): void {
    switch (message.lb) {
      case 'serves':
        child.serves = true;
        this.#hasServed = true;
        if (child === this.#successor) {
          this.#tell(this.#current, { lb: 'succeeded', pid: child.process.pid ?? 0, listening: message.listening });
        } else if (this.#leaving.size === 0) {
          this.#tell(child, { lb: 'released' });
        }
        break;
      case 'upgrade':
        if (child !== this.#current || this.#stopping) this.#tell(child, { lb: 'failed', reason: 'lb is stopping' });
        else if (this.#successor === undefined) this.#startSuccessor(child);
        else this.#tell(child, { lb: 'failed', reason: 'an upgrade is under way already' });
        break;
      case 'cancel':
        if (child === this.#current) this.#successor?.process.kill('SIGTERM');
        break;
      case 'released':
        if (child === this.#current) this.#succeed(child);
    }
  }

  #startSuccessor(current: Child): void {
    const { startTimeout = START_TIMEOUT } = this.#options;
    const successor = this.#start(true);
    this.#successor = successor;
    const late = setTimeout(() => {
      if (successor.serves) return;
      this.#tell(current, { lb: 'failed', reason: lateReason(startTimeout) });
      successor.process.kill('SIGKILL');
    }, startTimeout);
    successor.process.once('exit', () => clearTimeout(late));
  }

  /** The one that serves has let go of the addresses. Its successor may have ended at that very moment. */
  #succeed(former: Child): void {
    this.#leaving.add(former);
    if (this.#successor === undefined) this.#options.log('the successor has ended as lb let go; starting another one');
    this.#current = this.#successor ?? this.#start(true);
    this.#successor = undefined;
    this.#tell(this.#current, { lb: 'released' });
  }

  #ended(child: Child, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#leaving.delete(child)) {
      if (this.#leaving.size === 0) this.#tell(this.#current, { lb: 'released' });
      this.#finishIfAlone();
    } else if (child === this.#successor) {
      this.#successor = undefined;
      const failed = { lb: 'failed', reason: `the new process ${howItEnded(code, signal)}` } as const;
      this.#tell(this.#current, child.serves && wasTold(code, signal) ? { lb: 'told' } : failed);
      this.#finishIfAlone();
    } else if (child === this.#current) {
      this.#current = undefined;
      this.#lost(child, code, signal);
    }
    this.#tellOfChildren();
  }

  /** The one that serves, or was to serve, has ended. */
  #lost(child: Child, code: number | null, signal: NodeJS.Signals | null): void {
    const how = `lb (process ${child.process.pid}) ${howItEnded(code, signal)}`;
    if (this.#stopping) {
      this.#exitCode = exitCode(code, signal);
      this.#finishIfAlone();
    } else if (this.#successor !== undefined) {
      this.#options.log(`${how}; its successor takes over`);
      this.#current = this.#successor;
      this.#successor = undefined;
      if (this.#current.serves) this.#tell(this.#current, { lb: 'released' });
    } else if (code === 0) {
      this.#end.resolve(0);
    } else if (!this.#hasServed && (signal === null || this.#backoff.failures >= MAX_CRASHES)) {
      const why = code === USAGE ? 'its configuration is wrong' : 'it has never come to serve';
      this.#options.log(`${how} and is not started again: ${why}`);
      this.#end.resolve(exitCode(code, signal));
    } else {
      this.#restart(how, this.#backoff.next(performance.now() - child.started));
    }
  }

  #restart(how: string, pause: number): void {
    this.#options.log(`${how}; starting it again in ${(pause / 1000).toFixed(1)} s`);
    this.#timer = setTimeout(() => {
      // a former one that still drains may hold the addresses
      this.#current = this.#start(this.#leaving.size > 0);
    }, pause);
  }

  #finishIfAlone(): void {
    if (this.#stopping && this.#children().length === 0) this.#end.resolve(this.#exitCode);
  }

  #tell(child: Child | undefined, message: FromParent): void {
    if (child?.process.connected !== true) return;
    // one that ends at this moment needs no message
    child.process.send(message, () => {});
  }
}
