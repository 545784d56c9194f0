// lb with a disk, its origin, and what every scenario of the disk tier asks of both.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/admin/status.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { until } from '../support/cleanup.ts';
import { type RequestOptions, type Response, request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import type { Field } from '../support/message.ts';
import { type Origin, startOrigin } from '../support/origin.ts';

const MB = 1 << 20;

/** A folder that is removed after the test. */
export function tempFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-disk-'));
  // an lb may still write to it
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Bytes that name alone decides: whoever gets others is told at once. */
export function bytesOf(name: string, length: number): Buffer {
  const seed = createHash('sha256').update(name).digest();
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += seed.length) {
    seed.writeUInt32LE((seed.readUInt32LE(0) + 0x9e37_79b9) >>> 0, 0);
    seed.copy(bytes, at);
  }
  return bytes;
}

/** What the origin answers beside the body. */
export interface Resource {
  length: number;
  fields?: readonly Field[];
  /** Changes the body. */
  version?: string;
  status?: number;
}

/** An origin of resources by target; what it has none of is a short text that stays fresh. */
export class Resources {
  readonly origin: Origin;
  readonly known = new Map<string, Resource>();

  constructor(origin: Origin) {
    this.origin = origin;
    origin.handler = async ({ method, target }, answer) => {
      const { status = 200, fields = [['Cache-Control', 'max-age=3600']] } = this.known.get(target) ?? {};
      const body = this.body(target);
      if (method === 'HEAD') await answer.head(status, [...fields, ['Content-Length', String(body.length)]]);
      else await answer.send(status, fields, body);
    };
  }

  body(target: string): Buffer {
    const { length = 1000, version = '' } = this.known.get(target) ?? {};
    return bytesOf(target + version, length);
  }

  /** Times that a target was asked for. */
  asked(target: string): number {
    return this.origin.requests.filter((request) => request.target === target).length;
  }
}

export async function startResources(t: Cleanup): Promise<Resources> {
  return new Resources(await startOrigin(t, () => {}));
}

/** lb in this process, which may end and begin again on the same folders. */
export class Rig {
  readonly resources: Resources;
  readonly folders: string[];
  lb!: Lb;
  readonly #t: Cleanup;
  readonly #settings: Settings;

  constructor(t: Cleanup, resources: Resources, folders: string[], settings: Settings) {
    this.#t = t;
    this.resources = resources;
    this.folders = folders;
    this.#settings = settings;
  }

  async start(settings: Settings = {}): Promise<void> {
    const { cache = {}, ...others } = { ...this.#settings, ...settings };
    this.lb = await startLb(this.#t, {
      origins: [this.resources.origin.address],
      cache: { memory: '16MB', disk: this.folders, disk_size: '64MB', slice: false, ...(cache as Settings) },
      ...others,
    });
  }

  /** Ends lb in order. */
  async stop(): Promise<void> {
    await this.lb.server.stop(2000);
  }

  async restart(settings: Settings = {}): Promise<void> {
    await this.stop();
    await this.start(settings);
  }

  get(target: string, options: RequestOptions = {}): Promise<Response> {
    return request(this.#t, this.lb.port, target, options);
  }

  /** The whole resource. @returns the last member of Cache-Status. @throws where it is not what the origin has */
  async fetch(target: string, fields: readonly Field[] = []): Promise<string> {
    const response = await this.get(target, { fields });
    if (!response.complete || !response.body.equals(this.resources.body(target))) {
      throw new Error(`${target}: ${response.status}, ${response.body.length} bytes, complete ${response.complete}`);
    }
    return statusOf(response);
  }

  async status(): Promise<Status> {
    return (await this.lb.admin.fetch('GET', '/status')).json() as Status;
  }

  /** Waits until so many responses are on the disks. */
  async written(count: number): Promise<void> {
    const enough = async () => sum((await this.status()).disks.map(({ objects }) => objects)) >= count;
    await until(enough, `${count} objects on disk`);
  }

  async ready(): Promise<void> {
    const all = async () => (await this.status()).disks.every(({ state }) => state === 'ready');
    await until(all, 'the disks to be ready');
  }

  /** Lines of the log that say this. */
  said(pattern: RegExp): number {
    return this.lb.log.filter(({ message }) => pattern.test(message)).length;
  }
}

export function statusOf(response: Response): string {
  return (response.get('cache-status') ?? '').split(', ').at(-1) ?? '';
}

export async function startRig(t: Cleanup, settings: Settings = {}, disks = 1): Promise<Rig> {
  const resources = await startResources(t);
  const folders = Array.from({ length: disks }, () => tempFolder(t));
  const rig = new Rig(t, resources, folders, settings);
  await rig.start();
  return rig;
}

/** POST /purge. */
export async function purgeBy(port: number, body: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Bytes that the files of a folder take. */
export function diskUsage(folder: string): number {
  return sum(readdirSync(folder).map((name) => statSync(join(folder, name)).size));
}

export function segmentsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^seg-\d+\.lb$/.test(name))
    .map((name) => join(folder, name));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export { MB };
