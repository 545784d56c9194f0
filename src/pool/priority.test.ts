import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

test('one thread has the lowest priority, the others keep theirs', {
  skip: process.platform !== 'linux' && 'only Linux has priorities of threads',
}, async () => {
  const before = getPriority();
  const code = `
    import { getPriority } from 'node:os';
    import { parentPort } from 'node:worker_threads';
    import { lowerPriority, threadId } from ${JSON.stringify(new URL('./priority.ts', import.meta.url).href)};
    parentPort.postMessage([lowerPriority(), getPriority(threadId())]);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [answer] = await once(worker, 'message');
  assert.deepEqual(answer, [true, constants.priority.PRIORITY_LOW]);
  assert.equal(getPriority(), before);
  await once(worker, 'exit');
});

const POLICY_IDLE = 5;

/** The 41st field of a thread's line in /proc: its scheduling policy. */
function policyOf(thread: number): number {
  const line = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[38]);
}

test('where there is a program for it, one thread gives way to any other', {
  skip: spawnSync('chrt', ['--version']).status !== 0 && 'no chrt',
}, async (t) => {
  const code = `
    import { parentPort } from 'node:worker_threads';
    import { lowerPriority, threadId } from ${JSON.stringify(new URL('./priority.ts', import.meta.url).href)};
    lowerPriority();
    parentPort.on('message', () => parentPort.close());
    parentPort.postMessage(threadId());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  t.after(() => worker.terminate());
  const [thread] = (await once(worker, 'message')) as [number];
  const others = policyOf(process.pid);
  while (policyOf(thread) !== POLICY_IDLE) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(policyOf(process.pid), others);
  worker.postMessage('end');
  await once(worker, 'exit');
});
