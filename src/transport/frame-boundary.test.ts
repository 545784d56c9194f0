import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameBoundary } from './frame-boundary.ts';
import { clientFrame, closeFrame, OPCODE } from './websocket-frames.ts';

const sizes = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000));

test('a frame may follow where one ends, however the bytes come', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 5000 }), (lengths, step) => {
      const boundary = new FrameBoundary();
      const frames = lengths.map((length) => Buffer.concat(clientFrame(OPCODE.binary, Buffer.alloc(length, 'x'))));
      const ends = new Set<number>([0]);
      let end = 0;
      for (const frame of frames) {
        end += frame.length;
        ends.add(end);
      }
      const bytes = Buffer.concat(frames);
      for (let at = 0; at < bytes.length; at += step) {
        boundary.feed(bytes.subarray(at, at + step));
        assert.equal(boundary.isFree, ends.has(Math.min(at + step, bytes.length)));
      }
    }),
    { numRuns: 100 },
  );
});

test('nothing follows a close frame', () => {
  const boundary = new FrameBoundary();
  assert.ok(boundary.isFree);
  boundary.feed(Buffer.concat(closeFrame(1000, Buffer.from('bye'))));
  assert.ok(!boundary.isFree);
});
