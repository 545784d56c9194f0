import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startAccessLog } from './access-log.ts';
import { AccessLogWriter, CACHE_RESULT, createLogRing, emptyRecord } from './log-ring.ts';
import { LineOutput } from './output.ts';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.emit('text');
    done();
  }
  lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const RECORD = {
  ...emptyRecord(),
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  status: 200,
  method: 'GET',
  bytes: 1024,
  duration: 1.23456,
  cache: CACHE_RESULT.HIT,
  client: '192.0.2.7',
  host: 'shop.example',
  path: '/a"b\n?token=secret',
  requestId: 'r-1',
  userAgent: 'curl/8',
};

test('a record becomes one line of JSON, soon and without a poll', async () => {
  const sink = new Sink();
  const ring = createLogRing(65_536);
  const log = startAccessLog({ rings: [ring], output: new LineOutput(sink, 1e6), siteName: (site) => `site${site}` });
  const writer = new AccessLogWriter(ring);
  for (const requestId of ['r-1', 'r-2']) {
    const arrived = once(sink, 'text');
    writer.write({ ...RECORD, requestId });
    await arrived;
  }
  await log.close(1_000);
  const [first, second] = sink.lines();
  assert.deepEqual(first, {
    time: '2026-01-02T03:04:05.006Z',
    level: 'info',
    event: 'access',
    request_id: 'r-1',
    site: 'site0',
    client_ip: '192.0.2.7',
    method: 'GET',
    host: 'shop.example',
    path: '/a"b\n',
    status: 200,
    bytes: 1024,
    duration_ms: 1.235,
    cache: 'HIT',
    user_agent: 'curl/8',
  });
  assert.equal(second.request_id, 'r-2');
});

test('redacted and empty fields are left out, the sampling rate is told', async () => {
  const sink = new Sink();
  const ring = createLogRing(65_536);
  const log = startAccessLog({
    rings: [ring],
    output: new LineOutput(sink, 1e6),
    siteName: () => 's',
    sample: 0.5,
    redact: ['client_ip', 'user_agent', 'path'],
  });
  const writer = new AccessLogWriter(ring);
  writer.write({ ...RECORD, requestId: '' });
  writer.write({ ...RECORD, status: 502 });
  await log.close(1_000);
  const [sampled, error] = sink.lines();
  assert.deepEqual(Object.keys(sampled).sort(), [
    ...['bytes', 'cache', 'duration_ms', 'event', 'host', 'level', 'method', 'sample', 'site', 'status', 'time'],
  ]);
  assert.equal(sampled.sample, 0.5);
  assert.equal(error.sample, undefined);
});

test('a redacted field that does not exist is refused', () => {
  const output = new LineOutput(new Sink(), 1e6);
  const start = () => startAccessLog({ rings: [], output, siteName: () => 's', redact: ['client'] });
  assert.throws(start, /there is no field "client"; it may name client_ip, host/);
});

test('all rings are drained at the end, idle ones wait one at a time', async () => {
  const sink = new Sink();
  const rings = [1, 2, 3].map(() => createLogRing(65_536));
  const log = startAccessLog({ rings, output: new LineOutput(sink, 1e6), siteName: () => 's' });
  const writers = rings.map((ring) => new AccessLogWriter(ring));
  for (let round = 0; round < 3; round++) {
    writers[0].write(RECORD);
    await once(sink, 'text');
  }
  for (const writer of writers) for (let index = 0; index < 100; index++) writer.write(RECORD);
  await log.close(1_000);
  assert.equal(sink.lines().length, 303);
  assert.deepEqual(log.dropped(), { ring_full: 0, output_full: 0 });
});

test('a reader of stdout that stopped costs lines, never memory or time', async () => {
  const stuck = new Writable({ write: () => {} });
  const output = new LineOutput(stuck, 10_000);
  const ring = createLogRing(1 << 20);
  const log = startAccessLog({ rings: [ring], output, siteName: () => 's' });
  const writer = new AccessLogWriter(ring);
  for (let index = 0; index < 2_000; index++) writer.write(RECORD);
  const begin = performance.now();
  await log.close(50);
  assert.ok(performance.now() - begin < 2_000);
  assert.ok(output.waiting <= 10_000);
  assert.ok(log.dropped().output_full > 1_900);
});

test('a reader of stdout that went away ends the log, not the process', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const output = new LineOutput(broken, 10_000);
  output.write('first\n');
  await delay(5);
  assert.equal(output.write('second\n'), false);
  assert.equal(await output.flush(50), false);
  assert.equal(output.dropped, 1);
});
