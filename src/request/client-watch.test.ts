import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientWatch, type Watched, type WatchLimits } from './client-watch.ts';

const LIMITS = { bodyTimeout: 30_000, minReceiveRate: 256, minSendRate: 256, sendTimeout: 60_000 };

let now = 0;

function watchOf(limits: WatchLimits): ClientWatch {
  return new ClientWatch(limits, () => now);
}

/** One look after `ms`. */
function look(watch: ClientWatch, ms: number): void {
  now += ms;
  watch.look();
}

/** A client, by the second. */
class Slow implements Watched {
  bytes = 0;
  waiting = true;
  ended = 0;

  progress(): number {
    return this.bytes;
  }

  isWaiting(): boolean {
    return this.waiting;
  }

  tooSlow(): void {
    this.ended++;
  }
}

/** Seconds until the client is ended, at most `most`; `step` is called before each. */
function seconds(watch: ClientWatch, client: Slow, most: number, step: (second: number) => void = () => {}): number {
  for (let second = 1; second <= most; second++) {
    step(second);
    look(watch, 1000);
    if (client.ended > 0) return second;
  }
  return -1;
}

test('a body that pauses', () => {
  const watch = watchOf({ ...LIMITS, minReceiveRate: 0 });
  const client = new Slow();
  watch.receive(client);
  assert.equal(
    seconds(watch, client, 100, (second) => {
      if (second === 10) client.bytes++;
    }),
    40,
  );
  look(watch, 100_000);
  assert.deepEqual([client.ended, watch.size], [1, 0]);
});

test('a body below the minimum rate, after five seconds', () => {
  const watch = watchOf(LIMITS);
  const client = new Slow();
  watch.receive(client);
  assert.equal(
    seconds(watch, client, 100, () => {
      client.bytes += 255;
    }),
    5,
  );
  const steady = new Slow();
  watch.receive(steady);
  assert.equal(
    seconds(watch, steady, 100, () => {
      steady.bytes += 256;
    }),
    -1,
  );
});

test('what was fast once does not stay so for ever', () => {
  const watch = watchOf(LIMITS);
  const client = new Slow();
  watch.receive(client);
  client.bytes = 1e9;
  const ended = seconds(watch, client, 100, () => client.bytes++);
  assert.ok(ended > 30 && ended <= 36, String(ended));
});

test('an origin that takes nothing is not the fault of the client', () => {
  const watch = watchOf(LIMITS);
  const client = new Slow();
  watch.receive(client);
  client.waiting = false;
  assert.equal(seconds(watch, client, 1000), -1);
  client.waiting = true;
  assert.equal(seconds(watch, client, 1000), 5);
});

test('a response that stands still, and one that trickles', () => {
  const watch = watchOf(LIMITS);
  const still = new Slow();
  watch.send(still);
  assert.equal(seconds(watch, still, 100), 60);
  const trickle = new Slow();
  watch.send(trickle);
  assert.equal(
    seconds(watch, trickle, 100, () => trickle.bytes++),
    60,
  );
  // in large pieces, as a system's buffer takes it
  const lumps = new Slow();
  watch.send(lumps);
  assert.equal(
    seconds(watch, lumps, 300, (second) => {
      if (second % 50 === 0) lumps.bytes += 65_536;
    }),
    -1,
  );
});

test('limits of 0 limit nothing, and other limits are in force at once', () => {
  const watch = watchOf({ bodyTimeout: 0, minReceiveRate: 0, minSendRate: 0, sendTimeout: 0 });
  const body = new Slow();
  const response = new Slow();
  watch.receive(body);
  watch.send(response);
  assert.equal(seconds(watch, body, 1000), -1);
  watch.update(LIMITS);
  look(watch, 1000);
  assert.deepEqual([body.ended, response.ended], [1, 1]);
});

test('what is forgotten is left alone', () => {
  const watch = watchOf(LIMITS);
  const client = new Slow();
  watch.receive(client);
  watch.forget(client);
  look(watch, 1e6);
  assert.deepEqual([client.ended, watch.size], [0, 0]);
});
