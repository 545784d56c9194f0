import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Tunnel } from './tunnel.ts';

test('a switch that fails leaves no connection to the origin and no timer', async () => {
  const origin = new PassThrough();
  let isOver = false;
  const owner = {
    onReceived() {},
    onSent() {},
    onOver() {
      isOver = true;
    },
  };
  const tunnel = new Tunnel(origin, 20, owner);
  const broken = new Error('the client has gone');
  assert.throws(
    () =>
      tunnel.open(() => {
        throw broken;
      }),
    broken,
  );
  assert.ok(origin.destroyed);
  await new Promise((resolve) => setTimeout(resolve, 40));
  tunnel.close('the end');
  assert.ok(!isOver, 'whoever made it has heard of the error');
});
