import { setTimeout } from 'node:timers/promises';
import type { MessagePort, Transferable, Worker } from 'node:worker_threads';
import type { BackgroundRequest } from '../compress/background.ts';
import type { TlsChallenge, TlsTerms } from '../tls/terms.ts';
import type { AppKind, EdgeData, FromEdge, PlanData, ToEdge } from './messages.ts';
import { spawnWorker } from './spawn.ts';

/** What main does with edges that come and go. */
export interface EdgeOwner {
  /** What thread `worker` is born with. */
  data(worker: number): EdgeData;
  /** An edge's app serves: give it sockets. */
  attach(kind: AppKind, descriptor: unknown): void;
  /** Give it none any more. */
  detach(kind: AppKind, descriptor: unknown): void;
  /** A thread has ended without being asked to: take back what it held in shared memory. Its id is not used again before. */
  recover(worker: number): Promise<void>;
  /** What is stored for a target is invalid, under whatever key. */
  changed(site: number, host: string, target: string): void;
  /** Thread `worker` has been started, and hears messages. */
  born(worker: number): void;
  /** An edge cannot read a disk any more. */
  diskFailed(disk: number, reason: string): void;
  /** Something is to be made of a stored response in the background. */
  work(request: BackgroundRequest): void;
  log(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void;
}

/** Longest pause before an edge that keeps dying is started again, in ms. The first time there is none. */
const MAX_PAUSE = 1000;

/** An edge that lived this long counts as healthy, in ms. */
const HEALTHY = 10_000;

/** What an edge has to end its requests, and clients without one to bring another, in ms. */
const FAREWELL = { timeout: 10_000, idle: 1000 };

/** How long an edge may take for its part in a reload, in ms: one that hangs must not hold up all later ones. */
const PATIENCE = 30_000;

function afterPatience(call: () => void): NodeJS.Timeout {
  return globalThis.setTimeout(call, PATIENCE).unref();
}

interface Edge {
  id: number;
  worker: Worker | undefined;
  /** Apps that main hands sockets to. */
  apps: Map<AppKind, unknown>;
  /** Of the newest plan that it was told of. */
  generation: number;
  restarts: number;
  /** performance.now() when it began to serve, 0 while it does not. */
  since: number;
  pause: number;
  /** It was asked whether its event loop turns, and has not answered yet. */
  pinged: boolean;
  /** It drains, and takes no more plans. */
  isLeaving: boolean;
  /** Generation of the plan that is being prepared, 0 for none. */
  preparing: number;
  /** Told once that the plan in force is in force there too, or of the thread's end. */
  committed: (() => void) | undefined;
  /** Told once, of that plan or of the thread's end. */
  prepared: ((error?: string) => void) | undefined;
}

/** The edge threads: started together, each replaced when it dies, drained at the end. */
export class EdgeThreads {
  readonly #owner: EdgeOwner;
  readonly #edges: Edge[];
  #ending = false;
  #challenges: TlsChallenge[] = [];
  /** The plan in force, once there was a reload. */
  #plan: PlanData | undefined;

  constructor(count: number, owner: EdgeOwner) {
    this.#owner = owner;
    this.#edges = Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      worker: undefined,
      apps: new Map(),
      generation: 0,
      restarts: 0,
      since: 0,
      pause: 0,
      pinged: false,
      isLeaving: false,
      preparing: 0,
      committed: undefined,
      prepared: undefined,
    }));
  }

  /** Starts all edges. Rejects when one of them cannot start. */
  async start(): Promise<void> {
    await Promise.all(this.#edges.map((edge) => this.#spawn(edge)));
  }

  /** State of each edge, for metrics and readiness. */
  states(): { id: number; up: boolean; restarts: number; uptimeSeconds: number }[] {
    return this.#edges.map(({ id, since, restarts }) => ({
      id,
      up: since > 0,
      restarts,
      uptimeSeconds: since > 0 ? (performance.now() - since) / 1000 : 0,
    }));
  }

  /** Test hook: makes an edge die as by a bug. False when there is none of this id. */
  kill(id: number): boolean {
    const edge = this.#edges.find((candidate) => candidate.id === id);
    if (edge?.worker === undefined) return false;
    this.#tell(edge, { type: 'die' });
    return true;
  }

  /**
   * Has every edge get ready for a plan, which is in force on none of them until `commit`. An edge that dies meanwhile
   * does not count: the one in its place gets the plan at its birth, or after it.
   * @returns why the plan cannot be, or undefined
   */
  async prepare(plan: PlanData): Promise<string | undefined> {
    const errors = await Promise.all(this.#edges.map((edge) => this.#prepareOne(edge, plan)));
    const error = this.#ending ? 'lb is about to end' : errors.find((text) => text !== undefined);
    if (error !== undefined) this.#tellAll({ type: 'discard', generation: plan.generation });
    return error;
  }

  #prepareOne(edge: Edge, plan: PlanData): Promise<string | undefined> {
    if (edge.worker === undefined || edge.isLeaving) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      edge.preparing = plan.generation;
      const timer = afterPatience(() => edge.prepared?.(`edge thread ${edge.id} does not answer`));
      edge.prepared = (error) => {
        clearTimeout(timer);
        edge.preparing = 0;
        edge.prepared = undefined;
        resolve(error);
      };
      this.#tell(edge, { type: 'prepare', plan });
    });
  }

  /** The plan that was prepared is in force from each edge's next request on. Resolves once it is so on all of them. */
  async commit(plan: PlanData): Promise<void> {
    this.#plan = plan;
    await Promise.all(this.#edges.map((edge) => this.#commitOne(edge, plan)));
  }

  #commitOne(edge: Edge, plan: PlanData): Promise<void> {
    if (edge.worker === undefined || edge.isLeaving) return Promise.resolve();
    // one that was born while the others got ready knows nothing of the plan
    if (edge.generation < plan.generation) this.#tell(edge, { type: 'prepare', plan });
    this.#tell(edge, { type: 'commit', generation: plan.generation });
    return new Promise((resolve) => {
      const timer = afterPatience(() => edge.committed?.());
      edge.committed = () => {
        clearTimeout(timer);
        edge.committed = undefined;
        resolve();
      };
    });
  }

  /** Certificates for handshakes from now on, on all threads. */
  certificates(tls: TlsTerms): void {
    this.#tellAll({ type: 'certificates', tls });
  }

  /** Challenges of TLS-ALPN-01 that all threads answer; these and no others. */
  challenges(challenges: TlsChallenge[]): void {
    this.#challenges = challenges;
    this.#tellAll({ type: 'challenges', challenges });
  }

  /** Ids of the edges that hear messages. */
  get running(): number[] {
    return this.#edges.flatMap(({ id, worker }) => (worker === undefined ? [] : [id]));
  }

  /** An edge may ask a disk's thread by this port. */
  connectDisk(id: number, disk: number, port: MessagePort): void {
    const edge = this.#edges.find((candidate) => candidate.id === id);
    if (edge !== undefined) this.#tell(edge, { type: 'disk', disk, port }, [port]);
  }

  /** Asks every edge whether its event loop turns. @returns those that have not answered since the last time */
  pulse(): number[] {
    const silent = this.#edges.filter(({ pinged, since }) => pinged && since > 0);
    for (const edge of this.#edges) {
      edge.pinged = edge.since > 0;
      if (edge.pinged) this.#tell(edge, { type: 'ping' });
    }
    return silent.map(({ id }) => id);
  }

  /**
   * Lets all edges finish within `timeout` ms and ends them. Resolves when the last has ended.
   * @param idle how long connections without a request may stay, in ms
   */
  async drain(timeout: number, idle: number): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#edges.map((edge) => this.#drainOne(edge, timeout, idle)));
  }

  async #drainOne(edge: Edge, timeout: number, idle: number): Promise<void> {
    const { worker } = edge;
    if (worker === undefined) return;
    this.#detach(edge);
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#tell(edge, { type: 'drain', timeout, idle });
    await ended;
  }

  #spawn(edge: Edge): Promise<void> {
    const data = this.#owner.data(edge.id);
    const worker = spawnWorker('edge', data);
    edge.worker = worker;
    edge.isLeaving = false;
    edge.generation = data.plan.generation;
    this.#owner.born(edge.id);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromEdge) => {
        if (message.type === 'ready') resolve();
        this.#hear(edge, message);
      });
      worker.on('error', (error: Error) => {
        this.#owner.log('error', 'edge thread failed', { worker: edge.id, error: error.message });
        reject(error);
      });
      worker.on('exit', (code) => {
        reject(new Error(`edge thread ${edge.id} ended with code ${code} before it served`));
        this.#onExit(edge, code);
      });
    });
  }

  #hear(edge: Edge, message: FromEdge): void {
    switch (message.type) {
      case 'ready':
        edge.since = performance.now();
        edge.pinged = false;
        if (this.#challenges.length > 0) this.#tell(edge, { type: 'challenges', challenges: this.#challenges });
        break;
      case 'pong':
        edge.pinged = false;
        break;
      case 'app':
        this.#attach(edge, message.kind, message.descriptor);
        break;
      case 'committed':
        edge.committed?.();
        break;
      case 'prepared':
        this.#onPrepared(edge, message.generation, message.error);
        break;
      case 'dying':
        this.#owner.log('error', 'edge thread is dying', { worker: edge.id, error: message.error });
        this.#detach(edge);
        this.#tell(edge, { type: 'detached' });
        break;
      case 'changed':
        this.#owner.changed(message.site, message.host, message.target);
        break;
      case 'disk-failed':
        this.#owner.diskFailed(message.disk, message.reason);
        break;
      case 'work':
        this.#owner.work(message.request);
        break;
      case 'log':
        this.#owner.log(message.level, message.message, { worker: edge.id, ...message.details });
    }
  }

  #onPrepared(edge: Edge, generation: number, error: string | undefined): void {
    if (error === undefined) edge.generation = generation;
    if (edge.preparing === generation) edge.prepared?.(error);
    else if (error !== undefined && generation === this.#plan?.generation) this.#replaceSoon(edge, error);
  }

  /** It was born while the others got ready, and cannot get ready itself: another one begins with the plan. */
  #replaceSoon(edge: Edge, error: string): void {
    const message = 'an edge thread cannot take the plan that the others have, and is replaced';
    this.#owner.log('error', message, { worker: edge.id, error });
    edge.isLeaving = true;
    this.#detach(edge);
    this.#tell(edge, { type: 'drain', ...FAREWELL });
    edge.committed?.();
  }

  #onExit(edge: Edge, code: number): void {
    this.#detach(edge);
    const lived = edge.since > 0 ? performance.now() - edge.since : 0;
    edge.worker = undefined;
    edge.since = 0;
    edge.prepared?.();
    edge.committed?.();
    if (this.#ending) return;
    edge.pause = lived > HEALTHY || edge.restarts === 0 ? 0 : Math.min(MAX_PAUSE, edge.pause * 2 + 50);
    edge.restarts++;
    this.#owner.log('warn', 'edge thread ended and is replaced', { worker: edge.id, code, pause_ms: edge.pause });
    void this.#replace(edge);
  }

  async #replace(edge: Edge): Promise<void> {
    await this.#owner.recover(edge.id);
    await setTimeout(edge.pause);
    if (!this.#ending) await this.#spawn(edge).catch(() => {}); // its end is heard of, and tried again, as this one's
  }

  #attach(edge: Edge, kind: AppKind, descriptor: unknown): void {
    const before = edge.apps.get(kind);
    edge.apps.set(kind, descriptor);
    this.#owner.attach(kind, descriptor);
    if (before !== undefined) this.#owner.detach(kind, before);
  }

  #detach(edge: Edge): void {
    for (const [kind, descriptor] of edge.apps) this.#owner.detach(kind, descriptor);
    edge.apps.clear();
  }

  #tellAll(message: ToEdge): void {
    for (const edge of this.#edges) this.#tell(edge, message);
  }

  #tell(edge: Edge, message: ToEdge, transfer: readonly Transferable[] = []): void {
    edge.worker?.postMessage(message, transfer);
  }
}
