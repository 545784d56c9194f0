import assert from 'node:assert/strict';
import type { Response } from '../support/client.ts';

/** One part of a multipart/byteranges body. */
export interface Part {
  contentType: string | undefined;
  contentRange: string;
  bytes: Buffer;
}

/** The parts of a 206 with several, byte by byte: every CRLF, every length, nothing between or behind them. */
export function partsOf(response: Response): Part[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(response.get('content-type') ?? '')?.[1];
  assert.ok(boundary !== undefined, `content-type ${response.get('content-type')}`);
  assert.equal(response.get('content-range'), undefined);
  assert.ok(response.complete);
  assert.equal(response.get('content-length'), String(response.body.length));
  const { body } = response;
  const parts: Part[] = [];
  const delimiter = `\r\n--${boundary}`;
  let at = 0;
  const expect = (text: string) => {
    assert.equal(body.toString('latin1', at, at + text.length), text);
    at += text.length;
  };
  for (;;) {
    expect(delimiter);
    if (body.toString('latin1', at, at + 2) === '--') break;
    expect('\r\n');
    const end = body.indexOf('\r\n\r\n', at);
    const head = /^(?:Content-Type: (.*)\r\n)?Content-Range: (bytes (\d+)-(\d+)\/\d+)$/.exec(
      body.toString('latin1', at, end),
    );
    assert.ok(head !== null, `head of part ${parts.length}`);
    at = end + 4;
    const length = Number(head[4]) - Number(head[3]) + 1;
    parts.push({ contentType: head[1], contentRange: head[2], bytes: body.subarray(at, at + length) });
    at += length;
  }
  expect('--\r\n');
  assert.equal(at, body.length);
  return parts;
}

/** Asserts that the parts are these ranges of a body, in this order. */
export function assertParts(response: Response, whole: Buffer, ranges: readonly (readonly [number, number])[]): void {
  assert.equal(response.status, 206);
  const parts = partsOf(response);
  assert.deepEqual(
    parts.map(({ contentRange }) => contentRange),
    ranges.map(([start, end]) => `bytes ${start}-${end}/${whole.length}`),
  );
  for (const [i, [start, end]] of ranges.entries()) {
    assert.ok(parts[i].bytes.equals(whole.subarray(start, end + 1)), `bytes of part ${i}`);
  }
}
