// GET /logs over real sockets: the filter at lb's side, samples, slow readers, event streams, the end of lb.
import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startAdmin } from '../../src/admin/server.ts';
import type { AccessLine, LineListener } from '../../src/stats/access-log.ts';
import { counted, startScene } from '../caching/scene.ts';
import { adminDeps } from '../support/admin-deps.ts';
import { until, within } from '../support/cleanup.ts';

interface Stream {
  response: IncomingMessage;
  text: string;
  lines(): Record<string, string | number>[];
}

function open(port: number, path: string, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const stream: Stream = {
        response,
        text: '',
        lines: () =>
          stream.text
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Record<string, string | number>),
      };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        stream.text += chunk;
      });
      response.on('error', () => {});
      resolve(stream);
    });
    asked.on('error', reject);
  });
}

const scene = await startScene({ after }, { workers: 2 });
scene.on('/hit', counted([['Cache-Control', 'max-age=60']]));
scene.on('/down', (_request, answer) => answer.send(500, [], 'x'));

test('requests show although the access log is off, and the filter counts', async () => {
  const port = scene.lb.admin.port;
  const all = await open(port, '/logs');
  const failed = await open(port, `/logs?filter=${encodeURIComponent('status >= 500 && path =~ "^/d"')}`);
  for (const path of ['/hit', '/hit', '/down', '/nowhere']) await scene.get(path);
  await until(() => all.lines().length >= 4 && failed.lines().length >= 1, 'lines');
  // each thread has a ring of its own, so that order is only kept within one
  assert.deepEqual(
    all
      .lines()
      .map(({ path, cache, status }) => `${path} ${cache} ${status}`)
      .sort(),
    ['/down MISS 500', '/hit HIT 200', '/hit MISS 200', '/nowhere MISS 404'],
  );
  assert.deepEqual(
    failed.lines().map(({ path }) => path),
    ['/down'],
  );
  assert.ok(all.lines().every(({ client_ip, request_id }) => client_ip === '127.0.0.1' && request_id !== undefined));
  assert.equal(scene.lb.lines.length, 0, 'the log itself stays off');
  for (const stream of [all, failed]) stream.response.destroy();
});

test('as events where they are asked for', async () => {
  const stream = await open(scene.lb.admin.port, '/logs', { Accept: 'text/event-stream' });
  assert.equal(stream.response.headers['content-type'], 'text/event-stream');
  await scene.get('/hit');
  await until(() => stream.text.endsWith('\n\n'), 'an event');
  assert.match(stream.text, /^event: access\ndata: \{.*"path":"\/hit".*\}\n\n$/);
  stream.response.destroy();
});

/** An admin listener whose lines the test makes. */
async function listener(t: { after(run: () => Promise<void>): void }) {
  const listening = new Set<LineListener>();
  const lines = {
    listen: (one: LineListener) => {
      listening.add(one);
      return () => void listening.delete(one);
    },
  };
  const admin = await startAdmin(adminDeps({ lines }));
  t.after(() => admin.close());
  return { port: admin.address.port, listening, admin };
}

const LINE = {
  time: '',
  event: 'access',
  method: 'GET',
  status: 200,
  bytes: 1,
  duration_ms: 1,
  cache: 'HIT',
} as AccessLine;

test('a slow reader loses lines and is told how many; memory stays bounded', async (t) => {
  const { port, listening } = await listener(t);
  const socket = connect(port, '127.0.0.1');
  t.after(async () => void socket.destroy());
  socket.write('GET /logs HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => listening.size === 1, 'the reader');
  const [reader] = listening;
  const sent = 200_000;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < sent; i++) {
    reader.onLine({ ...LINE, path: `/${'x'.repeat(100)}` });
    if (i % 1000 === 0) await new Promise(setImmediate);
  }
  assert.ok(process.memoryUsage().heapUsed - before < 100 << 20);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const lostLine = () => /\{"time":"[^"]*","event":"lost","lines":(\d+)\}/.exec(text);
  await until(() => {
    reader.onLine(LINE);
    return lostLine() !== null;
  }, 'the count of lost lines');
  const lost = Number(lostLine()?.[1]);
  const came = text.split('"event":"access"').length - 1;
  assert.ok(lost > 1000, `${lost} lost`);
  assert.ok(came + lost >= sent, `${came} came and ${lost} were lost of ${sent}`);
});

test('there is an end to the number of readers, and those who leave make room', async (t) => {
  const { port, listening } = await listener(t);
  const streams = await Promise.all(Array.from({ length: 32 }, () => open(port, '/logs')));
  const refused = await open(port, '/logs');
  assert.equal(refused.response.statusCode, 503);
  assert.equal(refused.response.headers['retry-after'], '5');
  for (const { response } of streams) response.destroy();
  await until(() => listening.size === 0, 'readers to leave');
  const again = await open(port, '/logs');
  assert.equal(again.response.statusCode, 200);
  again.response.destroy();
});

test('streams end with the listener, at once', async (t) => {
  const { port, admin } = await listener(t);
  const stream = await open(port, '/logs');
  const ended = new Promise((resolve) => stream.response.once('end', resolve));
  const started = performance.now();
  await admin.close();
  await within(ended, 'the end of the stream');
  assert.ok(performance.now() - started < 900);
});
