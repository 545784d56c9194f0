import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import {
  AccessLogReader,
  AccessLogWriter,
  type AccessRecord,
  CACHE_RESULT,
  CACHE_RESULTS,
  createLogRing,
  emptyRecord,
} from './log-ring.ts';

const FIELDS = {
  time: fc.integer({ min: 0, max: 4e12 }),
  status: fc.integer({ min: 100, max: 599 }),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PROPFIND', 'OTHER'),
  bytes: fc.integer({ min: 0, max: 2 ** 50 }),
  duration: fc.integer({ min: 0, max: 1_000_000 }),
  cache: fc.integer({ min: 0, max: CACHE_RESULTS.length - 1 }),
  site: fc.integer({ min: 0, max: 10_000 }),
  client: fc.constantFrom('127.0.0.1', '2001:db8::1'),
  host: fc.domain().map((host) => host.slice(0, 200)),
  path: fc.oneof(
    fc.webPath().map((path) => `/${path}`.replaceAll('?', '').slice(0, 4_000)),
    fc.integer({ min: 1, max: 4_000 }).map((length) => `/${'p'.repeat(length)}`),
  ),
  requestId: fc.uuid(),
  userAgent: fc.constantFrom('', 'curl/8', 'agent “quoted”'),
  waf: fc.integer({ min: 0, max: 3 }),
  note: fc.integer({ min: 0, max: 2 ** 21 - 1 }),
  forLog: fc.constant(true),
  streamed: fc.constant(false),
};
const RECORD: fc.Arbitrary<AccessRecord> = fc.record(FIELDS, { noNullPrototype: true });

test('what is written is read, in order and across the end of the ring', () => {
  const operations = fc.array(fc.oneof({ weight: 3, arbitrary: RECORD }, fc.constant('read' as const)), {
    maxLength: 120,
    size: 'max',
  });
  // Starts near the wrap of the 32-bit positions as well as at 0.
  const start = fc.constantFrom(0, -8, -4_096, 2 ** 31 - 8);
  fc.assert(
    fc.property(start, operations, (position, steps) => {
      const ring = createLogRing(16_384);
      const header = new Int32Array(ring);
      header[0] = position;
      header[16] = position;
      const writer = new AccessLogWriter(ring);
      const reader = new AccessLogReader(ring);
      const expected: AccessRecord[] = [];
      let dropped = 0;
      for (const step of steps) {
        if (step === 'read') assert.deepEqual(reader.read(), expected.shift());
        else if (writer.write(step)) expected.push(step);
        else dropped++;
      }
      for (const record of expected) assert.deepEqual(reader.read(), record);
      assert.equal(reader.read(), undefined);
      assert.ok(reader.empty);
      assert.equal(reader.dropped, dropped);
    }),
    { numRuns: 200 },
  );
});

test('the query never gets into the ring', () => {
  const ring = createLogRing(16_384);
  new AccessLogWriter(ring).write({ ...emptyRecord(), path: '/login?token=s3cret' });
  assert.equal(new AccessLogReader(ring).read()?.path, '/login');
  assert.ok(!Buffer.from(ring).includes('s3cret'));
});

test('long strings are cut, never split inside a character', () => {
  const ring = createLogRing(16_384);
  const long = { path: `/${'é'.repeat(5_000)}`, userAgent: '€'.repeat(600), client: 'x'.repeat(100) };
  assert.ok(new AccessLogWriter(ring).write({ ...emptyRecord(), ...long }));
  const record = new AccessLogReader(ring).read();
  assert.equal(record?.path, `/${'é'.repeat(2_047)}`);
  assert.equal(record?.userAgent, '€'.repeat(170));
  assert.equal(record?.client, 'x'.repeat(64));
});

test('a full ring drops and counts, and goes on once it is read', () => {
  const ring = createLogRing(16_384);
  const writer = new AccessLogWriter(ring);
  const reader = new AccessLogReader(ring);
  let written = 0;
  while (writer.write({ ...emptyRecord(), path: '/same' })) written++;
  assert.ok(written > 200);
  assert.equal(reader.dropped, 1);
  // Room is reserved for the longest encoding, so one short record may not free enough for the next.
  for (let index = 0; index < 2; index++) reader.read();
  assert.ok(writer.write({ ...emptyRecord(), path: '/same' }));
});

test('sampling keeps its share, and every server error', () => {
  const ring = createLogRing(1 << 20);
  const writer = new AccessLogWriter(ring, 0.1);
  let kept = 0;
  for (let index = 0; index < 1_000; index++) if (writer.write({ ...emptyRecord(), status: 200 })) kept++;
  assert.ok(Math.abs(kept - 100) <= 1, `${kept}`);
  for (let index = 0; index < 10; index++) assert.ok(writer.write({ ...emptyRecord(), status: 502 }));
});

test('the names of cache results and their wire numbers agree', () => {
  assert.deepEqual(
    CACHE_RESULTS.map((name) => CACHE_RESULT[name]),
    [...CACHE_RESULTS.keys()],
  );
});

test('a thread writes while another reads: nothing torn, nothing lost unaccounted', async () => {
  const ring = createLogRing(32_768);
  const total = 50_000;
  const worker = new Worker(new URL('./log-ring.fixture.ts', import.meta.url), { workerData: { ring, total } });
  const ended = once(worker, 'exit');
  let running = true;
  void ended.then(() => {
    running = false;
  });
  const reader = new AccessLogReader(ring);
  let last = -1;
  let count = 0;
  const drain = () => {
    for (let record = reader.read(); record; record = reader.read()) {
      assert.ok(record.bytes > last, 'in order');
      last = record.bytes;
      assert.equal(record.path, `/${last}/${'x'.repeat(last % 300)}`);
      assert.equal(record.requestId, `id-${last}`);
      count++;
    }
  };
  while (running) {
    drain();
    await (reader.park(1_000) ? Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1))]) : null);
    reader.unpark();
    await new Promise(setImmediate);
  }
  drain();
  assert.equal(count + reader.dropped, total);
  assert.ok(count > 100, `${count}`);
});
