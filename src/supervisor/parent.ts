import { howItEnded, wasTold } from './exit-code.ts';
import {
  type FromParent,
  isMessage,
  type Shared,
  SUPERVISED,
  SUPERVISED_CHILD,
  TAKEOVER,
  type ToParent,
} from './messages.ts';
import { lateReason, ownCommand, START_TIMEOUT, startLb } from './start.ts';

export type SuccessorState = 'alive' | 'told' | 'failed';

/** A process that serves on the same addresses. */
export interface Successor {
  readonly pid: number;
  readonly listening: readonly Shared[];
  /** Whether it still runs; if not, whether it ended because someone told it to. */
  state(): SuccessorState;
  /** The addresses are its alone now. */
  release(): void;
}

/** What lb knows of the process that started it: a supervisor, an lb whose place it takes, or neither. */
export class Parent {
  readonly supervised: boolean;
  /** Another lb listens on the same addresses, and goes once this one serves. */
  readonly takesOver: boolean;
  readonly #process: NodeJS.Process;
  #waiting: ((message: FromParent) => void) | undefined;
  #successor: SuccessorState = 'alive';
  #cancel: (() => void) | undefined;

  /**
   * @param events `released`: the addresses are this process's alone. `orphaned`: the supervisor is gone.
   */
  constructor(events: { released: () => void; orphaned: () => void }, own = process) {
    this.#process = own;
    const linked = own.send !== undefined;
    this.supervised = linked && own.env[SUPERVISED] === SUPERVISED_CHILD;
    this.takesOver = linked && own.env[TAKEOVER] === '1';
    // a successor of this process is told for itself
    delete own.env[TAKEOVER];
    if (!this.supervised && !this.takesOver) return;
    own.on('message', (message) => {
      if (!isMessage<FromParent>(message)) return;
      if (message.lb === 'released') {
        events.released();
        // nothing more is to be said between lb and its successor
        if (!this.supervised && own.connected) own.disconnect();
      } else this.#waiting?.(message);
    });
    own.on('disconnect', () => {
      if (this.supervised) events.orphaned();
      else events.released();
    });
    own.channel?.unref();
  }

  /** This process serves. */
  serves(listening: readonly Shared[]): void {
    this.#send({ lb: 'serves', listening: [...listening] });
  }

  /** Starts another lb by the same command line. Rejects with one sentence where it does not come to serve. */
  async startSuccessor(): Promise<Successor> {
    if (this.supervised) return this.#askSupervisor();
    const { successor, cancel } = startOwnSuccessor();
    this.#cancel = cancel;
    return successor;
  }

  /** Ends a successor of which this process has not let go: nobody else would. */
  cancelSuccessor(): void {
    if (this.supervised) this.#send({ lb: 'cancel' });
    else this.#cancel?.();
  }

  async #askSupervisor(): Promise<Successor> {
    const { promise, resolve } = Promise.withResolvers<FromParent>();
    this.#waiting = resolve;
    this.#send({ lb: 'upgrade' });
    const answer = await promise;
    if (answer.lb !== 'succeeded') throw new Error(answer.lb === 'failed' ? answer.reason : 'the supervisor failed');
    this.#successor = 'alive';
    this.#waiting = ({ lb }) => {
      this.#successor = lb === 'told' ? 'told' : 'failed';
    };
    return {
      pid: answer.pid,
      listening: answer.listening,
      state: () => this.#successor,
      release: () => this.#send({ lb: 'released' }),
    };
  }

  #send(message: ToParent): void {
    if (this.#process.connected) this.#process.send?.(message, undefined, undefined, () => {});
  }
}

/** A successor without a supervisor: it outlives this process. */
function startOwnSuccessor(): { successor: Promise<Successor>; cancel: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<Successor>();
  const child = startLb(ownCommand(), { [TAKEOVER]: '1', [SUPERVISED]: undefined });
  const late = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new Error(lateReason(START_TIMEOUT)));
  }, START_TIMEOUT);
  let state: SuccessorState = 'alive';
  let isReleased = false;
  const release = () => {
    isReleased = true;
    if (child.connected) child.send({ lb: 'released' } satisfies FromParent, () => {});
  };
  child.on('message', (message) => {
    if (!isMessage<ToParent>(message) || message.lb !== 'serves') return;
    clearTimeout(late);
    resolve({ pid: child.pid ?? 0, listening: message.listening, state: () => state, release });
  });
  child.once('error', reject);
  child.once('exit', (code, signal) => {
    state = wasTold(code, signal) ? 'told' : 'failed';
    clearTimeout(late);
    reject(new Error(`the new process ${howItEnded(code, signal)}; its messages say why`));
  });
  child.unref();
  child.channel?.unref();
  const cancel = () => {
    if (state === 'alive' && !isReleased) child.kill('SIGTERM');
  };
  return { successor: promise, cancel };
}
