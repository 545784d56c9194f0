/**
 * How soon the first hit comes after a start with many responses on disk: `node test/disk/warm-start.ts [ENTRIES]`, a
 * million by default. All but a few are rows of the index alone, as only these are read at the start.
 */
import { randomInt } from 'node:crypto';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Cleanup } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { listening, spawnLb } from '../support/process.ts';
import { bytesOf, segmentsOf, startResources, statusOf, tempFolder } from './rig.ts';

/** Bytes of a record in its segment. */
const RECORD = 128;
const INT = 2 ** 31;

export interface WarmStart {
  /** From the start of the process until it serves, and until the first and the last of some hits are there, in ms. */
  serves: number;
  first: number;
  last: number;
  statuses: string[];
}

export async function warmStart(t: Cleanup, entries: number): Promise<WarmStart> {
  const resources = await startResources(t);
  const folder = tempFolder(t);
  const start = () => {
    const own = ['-b', resources.origin.address, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    const disk = ['--cache-memory', '64MB', '--cache-disk', folder, '--cache-disk-size', '10GB'];
    return listening(spawnLb(t, ['serve', ...own, ...disk], { LB_LOG_ACCESS: 'off', LB_WORKERS: '1' }));
  };
  const targets = Array.from({ length: 20 }, (_, i) => `/warm/${i}`);
  const first = await start();
  for (const target of targets) await request(t, first.port, target);
  first.child.signal('SIGTERM');
  await first.child.exit();
  addRows(folder, entries);

  const begun = performance.now();
  const since = () => Math.round(performance.now() - begun);
  const lb = await start();
  const times = [since()];
  const statuses: string[] = [];
  for (const target of targets) {
    const response = await request(t, lb.port, target);
    if (!response.body.equals(bytesOf(target, 1000))) throw new Error(`${target} is not what it was`);
    statuses.push(statusOf(response));
    times.push(since());
  }
  lb.child.signal('SIGTERM');
  await lb.child.exit();
  return { serves: times[0], first: times[1], last: times[times.length - 1], statuses };
}

function addRows(folder: string, entries: number): void {
  const database = new DatabaseSync(join(folder, 'lb-disk.db'));
  const [path] = segmentsOf(folder);
  const { number, used } = database.prepare('SELECT number, used FROM segments ORDER BY born DESC LIMIT 1').get() as {
    number: number;
    used: number;
  };
  const from = Math.ceil(Math.max(used, statSync(path).size) / RECORD) * RECORD;
  const insert = database.prepare(
    "INSERT INTO objects VALUES (?, ?, ?, 128, 0, 0, 0, ?, 'site.test', '/x' || ?, NULL)",
  );
  database.exec('BEGIN');
  const places = number * 2 ** 22 + from / 64;
  for (let i = 0; i < entries; i++) {
    insert.run(places + (i * RECORD) / 64, randomInt(-INT, INT), randomInt(-INT, INT), randomInt(INT), i);
  }
  database.prepare('UPDATE segments SET used = ? WHERE number = ?').run(from + entries * RECORD, number);
  database.exec('COMMIT');
  database.close();
  truncateSync(path, from + entries * RECORD);
}

if (process.argv[1] === import.meta.filename) {
  const cleanups: (() => void | Promise<void>)[] = [];
  const entries = Number(process.argv[2] ?? 1_000_000);
  try {
    console.log({ entries, ...(await warmStart({ after: (run) => void cleanups.unshift(run) }, entries)) });
  } finally {
    for (const clean of cleanups) await clean();
  }
}
