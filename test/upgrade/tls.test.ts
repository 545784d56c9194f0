// WebSockets over TLS, whoever ends it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { until } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { certificateFolder, securePort } from '../tls/site.ts';
import { openWebSocket, startWebSocketOrigin } from './peers.ts';

const PARTS = 40;

for (const http2 of [true, false]) {
  it(`over TLS ${http2 ? 'of Node' : 'of uWebSockets.js'}: messages, backpressure, close codes`, async (t) => {
    const folder = await certificateFolder(t);
    await folder.put('site', ['site.test']);
    const origin = await startWebSocketOrigin(t);
    const tls = { listen: '127.0.0.1:0', folder: folder.path, http2 };
    const lb = await startLb(t, { origins: [origin.address], tls });
    const { socket, heard } = await openWebSocket(t, `wss://127.0.0.1:${securePort(lb)}/tls`, [], {
      rejectUnauthorized: false,
      headers: { Host: 'site.test' },
    });
    const there = await origin.connection('/tls');
    assert.equal(there.request.headers['x-forwarded-proto'], 'https');
    // echoed while nobody reads
    socket.pause();
    const parts = Array.from({ length: PARTS }, () => randomBytes(256 * 1024));
    for (const part of parts) socket.send(part);
    await until(() => there.heard.messages.length > 0, 'the first message at the origin');
    socket.resume();
    await until(() => heard.messages.length === PARTS, 'the echo');
    assert.ok(heard.messages.every(({ data }, i) => data.equals(parts[i])));
    socket.close(4000, 'bye');
    assert.deepEqual(await there.heard.closed, { code: 4000, reason: 'bye' });
    assert.deepEqual(await heard.closed, { code: 4000, reason: 'bye' });
  });
}
