import { loadSockets } from '../../native-bindings/sockets/index.ts';
import type { Logger } from '../stats/logger.ts';
import type { Parent, Successor } from '../supervisor/parent.ts';
import { Handover } from './takeover.ts';

/** How one lb comes to be replaced by another without losing a connection. */
export class Succession {
  readonly #parent: Parent;
  readonly #logger: Logger;
  readonly #handedOver = Promise.withResolvers<HandedOver | undefined>();
  #underWay = false;

  constructor(parent: Parent, logger: Logger) {
    this.#parent = parent;
    this.#logger = logger;
  }

  /**
   * Resolves when a successor gets all new connections, or when it has been told to end: to undefined then. This process is
   * to stop in either case.
   */
  get handedOver(): Promise<HandedOver | undefined> {
    return this.#handedOver.promise;
  }

  /**
   * Starts a successor by this process's command line, and hands over to it.
   * @returns its process id, once it serves; the rest follows. Rejects with one sentence, and nothing has changed then
   */
  async upgrade(): Promise<number> {
    if (this.#underWay) throw new Error('an upgrade is under way already');
    if (process.pid === 1) {
      throw new Error('lb is process 1 here, and nothing may take its place: start it with --supervised');
    }
    this.#underWay = true;
    const loaded = await loadSockets();
    if ('unavailable' in loaded) {
      this.#logger.warn({}, `${loaded.unavailable}; connections may be lost in the moment of the change`);
    }
    const handover = new Handover(loaded);
    try {
      handover.hold();
      const successor = await this.#parent.startSuccessor();
      void this.#pass(handover, successor);
      return successor.pid;
    } catch (error) {
      this.#abandon(handover);
      throw error;
    }
  }

  #abandon(handover: Handover): void {
    this.#underWay = false;
    try {
      handover.abandon();
    } catch (error) {
      this.#logger.error({ error: (error as Error).message }, 'connections may not be shared out evenly');
    }
  }

  /** Never rejects. */
  async #pass(handover: Handover, successor: Successor): Promise<void> {
    const { pid } = successor;
    this.#logger.info({ pid }, 'another lb serves, and gets all new connections');
    try {
      const state = await handover.pass(successor);
      if (state === 'failed') throw new Error('the other lb ended');
      if (state === 'told') {
        // whoever ends the one that serves wants none to
        this.#logger.info({ pid }, 'the other lb was told to end, and so does this one');
        this.#handedOver.resolve(undefined);
        return;
      }
      const release = () => handover.released().then(() => successor.release());
      this.#handedOver.resolve({ pid, release });
    } catch (error) {
      this.#abandon(handover);
      this.#logger.error({ pid, error: (error as Error).message }, 'not upgraded: this lb goes on');
      this.#parent.cancelSuccessor();
    }
  }
}

export interface HandedOver {
  /** Process id of the successor. */
  pid: number;
  /** To be called once this process was told to listen no more: waits until it does not, and tells the successor. */
  release(): Promise<void>;
}
