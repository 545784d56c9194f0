import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, type TestContext, test } from 'node:test';
import { type Cleanup, until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import { type Answer, type Handler, type Origin, type OriginRequest, startOrigin } from '../support/origin.ts';
import { checkProblem } from './problem.ts';
import { HALF_ANSWERS, type HalfAnswer, NO_ANSWERS, type NoAnswer, ODD_ANSWERS, type OddAnswer } from './scripts.ts';

const SETTINGS: Settings = {
  timeouts: { connect: '300ms', first_byte: '150ms', between_bytes: '150ms' },
  // what an origin did in one test is nothing to the next
  passive_health: { failures: 0 },
};

const BEGINNING = 'b'.repeat(5000);

/** Open descriptors of this process, in which lb runs; Linux only. */
const descriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

/** What may go wrong with an origin, and that lb is none the worse for it. @param timeOuts with those that take time */
export function originFaultScenarios(timeOuts: boolean): void {
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.unshift(run) };
  let origin: Origin;
  let other: Origin;
  let lb: Lb;
  let open = 0;
  let tests = 0;

  /** By path: tests may run at the same time. */
  const scripts = new Map<string, Handler>();
  const handler: Handler = (head, answer) => scripts.get(head.target)?.(head, answer) ?? answer.send(200, [], 'sound');

  before(async () => {
    origin = await startOrigin(file, (head, answer) => handler(head, answer));
    other = await startOrigin(file, (head, answer) => handler(head, answer));
    const sites = { '*': { origins: [origin.address] }, 'two.test': { origins: [origin.address, other.address] } };
    lb = await startLb(file, { ...SETTINGS, sites });
    await request(file, lb.port, '/warm');
    await settle();
    open = descriptors();
  });
  after(async () => {
    for (const close of closers) await close();
  });

  /** Has the connections to origins end, and waits until nothing is under way. */
  async function settle(): Promise<void> {
    for (const socket of [...origin.sockets, ...other.sockets]) socket.destroy();
    await lb.admin.idle();
    const isQuiet = async () => {
      const metrics = [...(await lb.admin.metrics())];
      return !metrics.some(
        ([name, value]) => /^lb_origin_pool_(pending|running|connected)|^lb_worker_active/.test(name) && value > 0,
      );
    };
    await until(isQuiet, 'the pools to be quiet');
  }

  /** A path of its own for each test, for which both origins act as told. */
  function newPath(act: Handler): string {
    const path = `/${tests++}`;
    scripts.set(path, act);
    return path;
  }

  const asked = (path: string) =>
    [...origin.requests, ...other.requests].filter(({ target }) => target === path).length;

  /** The next request to the path is answered well, by the origin; nothing is held any more. */
  async function checkSound(t: TestContext, path: string): Promise<void> {
    scripts.delete(path);
    const again = await request(t, lb.port, path);
    assert.deepEqual([again.status, again.text, again.complete], [200, 'sound', true]);
    assert.match(again.get('cache-status') ?? '', /fwd=/, 'nothing was stored');
    await lb.admin.idle();
    assert.deepEqual(
      lb.log.filter(({ level }) => level === 'error'),
      [],
    );
  }

  async function checkNoAnswer(t: TestContext, fault: NoAnswer, method: string): Promise<void> {
    const { act, status, error, detail, again = false } = fault;
    const path = newPath((head, answer) => act(answer, head));
    const options = method === 'POST' ? { method, body: 'a body' } : { method };
    checkProblem(await request(t, lb.port, path, options), status, error, detail);
    assert.equal(asked(path), again && method === 'GET' ? 2 : 1, 'times that an origin was asked');
    await checkSound(t, path);
  }

  /** Of two origins the first one that is asked fails. */
  async function checkTwo(t: TestContext, { act, status, error, detail, again = false }: NoAnswer): Promise<void> {
    let isFirst = true;
    const path = newPath((head, answer) => {
      const failsNow = isFirst;
      isFirst = false;
      return failsNow ? act(answer, head) : answer.send(200, [], 'sound');
    });
    const response = await request(t, lb.port, path, { fields: [['Host', 'two.test']] });
    if (again) assert.deepEqual([response.status, response.text], [200, 'sound']);
    else checkProblem(response, status, error, detail);
    assert.equal(asked(path), again ? 2 : 1, 'times that an origin was asked');
    await lb.admin.idle();
  }

  async function checkHalf(t: TestContext, { head, act }: HalfAnswer, cached: boolean): Promise<void> {
    const fields = `${head}\r\nCache-Control: ${cached ? 'max-age=60' : 'no-store'}`;
    const path = newPath(halfAnswer(fields, act));
    const response = await request(t, lb.port, path);
    assert.equal(response.complete, false);
    // what came before the fault may go out or not, but nothing else
    if (response.status === 200)
      assert.ok(
        response.text.startsWith(BEGINNING.slice(0, response.body.length)) || response.text.startsWith(BEGINNING),
      );
    assert.equal(asked(path), 1);
    await checkSound(t, path);
  }

  async function checkOdd(t: TestContext, odd: OddAnswer): Promise<void> {
    const acted = Promise.withResolvers<void>();
    const path = newPath((head, answer) => {
      const act = odd.act(answer, head) ?? Promise.resolve();
      void act.then(acted.resolve, acted.reject);
      return act;
    });
    const { method = 'GET', body } = odd;
    const response = await request(t, lb.port, path, { method, ...(body === undefined ? {} : { body }) });
    assert.deepEqual([response.status, response.text, response.complete], [odd.status, odd.text, true]);
    if (odd.interim !== undefined) assert.deepEqual(response.interim, odd.interim);
    // what the origin still had to say has arrived
    await acted.promise;
    await new Promise((resolve) => setTimeout(resolve, 10));
    scripts.delete(path);
    const again = await request(t, lb.port, path);
    if (odd.cached) {
      assert.deepEqual([again.status, again.text], [odd.status, odd.text]);
      assert.match(again.get('cache-status') ?? '', /; hit/);
    } else assert.deepEqual([again.status, again.text], [200, 'sound']);
    // a connection with bytes that belong to no request must not serve another one
    const others = [1, 2, 3].map(() => newPath((_, answer) => answer.send(200, [], 'sound')));
    for (const next of others) assert.equal((await request(t, lb.port, next)).text, 'sound');
    await lb.admin.idle();
  }

  for (const fault of NO_ANSWERS.filter(({ slow }) => !slow)) {
    for (const method of ['GET', 'POST'])
      test(`${fault.status} when the origin ${fault.name} (${method})`, (t) => checkNoAnswer(t, fault, method));
    const outcome = fault.again ? 'the other one answers' : `${fault.status}`;
    test(`${outcome} when one of two origins ${fault.name}`, (t) => checkTwo(t, fault));
  }

  for (const fault of HALF_ANSWERS.filter(({ slow }) => !slow)) {
    for (const cached of [true, false]) {
      const kind = cached ? 'stored' : 'passed';
      test(`an answer whose origin ${fault.name} is broken for the client (${kind})`, (t) =>
        checkHalf(t, fault, cached));
    }
  }

  for (const odd of ODD_ANSWERS) test(`${odd.status} when the origin ${odd.name}`, (t) => checkOdd(t, odd));

  test('time-outs, all at the same time', { skip: !timeOuts }, async (t) => {
    const silent = NO_ANSWERS.filter(({ slow }) => slow);
    const paused = HALF_ANSWERS.filter(({ slow }) => slow);
    await Promise.all([
      ...silent.flatMap((fault) => [
        checkNoAnswer(t, fault, 'GET'),
        checkNoAnswer(t, fault, 'POST'),
        checkTwo(t, fault),
      ]),
      ...paused.flatMap((fault) => [checkHalf(t, fault, true), checkHalf(t, fault, false)]),
    ]);
  });

  test('502 when the origin says 304 to a request that is passed and has no condition', async (t) => {
    const path = newPath((_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'uncacheable'));
    await request(t, lb.port, path);
    scripts.set(path, (_, answer) => answer.head(304, [['ETag', '"x"']]));
    checkProblem(await request(t, lb.port, path), 502, 'http_protocol_error', /not HTTP/);
    const conditional = await request(t, lb.port, path, { fields: [['If-None-Match', '"x"']] });
    assert.equal(conditional.status, 304);
    await checkSound(t, path);
  });

  test('no request, pin or descriptor is left', async () => {
    await settle();
    await until(() => descriptors() <= open, `${open} descriptors`).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${descriptors()} are open`);
    });
  });
}

function halfAnswer(fields: string, act: (answer: Answer, request: OriginRequest) => void | Promise<void>): Handler {
  return async (request, answer) => {
    const body = fields.includes('chunked') ? `${BEGINNING.length.toString(16)}\r\n${BEGINNING}\r\n` : BEGINNING;
    await answer.raw(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`);
    // lb has taken the beginning when it sees the end
    await new Promise((resolve) => setTimeout(resolve, 10));
    await act(answer, request);
  };
}
