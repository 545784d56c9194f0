// An edge thread dies under load: others go on, it is replaced, and nothing wrong is served.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';

/** A body that tells what it is for, so that wrong bytes show. */
function bodyFor(target: string): string {
  const line = createHash('sha256').update(target).digest('hex');
  return line.repeat(1 + (line.charCodeAt(0) % 7) * 400);
}

const STORED = [['Cache-Control', 'max-age=60']] as const;

test('under load every complete body is right, and the thread is back within 2 s', async (t) => {
  const origin = await startOrigin(t, ({ target }, answer) => answer.send(200, STORED, bodyFor(target)));
  const asked = performance.now();
  const lb = await startLb(t, { origins: [origin.address], workers: 2 });
  // where a start alone takes long, so does the start of a thread
  const patience = Math.max(2000, 2 * (performance.now() - asked));
  let running = true;
  t.after(() => {
    running = false;
  });
  let good = 0;
  let wrong = 0;
  let cut = 0;
  const drive = async (seed: number) => {
    for (let i = seed; running; i += 7) {
      const target = `/${i % 50}`;
      try {
        const client = await openClient(t, lb.port);
        for (let n = 0; n < 5; n++) {
          client.send(requestText('GET', target));
          const { complete, text, status } = await client.response();
          if (!complete) cut++;
          else if (status === 200 && text === bodyFor(target)) good++;
          else if (status !== 502 && status !== 503) wrong++;
        }
        client.close();
      } catch {
        cut++;
      }
    }
  };
  const drivers = Array.from({ length: 8 }, (_, seed) => drive(seed));
  await until(() => good > 200, 'load');
  for (const worker of [1, 2]) {
    const killed = performance.now();
    const before = good;
    await lb.admin.kill(worker);
    await until(
      () => lb.log.filter(({ message }) => /is replaced/.test(message)).length === worker,
      'the end of the thread',
    );
    await until(() => lb.admin.ready(), 'the new thread');
    assert.ok(performance.now() - killed < patience, `replaced after ${performance.now() - killed} ms`);
    await until(() => good > before + 200, 'requests after the death');
  }
  running = false;
  await Promise.all(drivers);
  assert.equal(wrong, 0);
  assert.ok(cut < good, `${cut} connections cut`);
  await lb.admin.idle();
});

test('clients that wait for a fill of the dead thread are not stuck and get no wrong bytes', async (t) => {
  const origin = await startOrigin(t, async ({ target }, answer) => {
    if (target !== '/slow' || origin.requests.length > 1) return answer.send(200, STORED, bodyFor(target));
    const body = bodyFor(target);
    await answer.head(200, [...STORED, ['Content-Length', String(body.length)]]);
    await answer.raw(body.slice(0, 100));
    await answer.gone;
  });
  const lb = await startLb(t, { origins: [origin.address], workers: 2 });
  const clients = await Promise.all(Array.from({ length: 12 }, () => openClient(t, lb.port)));
  const answers = clients.map(async (client) => {
    client.send(requestText('GET', '/slow'));
    return client.response().catch(() => undefined);
  });
  const waiting = async () => (await lb.admin.cache()).pins >= 2;
  await until(waiting, 'both threads to follow the fill');
  for (const worker of [1, 2]) {
    await lb.admin.kill(worker);
    await until(
      () => lb.log.filter(({ message }) => /is replaced/.test(message)).length === worker,
      'the end of the thread',
    );
  }
  for (const answer of await Promise.all(answers)) {
    if (answer?.complete && answer.status === 200) assert.equal(answer.text, bodyFor('/slow'));
  }
  await until(() => lb.admin.ready(), 'the new threads');
  await lb.admin.idle();
  const client = await openClient(t, lb.port);
  client.send(requestText('GET', '/slow'));
  const after = await client.response();
  assert.equal(after.text, bodyFor('/slow'));
});
