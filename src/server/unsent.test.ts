import assert from 'node:assert/strict';
import test from 'node:test';
import { limitListeners } from './unsent.ts';

function sockets(code?: string) {
  const limited: number[] = [];
  const listening = () =>
    [80, 81, 80].map((port, i) => ({ fd: 10 + i, port, host: '0.0.0.0', waiting: 0, shared: true }));
  const limitUnsent = (fd: number) => {
    if (code !== undefined && fd === 10) throw Object.assign(new Error(`setsockopt: ${code}`), { code });
    limited.push(fd);
  };
  return { limited, listening, limitUnsent };
}

test('the listeners of the ports, and no others', () => {
  const all = sockets();
  limitListeners(all, [80]);
  assert.deepEqual(all.limited, [10, 12]);
});

test('a listener that has been closed since it was listed is passed over, other errors are not', () => {
  const closed = sockets('EBADF');
  limitListeners(closed, [80, 81]);
  assert.deepEqual(closed.limited, [11, 12]);
  assert.throws(() => limitListeners(sockets('EPERM'), [80]), /EPERM/);
});
