import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessLine, startAccessLog } from './access-log.ts';
import { AccessLogWriter, createLogRing, emptyRecord } from './log-ring.ts';

const siteName = () => 'shop';

function collecting(sample = 1) {
  const lines: AccessLine[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let lost = 0;
  return {
    sample,
    lines,
    get lost() {
      return lost;
    },
    onLine(line: AccessLine) {
      lines.push(line);
      for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
    },
    onLost(count: number) {
      lost += count;
    },
    until: (count: number) =>
      new Promise<void>((resolve) => (lines.length >= count ? resolve() : waiting.push({ count, resolve }))),
  };
}

test('where the log is off, records are written only while somebody listens', async () => {
  const ring = createLogRing(65_536);
  const log = startAccessLog({ rings: [ring], output: undefined, siteName });
  const writer = new AccessLogWriter(ring, 'off');
  assert.equal(writer.wanted, false);
  assert.equal(writer.write({ ...emptyRecord(), path: '/before' }), false);
  for (const round of ['/a', '/b']) {
    const listener = collecting();
    const leave = log.listen(listener);
    assert.equal(writer.wanted, true);
    writer.write({ ...emptyRecord(), path: round, cache: 2 });
    await listener.until(1);
    assert.deepEqual(
      [listener.lines[0].path, listener.lines[0].cache, listener.lines[0].sample],
      [round, 'MISS', undefined],
    );
    leave();
    leave();
    assert.equal(writer.wanted, false);
  }
  await log.close(100);
});

test('listeners get the share that each asked for, the log its own', async () => {
  const ring = createLogRing(1 << 20);
  const written: string[] = [];
  const output = { write: (line: string) => written.push(line) > 0, flush: async () => true };
  const log = startAccessLog({ rings: [ring], output: output as never, siteName, sample: 0.1 });
  const writer = new AccessLogWriter(ring, 0.1);
  const [half, tenth] = [collecting(0.5), collecting(0.1)];
  const leave = [log.listen(half), log.listen(tenth)];
  for (let i = 0; i < 1000; i++) writer.write({ ...emptyRecord(), status: 200 });
  await half.until(500);
  await log.close(100);
  for (const one of leave) one();
  assert.ok(Math.abs(written.length - 100) <= 1, `${written.length} in the log`);
  assert.ok(Math.abs(half.lines.length - 500) <= 1, `${half.lines.length} of a half`);
  assert.ok(Math.abs(tenth.lines.length - half.lines.length / 5) <= 1, `${tenth.lines.length} of a tenth`);
  assert.equal(half.lines[0].sample, 0.5);
});

test('who listens is told what the ring had no room for', async () => {
  const ring = createLogRing(16_384);
  const log = startAccessLog({ rings: [ring], output: undefined, siteName });
  const writer = new AccessLogWriter(ring, 'off');
  const listener = collecting();
  const leave = log.listen(listener);
  let written = 0;
  for (let i = 0; i < 1000; i++) if (writer.write({ ...emptyRecord(), path: '/same' })) written++;
  await listener.until(written);
  await new Promise(setImmediate);
  leave();
  await log.close(100);
  assert.equal(listener.lost, 1000 - written);
  assert.equal(log.dropped().ring_full, 1000 - written);
});

test('what is redacted reaches nobody', async () => {
  const ring = createLogRing(16_384);
  const log = startAccessLog({ rings: [ring], output: undefined, siteName, redact: ['client_ip', 'path'] });
  const listener = collecting();
  const leave = log.listen(listener);
  new AccessLogWriter(ring, 'off').write({ ...emptyRecord(), path: '/x', client: '192.0.2.1' });
  await listener.until(1);
  leave();
  await log.close(100);
  assert.ok(!/192\.0\.2|\/x/.test(JSON.stringify(listener.lines[0])));
});
