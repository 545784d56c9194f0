import { reservePort } from '../base/reserve-port.ts';
import type { Address } from '../config/config.ts';
import type { Logger } from '../stats/logger.ts';
import type { AppKind, EdgeListen } from '../threads/messages.ts';
import { Acceptor } from '../transport/acceptor.ts';
import { loadUws, type Uws } from '../transport/load-uws.ts';
import type { ListenerPlan } from './listeners.ts';

/** A listening address that cannot be had; the message says which and why in one line. */
export class ListenError extends Error {}

/** A listener in force. */
interface Open {
  readonly plan: ListenerPlan;
  /** With the port that the system chose. */
  readonly address: Address;
  /** Undefined where edges listen themselves. */
  readonly acceptor: Acceptor | undefined;
}

/** Where clients come in: main's acceptors, and ports on which edges listen themselves. */
export class Entrance {
  /** Undefined where uWebSockets.js cannot load. */
  readonly uws: Uws | undefined;
  #open: readonly Open[] = [];
  /** Listeners of a plan that is not in force yet. */
  #next: readonly Open[] = [];
  readonly #apps: Record<AppKind, Set<unknown>> = { plain: new Set(), tls: new Set() };

  /** Acceptors that wait for `open`, with where they will listen. */
  #waiting: { acceptor: Acceptor; address: Address }[] | undefined;
  /** Whether what is bound may be another lb's as well. */
  #shared: boolean;

  /**
   * @param logger told once, where node:http stands in for uWebSockets.js
   * @param shared another lb may listen on the same addresses; then main takes no connections before `open`
   */
  constructor(logger: Logger, shared: boolean) {
    this.#shared = shared;
    if (shared) this.#waiting = [];
    const loaded = loadUws();
    if ('uws' in loaded) this.uws = loaded.uws;
    else logger.warn({}, `${loaded.unavailable}; node:http stands in, at about a third of the speed`);
  }

  /**
   * Binds what is new in a plan; what it has in common with the one in force stays as it is.
   * @returns the listeners that the edges open themselves
   * @throws ListenError, and nothing has changed then
   */
  async prepare(plans: readonly ListenerPlan[]): Promise<EdgeListen[]> {
    const next: Open[] = [];
    this.#next = next;
    try {
      for (const plan of plans)
        next.push(this.#open.find((open) => open.plan.id === plan.id) ?? (await this.#bind(plan)));
    } catch (error) {
      this.discard();
      throw error;
    }
    return next
      .filter(({ plan }) => plan.by === 'node')
      .map(({ plan, address }) => ({ id: plan.id, address, tls: plan.tls }));
  }

  /** The prepared listeners are in force: the others accept no more. */
  commit(): void {
    for (const open of this.#open) if (!this.#next.includes(open)) open.acceptor?.close();
    this.#open = this.#next;
    this.#next = [];
  }

  /** The prepared listeners are not wanted. */
  discard(): void {
    for (const open of this.#next) if (!this.#open.includes(open)) open.acceptor?.close();
    this.#next = [];
  }

  /** Where clients connect, those without TLS first. */
  listeners(): { address: Address; tls: boolean }[] {
    return this.#open.map(({ address, plan }) => ({ address, tls: plan.tls }));
  }

  /** From here on connections come in where they had to wait. @throws Error where the address cannot be shared */
  open(): void {
    for (const { acceptor, address } of this.#waiting ?? []) acceptor.listen(address.host, address.port);
    this.#waiting = undefined;
    this.#shared = false;
  }

  attach(kind: AppKind, descriptor: unknown): void {
    this.#apps[kind].add(descriptor);
    for (const acceptor of this.#acceptors(kind)) acceptor.attach(descriptor);
  }

  detach(kind: AppKind, descriptor: unknown): void {
    this.#apps[kind].delete(descriptor);
    for (const acceptor of this.#acceptors(kind)) acceptor.detach(descriptor);
  }

  /** Accepts no more. */
  stop(): void {
    for (const { acceptor } of this.#open) acceptor?.stop();
  }

  /** To be called before the thread ends. */
  close(): void {
    this.discard();
    for (const { acceptor } of this.#open) acceptor?.close();
    this.#open = [];
  }

  #acceptors(kind: AppKind): Acceptor[] {
    const all = new Set([...this.#open, ...this.#next]);
    return [...all].flatMap(({ plan, acceptor }) => (acceptor && kindOf(plan) === kind ? [acceptor] : []));
  }

  async #bind(plan: ListenerPlan): Promise<Open> {
    const { host, port: wanted } = plan.address;
    // until the plan is in force both share it; uWebSockets.js does not say why it cannot listen, and edges need the port
    const isOwn = wanted !== 0 && this.#open.some(({ address }) => address.port === wanted);
    const port = isOwn ? wanted : await freePort(plan.address, this.#shared);
    const address = { host, port };
    if (plan.by === 'node' || this.uws === undefined) return { plan, address, acceptor: undefined };
    const acceptor = new Acceptor(this.uws, plan.tls);
    if (this.#waiting === undefined) acceptor.listen(address.host, port);
    else this.#waiting.push({ acceptor, address });
    for (const descriptor of this.#apps[kindOf(plan)]) acceptor.attach(descriptor);
    return { plan, address, acceptor };
  }
}

function kindOf(plan: ListenerPlan): AppKind {
  return plan.tls ? 'tls' : 'plain';
}

/** A free port, which the system chooses for 0. @throws ListenError */
async function freePort({ host, port }: Address, shared: boolean): Promise<number> {
  try {
    return await reservePort({ host, port }, shared);
  } catch (error) {
    throw new ListenError(reasonFor(error as NodeJS.ErrnoException, host, port));
  }
}

function place({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function reasonFor(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = place({ host, port });
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another program; choose another port with --listen`;
    case 'EACCES':
      return `${where} may not be listened on: ports under 1024 need a privilege; choose another with --listen`;
    case 'EADDRNOTAVAIL':
      return `${where} is not an address of this machine; check --listen`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} does not resolve; check --listen`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}
