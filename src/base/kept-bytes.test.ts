import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptBytes } from './kept-bytes.ts';

test('what is kept has memory of its own, and no more than it needs', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(65);
  const bytes = keptBytes('x\xe9', shared, '', Buffer.from('yz'));
  assert.equal(Buffer.from(bytes).toString('latin1'), 'x\xe9AAAyz');
  assert.equal(bytes.buffer.byteLength, 7);
  assert.equal(keptBytes().length, 0);
});
