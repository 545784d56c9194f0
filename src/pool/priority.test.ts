import assert from 'node:assert/strict';
import { once } from 'node:events';
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
