import type { EdgeListen, PlanData } from '../threads/messages.ts';
import type { TlsTerms } from '../tls/terms.ts';
import { type ListenerParts, type ListenerTerms, type NodeListener, openNodeListener } from './node-listener.ts';
import { TlsContexts } from './tls-contexts.ts';

interface Open {
  readonly id: string;
  readonly listener: NodeListener;
  readonly tls: boolean;
}

/** The listeners that an edge opens itself; a plan says which. */
export class EdgeListeners {
  readonly #parts: ListenerParts;
  #open: readonly Open[] = [];
  /** Of a plan that is not in force yet. */
  #next: readonly Open[] = [];
  /** Of the listeners in force, and of the next ones. */
  #plan: Pick<PlanData, 'config' | 'tls'> | undefined;
  #nextPlan: Pick<PlanData, 'config' | 'tls'> | undefined;
  /** Accept no more; their connections go on. */
  #former: NodeListener[] = [];

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** Opens what is new in a plan. Rejects where that cannot be, and nothing has changed then. */
  async prepare(plan: Pick<PlanData, 'listen' | 'config' | 'tls'>): Promise<void> {
    const next: Open[] = [];
    this.#next = next;
    this.#nextPlan = plan;
    try {
      if (plan.tls !== undefined) new TlsContexts(plan.tls);
      for (const listen of plan.listen) {
        next.push(this.#open.find(({ id }) => id === listen.id) ?? (await this.#bind(listen, plan)));
      }
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  async #bind({ id, address, tls }: EdgeListen, plan: Pick<PlanData, 'config' | 'tls'>): Promise<Open> {
    return { id, tls, listener: await openNodeListener(address, termsOf(plan, tls), this.#parts) };
  }

  /** The prepared plan is in force: the listeners that it has not accept no more, the others go by its terms. */
  commit(): void {
    const plan = this.#nextPlan;
    this.#plan = plan;
    for (const open of this.#open) {
      if (this.#next.includes(open)) continue;
      open.listener.stop();
      open.listener.drain();
      this.#former.push(open.listener);
    }
    this.#former = this.#former.filter((listener) => {
      const isInUse = listener.connections() > 0;
      if (!isInUse) listener.close();
      return isInUse;
    });
    if (plan !== undefined) for (const { listener, tls } of this.#open) listener.update(termsOf(plan, tls));
    this.#open = this.#next;
    this.#next = [];
  }

  /** Other certificates, for handshakes from now on. @throws where one cannot be used */
  setTls(tls: TlsTerms): void {
    if (this.#plan === undefined) return;
    this.#plan = { config: this.#plan.config, tls };
    const terms = termsOf(this.#plan, true);
    for (const open of this.#open) if (open.tls) open.listener.update(terms);
  }

  discard(): void {
    for (const open of this.#next) if (!this.#open.includes(open)) open.listener.close();
    this.#next = [];
  }

  /** Accepts no more. */
  stop(): void {
    for (const { listener } of this.#open) listener.stop();
  }

  /** Tells clients of HTTP/2 that no more streams are taken; others hear it with their next response. */
  drain(): void {
    for (const listener of this.#all()) listener.drain();
  }

  /** Open connections of all listeners. */
  connections(): number {
    return this.#all().reduce((sum, listener) => sum + listener.connections(), 0);
  }

  #all(): NodeListener[] {
    return [...this.#open.map(({ listener }) => listener), ...this.#former];
  }

  /** Breaks all connections. */
  close(): void {
    this.discard();
    for (const { listener } of this.#open) listener.close();
    for (const listener of this.#former) listener.close();
  }
}

/** @param tls whether it is a listener with TLS */
function termsOf({ config, tls: terms }: Pick<PlanData, 'config' | 'tls'>, tls: boolean): ListenerTerms {
  const { h2c, proxyProtocol, limits, maxRequestHeader } = config;
  return { tls: tls ? terms : undefined, h2c, proxyProtocol, limits, maxRequestHeader };
}
