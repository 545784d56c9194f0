import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HoldTerms, PENDING } from '../guard/addon.ts';
import { ClientWatch } from './client-watch.ts';
import type { Exchange } from './exchange.ts';
import { holdBody } from './held-body.ts';
import type { Reply } from './reply.ts';
import { RequestBody } from './request-body.ts';
import { GUARD, RESPOND, type Step } from './step.ts';

/** A request whose body the test sends. */
function rig(contentLength = -1, maxRequestBody = 0) {
  const state = { paused: 0, resumed: 0, steps: [] as Step[], ended: false };
  let take: (chunk: Uint8Array, last: boolean) => void = () => assert.fail('nobody takes the body');
  const reply = {
    closed: false,
    onBody: (given: typeof take) => {
      take = given;
    },
    pauseBody: () => state.paused++,
    resumeBody: () => state.resumed++,
  } as unknown as Reply;
  const clients = new ClientWatch({ bodyTimeout: 0, minReceiveRate: 0, minSendRate: 0, sendTimeout: 0 });
  const x = {
    contentLength,
    reply,
    context: { clients, maxRequestBody },
    held: undefined,
    problem: undefined,
    endConnection: () => {
      state.ended = true;
    },
    proceed: (step: Step) => state.steps.push(step),
  } as unknown as Exchange;
  const scratch = Buffer.alloc(64);
  const send = (text: string, last = false) => {
    // the transport's memory, which it uses again
    scratch.write(text, 'latin1');
    take(scratch.subarray(0, text.length), last);
    scratch.fill(0);
  };
  return { x, state, send, clients, reply };
}

/** What an origin would get of it. */
async function forwarded({ x, reply, clients }: ReturnType<typeof rig>, finish: () => void): Promise<string> {
  const body = new RequestBody(reply, x.held ?? reply, clients, 0, () => assert.fail('refused'));
  finish();
  return Buffer.concat(await body.toArray()).toString('latin1');
}

const WHOLE: HoldTerms = { limit: 10, over: 'reject' };
const PART: HoldTerms = { limit: 10, over: 'partial' };

test('a body is held until it is whole, looked at, and goes on as it came', async () => {
  const scene = rig();
  const { x, state, send } = scene;
  assert.equal(holdBody(x, WHOLE), PENDING);
  assert.equal(holdBody(x, WHOLE), PENDING, 'asked again too early');
  send('01234');
  assert.deepEqual(state.steps, []);
  send('56789');
  assert.deepEqual(state.steps, [], 'as much as may be held, and perhaps more');
  send('', true);
  assert.deepEqual(state.steps, [GUARD]);
  const held = holdBody(x, WHOLE);
  assert.deepEqual(held, { bytes: Buffer.from('0123456789'), isPartial: false });
  assert.equal(await forwarded(scene, () => {}), '0123456789');
});

test('no body: nothing is waited for', () => {
  const { x } = rig(0);
  assert.deepEqual(holdBody(x, WHOLE), { bytes: Buffer.alloc(0), isPartial: false });
  assert.equal(x.held, undefined);
});

test('a body over the limit is refused, and what still comes of it is thrown away', () => {
  const { x, state, send } = rig();
  holdBody(x, WHOLE);
  send('0123456789');
  send('x');
  assert.deepEqual(state.steps, [RESPOND]);
  assert.equal(x.problem?.status, 413);
  assert.equal(state.ended, true);
  send('more', true);
  assert.deepEqual(state.steps, [RESPOND]);
});

test('a body that says that it is over the limit is not waited for', () => {
  const { x, state } = rig(11);
  assert.equal(holdBody(x, WHOLE), PENDING);
  assert.deepEqual([state.steps, x.problem?.status, state.ended], [[RESPOND], 413, true]);
});

test('a larger body is looked at in part: the client waits meanwhile, and all of it goes on', async () => {
  const scene = rig();
  const { x, state, send } = scene;
  holdBody(x, PART);
  send('0123456');
  send('789abc');
  assert.deepEqual([state.steps, state.paused, state.resumed], [[GUARD], 1, 0]);
  assert.deepEqual(holdBody(x, PART), { bytes: Buffer.from('0123456789'), isPartial: true });
  send('on its way already');
  const all = await forwarded(scene, () => {
    assert.equal(state.resumed, 1);
    send('def');
    send('', true);
  });
  assert.equal(all, '0123456789abcon its way alreadydef');
});

test('a body of just the limit, whose length is declared, is whole', () => {
  const { x, state, send } = rig(10);
  holdBody(x, PART);
  send('0123456789');
  assert.deepEqual([state.steps, state.paused], [[], 0]);
  send('', true);
  assert.deepEqual(holdBody(x, PART), { bytes: Buffer.from('0123456789'), isPartial: false });
});

test('the limit on all request bodies holds while one is held', () => {
  const { x, state, send } = rig(-1, 5);
  holdBody(x, PART);
  send('0123456');
  assert.deepEqual(
    [state.steps, x.problem?.status, x.problem?.detail],
    [[RESPOND], 413, 'the request body is larger than 5 bytes'],
  );
});

test('a body that comes too slowly, and a client that goes away', () => {
  const { x, state } = rig();
  holdBody(x, WHOLE);
  x.held?.tooSlow();
  assert.deepEqual([state.steps, x.problem?.status], [[RESPOND], 408]);
  const gone = rig();
  holdBody(gone.x, WHOLE);
  (gone.reply as { closed: boolean }).closed = true;
  gone.send('x', true);
  assert.deepEqual(gone.state.steps, []);
  assert.equal(gone.x.held?.isWaiting(), false);
});

test('a refused request lets its client go on', () => {
  const { x, state, send } = rig();
  holdBody(x, PART);
  send('0123456789abc');
  x.held?.discard();
  assert.equal(state.resumed, 1);
  send('rest', true);
  assert.deepEqual(state.steps, [GUARD]);
});

test('however it comes, what goes on is what came', async () => {
  const parts = fc.array(fc.string({ minLength: 0, maxLength: 12, unit: 'grapheme-ascii' }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(parts, fc.integer({ min: 1, max: 30 }), fc.nat(8), async (texts, limit, split) => {
      const scene = rig();
      holdBody(scene.x, { limit, over: 'partial' });
      const isReady = () => scene.state.steps.length > 0;
      const queue = [...texts.map((text) => [text, false] as const), ['', true] as const];
      while (queue.length > 0 && !isReady()) scene.send(...(queue.shift() as [string, boolean]));
      for (let i = 0; i < split && queue.length > 0; i++) scene.send(...(queue.shift() as [string, boolean]));
      const all = await forwarded(scene, () => {
        for (const [text, last] of queue) scene.send(text, last);
      });
      assert.equal(all, texts.join(''));
    }),
    { numRuns: 100 },
  );
});
