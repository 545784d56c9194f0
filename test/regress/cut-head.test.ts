// An origin that breaks off behind its head, before any of the body: the client gets a whole answer that says so.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import type { Field } from '../support/message.ts';
import { startOrigin } from '../support/origin.ts';

const t = { after };
const origin = await startOrigin(t, async (asked, answer) => {
  const length: Field = asked.target.includes('chunked') ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', '10'];
  const control: Field = ['Cache-Control', asked.target.includes('stored') ? 'max-age=60' : 'no-store'];
  await answer.head(200, [length, control]);
  answer.socket.end();
});
const lb = await startLb(t, { origins: [origin.address], retries: { attempts: 0 } });

for (const target of ['/chunked/stored', '/chunked/passed', '/length/stored', '/length/passed']) {
  test(`502 in place of half a head: ${target}`, async () => {
    for (let i = 0; i < 3; i++) {
      const response = await request(t, lb.port, target);
      assert.deepEqual([response.status, response.complete], [502, true]);
      assert.match(response.get('proxy-status') ?? '', /http_response_incomplete/);
    }
    await lb.admin.idle();
  });
}
