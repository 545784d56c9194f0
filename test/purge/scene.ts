import { cacheStatus, counted, type Field, type Scene, startScene } from '../caching/scene.ts';
import type { Cleanup } from '../support/cleanup.ts';
import type { Settings } from '../support/lb.ts';

/** A purge as it is answered. */
export interface PurgeAnswer {
  item?: number;
  id: string;
  scope: string;
  host: string | null;
  site: string | null;
  pattern: string;
  tag?: string;
  soft: boolean;
  time: string;
  objects?: number;
}

/** Two edge threads, and the admin API's lists of purges. */
export class PurgeScene {
  readonly scene: Scene;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  /** POST /purge, whatever it answers. */
  async post(body: object): Promise<{ status: number; answer: { purged: PurgeAnswer[]; detail?: string } }> {
    const url = `http://127.0.0.1:${this.scene.lb.admin.port}/purge`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, answer: (await response.json()) as { purged: PurgeAnswer[] } };
  }

  async purge(...items: object[]): Promise<PurgeAnswer[]> {
    const { status, answer } = await this.post({ purge: items });
    if (status !== 200) throw new Error(`POST /purge answered ${status}: ${answer.detail}`);
    return answer.purged;
  }

  async purgeSoftly(...items: object[]): Promise<void> {
    const { status } = await this.post({ purge: items, soft: true });
    if (status !== 200) throw new Error(`POST /purge answered ${status}`);
  }

  /** Stores targets, each with its fields; a host may stand before the slash, site.test else. */
  async store(targets: Readonly<Record<string, readonly Field[]>>): Promise<void> {
    for (const [target, fields] of Object.entries(targets)) {
      const { host, path } = split(target);
      this.scene.on(path.split('?', 1)[0], counted([['Cache-Control', 'max-age=600'], ...fields]));
      await this.scene.get(path, host);
      if (!(await this.#isHit(target))) throw new Error(`${target} is not stored`);
    }
  }

  /** Of these targets, those that both threads still have; none of them has any purged one. */
  async kept(...targets: string[]): Promise<string[]> {
    const kept: string[] = [];
    for (const target of targets) {
      const first = await this.#isHit(target);
      // each connection goes to the next thread
      if (!(await this.#isHit(target))) throw new Error(`${target} is not stored again`);
      if (first) kept.push(target);
    }
    return kept;
  }

  async #isHit(target: string): Promise<boolean> {
    const { host, path } = split(target);
    return cacheStatus(await this.scene.get(path, host)) === 'lb; hit';
  }
}

function split(target: string): { host: Field[]; path: string } {
  const slash = target.indexOf('/');
  return { host: [['Host', target.slice(0, slash) || 'site.test']], path: target.slice(slash) };
}

export async function startPurgeScene(t: Cleanup, settings: Settings = {}): Promise<PurgeScene> {
  return new PurgeScene(await startScene(t, { workers: 2, ...settings }));
}
