import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { EdgeData, FromEdge, ToEdge } from './messages.ts';
import { spawnWorker } from './spawn.ts';

/** What main does with edges that come and go. */
export interface EdgeOwner {
  /** What thread `worker` is born with. */
  data(worker: number): EdgeData;
  /** An edge serves: give it sockets. */
  attach(descriptor: unknown): void;
  /** Give it none any more. */
  detach(descriptor: unknown): void;
  /** A thread has ended without being asked to: take back what it held in shared memory. Its id is not used again before. */
  recover(worker: number): Promise<void>;
  /** What is stored for a target is invalid, under whatever key. */
  changed(site: number, host: string, target: string): void;
  log(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void;
}

/** Longest pause before an edge that keeps dying is started again, in ms. The first time there is none. */
const MAX_PAUSE = 1000;

/** An edge that lived this long counts as healthy, in ms. */
const HEALTHY = 10_000;

interface Edge {
  id: number;
  worker: Worker | undefined;
  descriptor: unknown;
  attached: boolean;
  restarts: number;
  /** performance.now() when it began to serve, 0 while it does not. */
  since: number;
  pause: number;
}

/** The edge threads: started together, each replaced when it dies, drained at the end. */
export class EdgeThreads {
  readonly #owner: EdgeOwner;
  readonly #edges: Edge[];
  #ending = false;

  constructor(count: number, owner: EdgeOwner) {
    this.#owner = owner;
    this.#edges = Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      worker: undefined,
      descriptor: undefined,
      attached: false,
      restarts: 0,
      since: 0,
      pause: 0,
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

  /** Lets all edges finish within `timeout` ms and ends them. Resolves when the last has ended. */
  async drain(timeout: number): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#edges.map((edge) => this.#drainOne(edge, timeout)));
  }

  async #drainOne(edge: Edge, timeout: number): Promise<void> {
    const { worker } = edge;
    if (worker === undefined) return;
    this.#detach(edge);
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#tell(edge, { type: 'drain', timeout });
    await ended;
  }

  #spawn(edge: Edge): Promise<void> {
    const worker = spawnWorker('edge', this.#owner.data(edge.id));
    edge.worker = worker;
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
        edge.descriptor = message.descriptor;
        edge.since = performance.now();
        edge.attached = true;
        this.#owner.attach(message.descriptor);
        break;
      case 'dying':
        this.#owner.log('error', 'edge thread is dying', { worker: edge.id, error: message.error });
        this.#detach(edge);
        this.#tell(edge, { type: 'detached' });
        break;
      case 'changed':
        this.#owner.changed(message.site, message.host, message.target);
        break;
      case 'log':
        this.#owner.log(message.level, message.message, { worker: edge.id, ...message.details });
    }
  }

  #onExit(edge: Edge, code: number): void {
    this.#detach(edge);
    const lived = edge.since > 0 ? performance.now() - edge.since : 0;
    edge.worker = undefined;
    edge.since = 0;
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

  #detach(edge: Edge): void {
    if (!edge.attached) return;
    edge.attached = false;
    this.#owner.detach(edge.descriptor);
  }

  #tell(edge: Edge, message: ToEdge): void {
    edge.worker?.postMessage(message);
  }
}
