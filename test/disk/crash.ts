/**
 * Kills a process that uses a disk by SIGKILL at random moments, again and again, and looks each time at all that the folder has:
 * no object may be wrong or short, replaced, removed or purged; all files stay within the limit; it must open in time.
 *
 *     node test/disk/crash.ts [times]        1,000 by default
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderBytes, StoreBench } from '../../src/disk/store-testing.ts';
import { CrashModel, DISK_SIZE, NAMES, nameOf, versionOf } from './crash-model.ts';

/** A folder opens within so many ms. */
const OPEN_LIMIT = 5000;
/** Files may take more than the limit by one object, and by the blocks of the file system. */
const EXCESS = 400_000 + 64 * 4096;
const LONGEST_LIFE = 250;
const FAREWELL = 10_000;

export interface CrashResult {
  crashes: number;
  /** Objects that were found and right, over all crashes. */
  verified: number;
  /** The longest time that opening and loading took, in ms. */
  slowest: number;
  /** Bytes of all files at most. */
  largest: number;
  /** Segments that were reused, so many times. */
  evicted: number;
}

/** @throws Error that says what was wrong after which crash */
export async function crash(times: number): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), 'lb-crash-'));
  const result: CrashResult = { crashes: 0, verified: 0, slowest: 0, largest: 0, evicted: 0 };
  try {
    const model = new CrashModel();
    for (let i = 1; i <= times; i++) {
      const journal = join(folder, `journal-${i}`);
      await liveAndDie(join(folder, 'disk'), journal, model.version);
      model.follow(readFileSync(journal, { encoding: 'utf8', flag: 'a+' }));
      rmSync(journal);
      try {
        await look(join(folder, 'disk'), model, result);
      } catch (error) {
        throw new Error(`after crash ${i}: ${(error as Error).message}`, { cause: error });
      }
      result.crashes = i;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return result;
}

async function liveAndDie(disk: string, journal: string, version: number): Promise<void> {
  const path = join(import.meta.dirname, 'crash-child.ts');
  const child = fork(path, [disk, journal, String(version)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const farewell = setTimeout(() => child.kill('SIGKILL'), FAREWELL);
  await Promise.race([once(child, 'message'), ended]);
  setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE);
  const [code, signal] = await ended;
  clearTimeout(farewell);
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself with code ${code}: ${said}`);
}

async function look(disk: string, model: CrashModel, result: CrashResult): Promise<void> {
  const begun = performance.now();
  const bench = new StoreBench(disk, DISK_SIZE, 4 << 20);
  bench.load();
  const took = performance.now() - begun;
  result.slowest = Math.max(result.slowest, took);
  if (took > OPEN_LIMIT) throw new Error(`opening took ${Math.round(took)} ms`);
  const warned = bench.logged.filter(({ level }) => level !== 'info');
  if (warned.length > 0) throw new Error(JSON.stringify(warned));
  for (const round of ['as found', 'settled']) {
    for (let n = 0; n < NAMES; n++) {
      const name = nameOf(n);
      const body = await bench.read(name);
      if (body === undefined) continue;
      const version = versionOf(name, body);
      const wrong = version === undefined ? `a wrong body of ${name}` : model.wrong(name, version);
      if (wrong !== undefined) throw new Error(`${wrong} (${round})`);
      result.verified++;
    }
    if (bench.faults.length > 0) throw new Error(`a record cannot be read: ${bench.faults[0].message} (${round})`);
    bench.settle();
  }
  account(bench, disk, result);
  bench.close();
}

/** The store's own figures are those of the file system, and of what can be found. */
function account(bench: StoreBench, disk: string, result: CrashResult): void {
  const { length, taken } = folderBytes(disk);
  result.largest = Math.max(result.largest, length, taken);
  const { bytes, objects, evicted } = bench.store.figures();
  result.evicted += evicted;
  if (Math.max(length, taken) > DISK_SIZE + EXCESS) throw new Error(`${length} bytes (${taken} on the disk)`);
  if (Math.abs(bytes - length) > 65_536) throw new Error(`${length} bytes of files, ${bytes} by its own account`);
  const rows = bench.folder.index.count();
  if (rows !== objects) throw new Error(`${rows} rows, ${objects} slots`);
}

if (import.meta.main) {
  const times = Number(process.argv[2] ?? 1000);
  console.log(JSON.stringify(await crash(times)));
}
