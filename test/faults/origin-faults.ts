import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { type Response, request } from '../support/client.ts';
import type { Answer, OriginRequest } from '../support/origin.ts';
import { sharedPair } from '../support/pair.ts';

/** An origin that gives no usable head. */
interface NoAnswer {
  name: string;
  act: (answer: Answer) => void | Promise<void>;
  status: number;
  /** Error of Proxy-Status. */
  error: string;
  detail: RegExp;
}

const HEAD = 'HTTP/1.1 200 OK\r\n';

const NO_ANSWERS: NoAnswer[] = [
  {
    name: 'closes without an answer',
    act: (answer) => answer.close(),
    status: 502,
    error: 'connection_terminated',
    detail: /closed the connection before/,
  },
  {
    name: 'resets the connection',
    act: (answer) => answer.reset(),
    status: 502,
    error: 'connection_terminated',
    detail: /closed the connection before/,
  },
  {
    name: 'closes in the middle of its head',
    act: async (answer) => {
      await answer.raw(`${HEAD}Content-Type: text/`);
      answer.close();
    },
    status: 502,
    error: 'connection_terminated',
    detail: /closed the connection before/,
  },
  {
    name: 'says nothing in time',
    act: (answer) => answer.gone,
    status: 504,
    error: 'http_response_timeout',
    detail: /did not answer in time/,
  },
  {
    name: 'never ends its head',
    act: async (answer) => {
      await answer.raw(`${HEAD}X-A: 1\r\n`);
      await answer.gone;
    },
    status: 504,
    error: 'http_response_timeout',
    detail: /did not answer in time/,
  },
  {
    name: 'does not speak HTTP',
    act: (answer) => answer.raw('SSH-2.0-OpenSSH_9.2p1\r\n'),
    status: 502,
    error: 'http_protocol_error',
    detail: /not HTTP/,
  },
  {
    name: 'speaks TLS',
    act: (answer) => answer.raw(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)),
    status: 502,
    error: 'http_protocol_error',
    detail: /speaks TLS/,
  },
  {
    name: 'sends a head without end',
    act: async (answer) => {
      await answer.raw(HEAD);
      while (!answer.socket.destroyed) await answer.raw(`X-Flood: ${'x'.repeat(4000)}\r\n`);
    },
    status: 502,
    error: 'http_response_header_section_size',
    detail: /head is too large/,
  },
  {
    name: 'declares two lengths',
    act: (answer) => answer.raw(`${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`),
    status: 502,
    error: 'http_response_incomplete',
    detail: /length that it declares/,
  },
  {
    name: 'declares a length that is none',
    act: (answer) => answer.raw(`${HEAD}Content-Length: -2\r\n\r\nabc`),
    status: 502,
    error: 'http_protocol_error',
    detail: /not HTTP/,
  },
  {
    name: 'frames its body in two ways',
    act: (answer) => answer.raw(`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    status: 502,
    error: 'http_response_incomplete',
    detail: /length that it declares/,
  },
  {
    name: 'sends a transfer coding that nobody asked for',
    act: async (answer) => {
      await answer.raw(`${HEAD}Transfer-Encoding: gzip\r\nCache-Control: max-age=60\r\n\r\nabc`);
      answer.close();
    },
    status: 502,
    error: 'http_response_transfer_coding',
    detail: /transfer coding/,
  },
  {
    name: 'changes to another protocol',
    act: (answer) => answer.raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'),
    status: 502,
    error: 'http_protocol_error',
    detail: /not HTTP/,
  },
  {
    name: 'says 304 although nothing is stored',
    act: (answer) => answer.raw('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'),
    status: 502,
    error: 'http_protocol_error',
    detail: /not HTTP/,
  },
];

/** An origin that begins well; `rest` follows a good head and the beginning of a body. */
const HALF_ANSWERS: { name: string; head: string; act: (answer: Answer) => void | Promise<void> }[] = [
  { name: 'resets in the middle of a body', head: 'Content-Length: 100000', act: (answer) => answer.reset() },
  { name: 'closes before the declared length', head: 'Content-Length: 100000', act: (answer) => answer.close() },
  { name: 'pauses for too long', head: 'Content-Length: 100000', act: (answer) => answer.gone },
  {
    name: 'resets between two chunks',
    head: 'Transfer-Encoding: chunked',
    act: (answer) => answer.reset(),
  },
  { name: 'closes without a last chunk', head: 'Transfer-Encoding: chunked', act: (answer) => answer.close() },
  {
    name: 'breaks the grammar of chunks',
    head: 'Transfer-Encoding: chunked',
    act: (answer) => answer.raw('zz\r\nno size\r\n0\r\n\r\n'),
  },
];

const BEGINNING = 'b'.repeat(5000);

/** What may go wrong with an origin, and that lb is none the worse for it. @param timeOuts with those that take time */
export function originFaultScenarios(timeOuts: boolean): void {
  const pair = sharedPair({ timeouts: { connect: '300ms', first_byte: '150ms', between_bytes: '150ms' } });
  let tests = 0;

  /** A path of its own for each test. */
  const newPath = () => `/${tests++}`;

  /** The next request to the path is answered well, by the origin; nothing is held any more. */
  async function checkSound(t: Parameters<typeof request>[0], path: string): Promise<void> {
    pair.script((_, answer) => answer.send(200, [], 'sound'));
    const after = await request(t, pair.port, path);
    assert.deepEqual([after.status, after.text, after.complete], [200, 'sound', true]);
    await pair.lb.admin.idle();
    assert.deepEqual(
      pair.lb.log.filter(({ level }) => level === 'error'),
      [],
    );
  }

  for (const { name, act, status, error, detail } of NO_ANSWERS) {
    for (const method of ['GET', 'POST']) {
      const slow = error === 'http_response_timeout';
      if (slow && (!timeOuts || method === 'POST')) continue;
      test(`${status} when the origin ${name} (${method})`, async (t) => {
        const path = newPath();
        const origin = pair.script((_, answer) => act(answer));
        const options = method === 'POST' ? { method, body: 'a body' } : { method };
        const response = await request(t, pair.port, path, options);
        checkProblem(response, status, error, detail);
        assert.equal(origin.requests.length, 1, 'the origin is asked once');
        await checkSound(t, path);
      });
    }
  }

  for (const { name, head, act } of HALF_ANSWERS) {
    for (const cached of [true, false]) {
      if (!timeOuts && name.startsWith('pauses')) continue;
      test(`an answer whose origin ${name} is broken for the client (${cached ? 'stored' : 'passed'})`, async (t) => {
        const path = newPath();
        pair.script(halfAnswer(`${head}\r\nCache-Control: ${cached ? 'max-age=60' : 'no-store'}`, act));
        const response = await request(t, pair.port, path);
        assert.equal(response.complete, false);
        if (response.status === 200) assert.equal(response.text, BEGINNING.slice(0, response.body.length));
        await checkSound(t, path);
      });
    }
  }

  test('502 when the origin says 304 to a request that is passed and has no condition', async (t) => {
    const path = newPath();
    pair.script((_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'uncacheable'));
    await request(t, pair.port, path);
    pair.script((_, answer) => answer.head(304, [['ETag', '"x"']]));
    checkProblem(await request(t, pair.port, path), 502, 'http_protocol_error', /not HTTP/);
    const conditional = await request(t, pair.port, path, { fields: [['If-None-Match', '"x"']] });
    assert.equal(conditional.status, 304);
    await checkSound(t, path);
  });

  for (const cached of [true, false]) {
    test(`bytes after the declared length never become another answer (${cached ? 'stored' : 'passed'})`, async (t) => {
      const path = newPath();
      const extra = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
      const cacheControl = `Cache-Control: ${cached ? 'max-age=60' : 'no-store'}`;
      pair.script((_, answer) => answer.raw(`${HEAD}${cacheControl}\r\nContent-Length: 4\r\n\r\ngood${extra}`));
      const response = await request(t, pair.port, path);
      if (response.complete && response.status === 200) assert.equal(response.text, 'good');
      pair.script((_, answer) => answer.send(200, [], 'sound'));
      for (let i = 0; i < 3; i++) assert.equal((await request(t, pair.port, newPath())).text, 'sound');
      await pair.lb.admin.idle();
    });
  }

  test('no request is left in the pools', async () => {
    const isQuiet = async () => {
      const metrics = [...(await pair.lb.admin.metrics())];
      const busy = metrics.filter(
        ([name, value]) => /^lb_origin_pool_(pending|running)|^lb_worker_active/.test(name) && value > 0,
      );
      return busy.length === 0;
    };
    await until(isQuiet, 'the pools to be quiet');
  });
}

function halfAnswer(fields: string, act: (answer: Answer) => void | Promise<void>) {
  return async (_: OriginRequest, answer: Answer): Promise<void> => {
    const body = fields.includes('chunked') ? `${BEGINNING.length.toString(16)}\r\n${BEGINNING}\r\n` : BEGINNING;
    await answer.raw(`${HEAD}${fields}\r\n\r\n${body}`);
    // lb has taken the beginning when it sees the end
    await new Promise((resolve) => setTimeout(resolve, 10));
    await act(answer);
  };
}

/** A problem document with all that helps to find the cause. */
export function checkProblem(response: Response, status: number, error: string, detail: RegExp): void {
  assert.equal(response.status, status);
  assert.equal(response.complete, true);
  assert.equal(response.get('content-type'), 'application/problem+json');
  assert.equal(response.get('proxy-status'), `lb; error=${error}`);
  assert.match(response.get('cache-status') ?? '', /^lb; fwd=/);
  assert.equal(response.get('cache-control'), 'no-store');
  const problem = response.json();
  assert.equal(problem.status, status);
  assert.match(String(problem.detail), detail);
  assert.match(String(problem.request_id), /^[0-9a-f]{32}$/);
}
