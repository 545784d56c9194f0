import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OriginGate, THREAD_CONNECTIONS, type Waiter } from './limits.ts';
import { createOriginStates, OriginStates, OWN, WORD } from './state.ts';

const LIMITS = { connections: 2, queue: 3, queueTimeout: 1000 };

/** One origin's gates on two threads, with one clock. */
function scene(limits = LIMITS) {
  const memory = createOriginStates({ workers: 2, slots: 1 });
  const clock = { now: 5000 };
  const heard: string[] = [];
  const gates: OriginGate[] = [];
  const states = [1, 2].map((worker) => new OriginStates(memory, worker).slot(0));
  states.forEach((state, index) => {
    const ring = (worker: number) => queueMicrotask(() => gates[worker - 1].look());
    gates[index] = new OriginGate(state, limits, { now: () => clock.now, ring });
  });
  const waiter = (name: string): Waiter => ({
    onTurn: () => heard.push(name),
    onRefused: (type) => heard.push(`${name}: ${type}`),
  });
  const enter = (thread: number, name: string) => {
    clock.now++;
    const one = waiter(name);
    if (gates[thread].enter(one)) heard.push(`${name}!`);
    return one;
  };
  const isEmpty = () =>
    gates.every(({ waiting }) => waiting === 0) &&
    states[0].load(WORD.waiting) === 0 &&
    states[0].total(OWN.waiting) === 0 &&
    states[0].total(OWN.oldest) === 0;
  return { gates, states, clock, heard, enter, isEmpty };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('who comes first is served first, on whichever thread', async () => {
  const { gates, states, heard, enter, isEmpty } = scene();
  enter(0, 'a');
  enter(1, 'b');
  enter(0, 'c');
  enter(1, 'd');
  enter(0, 'e');
  await turn();
  assert.deepEqual(heard, ['a!', 'b!']);
  gates[1].leave();
  await turn();
  assert.deepEqual(heard.slice(2), ['c']);
  gates[0].leave();
  await turn();
  gates[0].leave();
  await turn();
  assert.deepEqual(heard.slice(2), ['c', 'd', 'e']);
  gates[0].leave();
  gates[1].leave();
  assert.ok(isEmpty());
  assert.deepEqual([states[0].load(WORD.connections), states[0].total(OWN.connections)], [0, 0]);
});

test('nobody who comes now goes before one who waits on another thread', async () => {
  const { gates, heard, enter, isEmpty } = scene({ ...LIMITS, connections: 1 });
  enter(0, 'a');
  enter(1, 'b');
  gates[0].leave();
  enter(0, 'c');
  await turn();
  assert.deepEqual(heard, ['a!', 'b']);
  gates[1].leave();
  await turn();
  assert.deepEqual(heard, ['a!', 'b', 'c']);
  gates[0].leave();
  assert.ok(isEmpty());
});

test('the queue of both threads has an end; waiting has one too', async () => {
  const { gates, clock, heard, enter, isEmpty } = scene();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) enter(name.charCodeAt(0) % 2, name);
  await turn();
  assert.deepEqual(heard, ['a!', 'b!', 'f: connection_limit_reached']);
  clock.now += 1000;
  for (const gate of gates) gate.look();
  assert.deepEqual(heard.slice(3).sort(), ['c: connection_timeout', 'd: connection_timeout', 'e: connection_timeout']);
  assert.ok(isEmpty());
});

test('who goes away leaves the queue, and the next one moves up', async () => {
  const { gates, heard, enter, isEmpty } = scene({ ...LIMITS, connections: 1 });
  enter(0, 'a');
  const b = enter(0, 'b');
  enter(1, 'c');
  gates[0].cancel(b);
  gates[0].cancel(b);
  gates[0].leave();
  await turn();
  assert.deepEqual(heard, ['a!', 'c']);
  gates[1].leave();
  assert.ok(isEmpty());
});

test('a thread that dies takes nothing with it', async () => {
  const { gates, states, heard, enter } = scene({ ...LIMITS, connections: 1 });
  enter(0, 'a');
  enter(0, 'b');
  enter(1, 'c');
  await turn();
  states[1].recover(1);
  gates[1].look();
  await turn();
  assert.deepEqual(heard, ['a!', 'c']);
  gates[1].leave();
  for (const gate of gates) gate.look(); // ends its timers
});

test('without a limit on all, each thread has its own', async () => {
  const { gates, heard, enter, isEmpty, states } = scene({ connections: 0, queue: 1, queueTimeout: 1000 });
  for (let i = 0; i < THREAD_CONNECTIONS; i++) enter(0, 'x');
  enter(0, 'y');
  enter(0, 'z');
  enter(1, 'other');
  await turn();
  assert.deepEqual(heard.slice(THREAD_CONNECTIONS), ['other!', 'z: connection_limit_reached']);
  assert.equal(states[0].load(WORD.connections), 0);
  gates[0].leave();
  assert.equal(heard.at(-1), 'y');
  assert.ok(isEmpty());
});
