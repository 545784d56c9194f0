// A reload puts a whole configuration in force at once, or nothing of it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';

const t = { after };
const named = (name: string) =>
  startOrigin(t, (_asked, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], name));
const [one, two] = await Promise.all([named('one'), named('two')]);

async function ask(lb: Lb, host: string, target = '/', port = lb.port): Promise<string> {
  const { status, text } = await request(t, port, target, { fields: [['Host', host]] });
  return status === 200 ? text : String(status);
}

const site = (origin: { address: string }, more: object = {}): object => ({ origins: [origin.address], ...more });

for (const workers of [1, 3]) {
  test(`sites come, go and change their origins, with ${workers} threads`, async () => {
    const lb = await startLb(t, { workers, sites: { 'a.test': site(one), 'b.test': site(one) } });
    assert.deepEqual(
      [await ask(lb, 'a.test'), await ask(lb, 'b.test', '/x'), await ask(lb, 'c.test')],
      ['one', 'one', '421'],
    );
    const result = await lb.reload({ workers, sites: { 'b.test': site(two), 'c.test': site(two) } });
    assert.deepEqual(result, {
      ok: true,
      generation: 2,
      changed: ['site removed: a.test', 'b.test: origins', 'site added: c.test'],
      needsRestart: [],
    });
    for (let i = 0; i < 2 * workers; i++) {
      assert.equal(await ask(lb, 'a.test'), '421');
      assert.equal(await ask(lb, 'b.test', '/x'), 'one', 'what was stored stays');
      assert.equal(await ask(lb, 'b.test', '/y'), 'two');
      assert.equal(await ask(lb, 'c.test'), 'two');
    }
    assert.ok((await lb.reload({ workers, sites: { 'a.test': site(two) } })).ok);
    assert.equal(await ask(lb, 'a.test'), 'two', 'nothing of the removed site comes back with its name');
  });
}

test('a wrong configuration is refused with its mistakes, and all stays as it was', async () => {
  const lb = await startLb(t, site(one) as Settings);
  const wrong = { origins: ['nonsense'], cache: { eviction: 'fifo' } };
  const result = await lb.reload(wrong);
  assert.equal(result.ok, false);
  assert.equal(!result.ok && result.mistakes.length, 2);
  assert.ok(!result.ok && result.mistakes.every(({ source, line }) => source === 'lb.json' && line > 0));
  assert.equal(await ask(lb, 'any.test'), 'one');
  assert.equal(lb.log.filter(({ level }) => level === 'error').length, 3);
});

test('listeners come and go, and those that stay keep their connections', async () => {
  const lb = await startLb(t, { ...site(one), listen: ['127.0.0.1:0', 'localhost:0'] });
  const kept = await openClient(t, lb.port);
  kept.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  assert.equal((await kept.response()).text, 'one');
  const [first, second] = lb.server.listeners.map(({ address }) => address.port);
  assert.equal(await ask(lb, 'a.test', '/2', second), 'one');
  const ok = await lb.reload({ ...site(two), listen: ['127.0.0.1:0', '127.0.0.1:0'] });
  assert.ok(ok.ok);
  const [same, third] = lb.server.listeners.map(({ address }) => address.port);
  assert.equal(same, first);
  assert.equal(await ask(lb, 'a.test', '/3', third), 'two');
  await assert.rejects(ask(lb, 'a.test', '/4', second), /ECONNREFUSED|ECONNRESET/);
  kept.send('GET /5 HTTP/1.1\r\nHost: a.test\r\n\r\n');
  assert.equal((await kept.response()).text, 'two', 'the same connection, the new plan');
});

test('a listener on the port of one before it: by other means, and on fewer addresses', async () => {
  const lb = await startLb(t, { ...site(one), listen: '0.0.0.0:0' });
  const { port } = lb;
  const kept = await openClient(t, port);
  for (const [host, h2c] of [
    ['0.0.0.0', true],
    ['127.0.0.1', true],
    ['127.0.0.1', false],
    ['0.0.0.0', false],
  ]) {
    const result = await lb.reload({ ...site(two), listen: `${host}:${port}`, h2c });
    assert.ok(result.ok, JSON.stringify(result));
    assert.deepEqual(lb.server.listeners, [{ address: { host, port }, tls: false }]);
    assert.equal(await ask(lb, 'a.test'), 'two');
    const preface = await openClient(t, port);
    preface.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    const isHttp2 = (await preface.reader.more()) && preface.reader.left[3] === 4;
    assert.equal(isHttp2, h2c);
    preface.close();
    kept.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await kept.response()).text, 'two', 'a connection stays with the listener that it came by');
  }
});

test('a listener that cannot be had refuses the whole reload', async () => {
  const lb = await startLb(t, site(one) as Settings);
  const result = await lb.reload({ ...site(two), listen: ['127.0.0.1:0', one.address] });
  assert.ok(!result.ok && result.error.includes('in use'), JSON.stringify(result));
  assert.equal(await ask(lb, 'a.test'), 'one');
  assert.ok((await lb.reload(site(two) as Settings)).ok);
  assert.equal(await ask(lb, 'a.test', '/new'), 'two');
});

test('a request under way keeps the plan that it began with', async () => {
  const held = await startOrigin(t, async (asked, answer) => {
    if (asked.target === '/slow') await release;
    await answer.send(200, [], 'held');
  });
  let go = () => {};
  const release = new Promise<void>((resolve) => {
    go = resolve;
  });
  const lb = await startLb(t, { sites: { 'a.test': site(held) } });
  const slow = ask(lb, 'a.test', '/slow');
  await until(() => held.requests.length === 1, 'the origin is asked');
  assert.ok((await lb.reload({ sites: { 'b.test': site(two) } })).ok);
  assert.equal(await ask(lb, 'a.test'), '421');
  go();
  assert.equal(await slow, 'held');
});

test('a thread that dies while plans change is replaced by one with the plan in force', async () => {
  const lb = await startLb(t, { workers: 2, sites: { 'a.test': site(one) } });
  await lb.admin.kill(1);
  assert.ok((await lb.reload({ workers: 2, sites: { 'b.test': site(two) } })).ok);
  await until(() => lb.admin.ready(), 'all threads are up');
  for (let i = 0; i < 6; i++) assert.deepEqual([await ask(lb, 'a.test'), await ask(lb, 'b.test')], ['421', 'two']);
});

test('reloads that are asked for at once come one after the other', async () => {
  const lb = await startLb(t, site(one) as Settings);
  const results = await Promise.all([1, 2, 3].map(() => lb.reload(site(two) as Settings)));
  assert.deepEqual(
    results.map((result) => result.ok && result.generation),
    [2, 3, 4],
  );
});
