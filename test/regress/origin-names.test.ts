// Names and statuses of an origin's choice that once ended a thread, or its answer, over HTTP/2.
import { deepEqual, equal } from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { test } from 'node:test';
import { type Cleanup, within } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';

const ODD = '__proto__: 1\r\nconstructor: 2\r\nconstructor: 3\r\n';

const ANSWERS: Readonly<Record<string, string>> = {
  '/interim': `HTTP/1.1 103 Early Hints\r\n${ODD}\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi`,
  '/trailers': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${ODD}\r\n`,
  '/999': 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nhi',
  '/599': 'HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nhi',
};

async function scene(t: Cleanup) {
  const origin = await startOrigin(t, ({ target }, answer) => answer.raw(ANSWERS[target] ?? ''));
  const lb = await startLb(t, { origins: [origin.address], h2c: true });
  const session = connect(`http://127.0.0.1:${lb.port}`);
  t.after(() => session.destroy());
  const ask = async (path: string) => {
    const stream = session.request({ ':path': path, ':authority': 'site.test', te: 'trailers' });
    let status = 0;
    const lines: string[] = [];
    const take = (_: unknown, _flags: number, raw: unknown) => lines.push(...oddOnes(raw as string[]));
    stream.on('response', (headers: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('headers', take);
    stream.on('trailers', take);
    stream.resume();
    await within(once(stream, 'close'), 'the end of an answer');
    return { status, lines };
  };
  return { lb, ask };
}

function oddOnes(raw: readonly string[]): string[] {
  return raw.filter((_, i) => ['__proto__', 'constructor'].includes(raw[i & ~1]));
}

const WANTED = ['__proto__', '1', 'constructor', '2', 'constructor', '3'];

test('fields are passed on whatever their names', async (t) => {
  const { lb, ask } = await scene(t);
  deepEqual(await ask('/interim'), { status: 200, lines: WANTED });
  deepEqual(await ask('/trailers'), { status: 200, lines: WANTED });
  equal((await ask('/599')).status, 599);
  equal((await ask('/999')).status, 500);
  deepEqual(
    lb.log.filter(({ level }) => level === 'error'),
    [],
  );
});
