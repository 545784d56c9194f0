/** The thread of one folder of the disk tier, the only one that writes there. */

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadDiskAddon } from '../native-bindings/disk/index.ts';
import { useNative } from '../src/disk/checksum.ts';
import { DiskThread } from '../src/disk/thread.ts';
import type { DiskData, FromDisk, ToDisk } from '../src/threads/messages.ts';

/** Below that of the edges: what is written may wait, requests may not. On Linux it is the thread's own. */
const NICE = 5;

if (parentPort === null) throw new Error('workers/disk is a thread of lb, not a program');
const port = parentPort;

const loaded = await loadDiskAddon();
if ('addon' in loaded && loaded.addon.crc32c !== undefined) useNative(loaded.addon.crc32c);
if (process.platform === 'linux') setPriority(NICE);

const thread = new DiskThread(workerData as DiskData, {
  tell: (message: FromDisk) => port.postMessage(message),
  end: () => port.close(),
});
port.on('message', (message: ToDisk) => thread.hear(message));

// a bug: the folder is given back, so that the thread in place of this one can have it
process.on('uncaughtException', (error) => {
  thread.abort();
  throw error;
});
