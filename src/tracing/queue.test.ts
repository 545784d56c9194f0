import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { SpanQueue } from './queue.ts';

const SPAN = {} as ReadableSpan;

/** An exporter that holds on to what it gets until it is told. */
function exporter() {
  const held: { spans: number; done(code: number): void }[] = [];
  const made: SpanExporter = {
    export: (spans, callback) => void held.push({ spans: spans.length, done: (code) => callback({ code }) }),
    shutdown: async () => {},
  };
  return { made, held };
}

function counting() {
  const counts = { exported: 0, dropped: 0 };
  const count = (what: 'exported' | 'dropped', spans: number) => {
    counts[what] += spans;
  };
  return { counts, count };
}

const turn = () => new Promise(setImmediate);

test('full batches go out at once, two at a time, and what does not fit is dropped', async () => {
  const { made, held } = exporter();
  const { counts, count } = counting();
  const queue = new SpanQueue(made, count);
  for (let i = 0; i < 10_000; i++) {
    queue.onEnd(SPAN);
    if (i % 100 === 0) await turn();
  }
  assert.deepEqual(
    held.map(({ spans }) => spans),
    [128, 128],
  );
  assert.equal(counts.dropped, 10_000 - 256 - 4096);
  const flushed = queue.forceFlush();
  while (counts.exported + counts.dropped < 10_000) {
    held.shift()?.done(0);
    await turn();
  }
  await flushed;
  assert.equal(counts.exported, 256 + 4096);
});

test('what the collector refuses is counted as dropped, and an exporter that throws is no failure', async () => {
  const { counts, count } = counting();
  const throwing = new SpanQueue(
    {
      export: () => {
        throw new Error('broken');
      },
      shutdown: async () => {},
    },
    count,
  );
  throwing.onEnd(SPAN);
  await throwing.forceFlush();
  assert.deepEqual(counts, { exported: 0, dropped: 1 });
  const { made, held } = exporter();
  const queue = new SpanQueue(made, count);
  queue.onEnd(SPAN);
  const flushed = queue.forceFlush();
  await turn();
  held[0].done(1);
  await flushed;
  assert.deepEqual(counts, { exported: 0, dropped: 2 });
  await queue.shutdown();
});
