/**
 * What is killed by crash.ts: stores, replaces, removes and purges objects at random, as fast as it can, in the folder of
 * its first argument, and tells in the journal of its second what it is about to do and what it has done for good.
 */
import { openSync, writeSync } from 'node:fs';
import { StoreBench } from '../../src/disk/store-testing.ts';
import { crashBody, DISK_SIZE, NAMES, nameOf } from './crash-model.ts';

const [folder, journalPath, first] = process.argv.slice(2);
const journal = openSync(journalPath, 'a');
const say = (line: string): void => {
  writeSync(journal, `${line}\n`);
};
let version = Number(first);
const below = (limit: number): number => Math.floor(Math.random() * limit);

process.send?.('ready');
const bench = new StoreBench(folder, DISK_SIZE, 4 << 20);
for (;;) {
  const n = below(NAMES);
  const name = nameOf(n);
  const dice = Math.random();
  if (dice < 0.8) {
    say(`put ${n} ${++version}`);
    if (bench.put(name, crashBody(name, version)) === 0) say(`failed ${n}`);
    // used again: a full disk takes it
    if (Math.random() < 0.5) bench.put(name, crashBody(name, version));
  } else if (dice < 0.85) {
    say(`remove ${n}`);
    bench.edge.remove(bench.key(name));
  } else if (dice < 0.87) {
    const pattern = Math.random() < 0.7 ? name : `/${below(10)}*`;
    // after a soft one what is in memory may yet be written, as stale
    const soft = Math.random() < 0.3;
    bench.purge({ pattern, exact: pattern === name, soft });
    if (!soft) say(`purged ${pattern}`);
  } else if (dice < 0.9) {
    bench.store.flush();
    say('flushed');
  } else {
    bench.reader.find(bench.key(nameOf(below(NAMES / 10))), 0)?.close();
    bench.store.turn();
  }
}
