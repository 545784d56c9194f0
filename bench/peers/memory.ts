import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CASES, type Case } from './cases.ts';
import { idleConnections } from './idle.ts';
import { treeMemoryBytes } from './proc.ts';
import type { WrkResult } from './wrk.ts';

/** Objects that are stored, and connections that idle. */
const OBJECTS = 100_000;
const CONNECTIONS = 6_000;
const BODY_BYTES = 1024;
/** Most of them that may be missing: what is divided by would be wrong. */
const MISSING = 0.02;
/** What a heap has grown by under load goes back in seconds: it is waited for until a second changes less than this share. */
const STEADY = 0.001;
const SETTLE_MS = 1000;
const SETTLE_TRIES = 12;
const WARM_SECONDS = 4;
const STORE_SECONDS = 3;
/** A heap comes and goes by a megabyte: that much of a connection's share is none of its own. */
const GRAIN = 200;
const BLOCK_BYTES = 512;

/** What a server keeps in memory. */
export interface Memory {
  server: string;
  /** Bytes before anything is stored. */
  idle: number;
  /** Bytes for each object of 1 KB, its body among them; undefined of a server that has no cache, or takes all of it at its start. */
  perObject?: number;
  /** The part of them that lies in files. */
  inFiles?: number;
  /** Bytes of the server's own for each idle connection; those of the kernel are not in it. */
  perConnection: number;
}

/** What `measureMemory` has done for it. */
export interface Subject {
  server: string;
  pid: number;
  port: number;
  /** Folder of its files. */
  dir: string;
  caches: boolean;
  /** Drives the server for some seconds. */
  drive(work: Case, seconds: number, seed: number): Promise<WrkResult>;
  /** Requests that the origin has answered. */
  forwarded(): Promise<number>;
}

const HIT = CASES.find(({ name }) => name === 'hit-1k') as Case;
const MISS = CASES.find(({ name }) => name === 'miss-1k') as Case;
const STORE: Case = { ...HIT, path: '/many/0', script: 'numbered', scriptArgs: ['/many/', String(OBJECTS)] };

/** Stores objects, opens connections, and tells what each took. Throws when not all objects are kept. */
export async function measureMemory(subject: Subject): Promise<Memory> {
  // before a heap has been filled with garbage, in whose place connections would go unseen
  const before = await weigh(subject);
  const perConnection = await weighConnections(subject, before);
  if (subject.caches) await subject.drive(MISS, WARM_SECONDS, 0);
  const stored = subject.caches ? await store(subject) : undefined;
  return { server: subject.server, idle: before.memory + before.files, ...stored, perConnection };
}

async function store(subject: Subject): Promise<Pick<Memory, 'perObject' | 'inFiles'>> {
  const before = await weigh(subject);
  await askAll(subject);
  const known = await subject.forwarded();
  await askAll(subject);
  const missed = (await subject.forwarded()) - known;
  if (missed > OBJECTS * MISSING) throw new Error(`${missed} of ${OBJECTS} objects are not kept`);
  const after = await weigh(subject);
  const files = after.files - before.files;
  const perObject = (after.memory - before.memory + files) / OBJECTS;
  return perObject < BODY_BYTES ? {} : { perObject, inFiles: files / OBJECTS };
}

/** Asks for every object at least once. */
async function askAll(subject: Subject): Promise<void> {
  for (let asked = 0; asked < OBJECTS; ) asked += (await subject.drive(STORE, STORE_SECONDS, asked)).requests;
}

async function weighConnections(subject: Subject, before: Weight): Promise<number> {
  const path = subject.caches ? HIT.path : MISS.path;
  const close = await idleConnections(subject.port, path, CONNECTIONS);
  try {
    const after = await weigh(subject);
    return (after.memory - before.memory) / CONNECTIONS;
  } finally {
    close();
  }
}

interface Weight {
  memory: number;
  files: number;
}

/** Waits until memory neither grows nor shrinks. */
async function weigh({ pid, dir }: Subject): Promise<Weight> {
  let last = Number.POSITIVE_INFINITY;
  let memory = treeMemoryBytes(pid);
  for (let tries = 0; Math.abs(memory - last) > memory * STEADY && tries < SETTLE_TRIES; tries++) {
    await sleep(SETTLE_MS);
    last = memory;
    memory = treeMemoryBytes(pid);
  }
  return { memory, files: folderBytes(dir) };
}

/** Bytes that the files beneath a folder take; of a file with holes what is written. */
function folderBytes(dir: string): number {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const stat = lstatSync(join(dir, name), { throwIfNoEntry: false });
    return sum + (stat?.isFile() ? stat.blocks * BLOCK_BYTES : 0);
  }, 0);
}

/** Bytes for a connection as text: what is below the grain of such a measurement is told as such. */
export function connectionBytes(perConnection: number): string {
  return perConnection < GRAIN ? `under ${GRAIN}` : Math.round(perConnection).toLocaleString('en');
}

/** The table as text. */
export function memoryTable(found: readonly Memory[]): string {
  const bytes = (value: number | undefined) => (value === undefined ? '-' : Math.round(value).toLocaleString('en'));
  const rows = [
    ['server', 'MB at first', 'bytes an object', 'beside its body', 'of these in files', 'bytes a connection'],
    ...found.map(({ server, idle, perObject, inFiles, perConnection }) => [
      server,
      (idle / 2 ** 20).toFixed(0),
      bytes(perObject),
      bytes(perObject === undefined ? undefined : perObject - BODY_BYTES),
      bytes(inFiles),
      connectionBytes(perConnection),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
  const what = `${OBJECTS.toLocaleString('en')} objects of 1 KB, ${CONNECTIONS.toLocaleString('en')} idle connections`;
  return [`memory: ${what}, one run`, ...lines].join('\n');
}
