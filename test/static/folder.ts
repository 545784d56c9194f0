/** A folder with files, and what is said of them when they are asked for without a cache before them. */

import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Dispatcher } from 'undici';
import { FolderConnections } from '../../src/static/folder.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { configure, type Settings } from '../support/lb.ts';

/** Contents by name; names may have folders in them. */
export type Files = Record<string, string | Buffer>;

/** A folder of its own with a `root` in it, so that there is something beside that. */
export class Folder {
  readonly base: string;
  readonly root: string;

  constructor(t: Cleanup, files: Files = {}) {
    this.base = mkdtempSync(join(tmpdir(), 'lb-static-'));
    this.root = join(this.base, 'root');
    mkdirSync(this.root);
    this.put(files);
    t.after(() => rmSync(this.base, { recursive: true, force: true }));
  }

  /** Writes files under the root, last changed `age` seconds ago. */
  put(files: Files, age = 60): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      this.age(name, age);
    }
  }

  age(name: string, seconds: number): void {
    const time = new Date(Date.now() - seconds * 1000);
    utimesSync(join(this.root, name), time, time);
  }
}

/** An answer of a folder. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Why it was cut, where it was. */
  error: Error | undefined;
}

/** Asks a folder. `taken` sees each block, and may hold the folder back by the controller. */
export type Ask = (
  path: string,
  headers?: Record<string, string>,
  options?: { method?: string; taken?: (controller: Dispatcher.DispatchController, bytes: number) => void },
) => Promise<Answer>;

/** @param settings those of the site */
export function asker(root: string, settings: Settings = {}): Ask {
  const [site] = configure({ static_root: root, ...settings }).sites;
  const folder = new FolderConnections(root, site);
  return (path, headers = {}, { method = 'GET', taken } = {}) =>
    new Promise((resolve) => {
      const answer: Answer = { status: 0, headers: {}, body: Buffer.alloc(0), error: undefined };
      const chunks: Buffer[] = [];
      const over = (error?: Error) => resolve({ ...answer, body: Buffer.concat(chunks), error });
      folder.dispatch(
        { method, path, headers: Object.entries(headers).flat() },
        {
          onResponseStart(_controller, status, fields) {
            answer.status = status;
            answer.headers = fields as Record<string, string>;
          },
          onResponseData(controller, chunk) {
            chunks.push(chunk);
            taken?.(controller, chunk.length);
          },
          onResponseEnd: () => over(),
          onResponseError: (_controller, error) => over(error),
        },
      );
    });
}
