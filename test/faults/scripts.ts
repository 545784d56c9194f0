import type { Answer, OriginRequest } from '../support/origin.ts';

type Act = (answer: Answer, request: OriginRequest) => void | Promise<void>;

/** An origin that gives no usable head. Nothing of it is ever stored. */
export interface NoAnswer {
  name: string;
  act: Act;
  status: number;
  /** Error of Proxy-Status. */
  error: string;
  detail: RegExp;
  /** Whether a GET is made again, at another origin where there is one. */
  again?: boolean;
  /** Takes as long as a time-out. */
  slow?: boolean;
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const OK = `${HEAD}Content-Length: 2\r\n\r\nok`;

const TERMINATED = { status: 502, error: 'connection_terminated', detail: /closed the connection before/, again: true };
const SILENT = { status: 504, error: 'http_response_timeout', detail: /did not answer in time/, slow: true };
const GARBAGE = { status: 502, error: 'http_protocol_error', detail: /not HTTP/ };
const INCOMPLETE = { status: 502, error: 'http_response_incomplete', detail: /length that it declares/ };
const CODING = { status: 502, error: 'http_response_transfer_coding', detail: /transfer coding/ };
const TOO_LARGE = { status: 502, error: 'http_response_header_section_size', detail: /head is too large/ };

/** Sends bytes as they stand, and leaves the connection open. */
const raw = (bytes: string | Uint8Array) => (answer: Answer) => answer.raw(bytes);

/** Sends bytes and closes. */
const last = (bytes: string | Uint8Array) => async (answer: Answer) => {
  await answer.raw(bytes);
  answer.close();
};

/** Sends bytes, lets them arrive, and resets. */
const torn = (bytes: string) => async (answer: Answer) => {
  await answer.raw(bytes);
  await moment();
  answer.reset();
};

const moment = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms));

/** Repeats bytes until nobody takes them. */
const flood = (begin: string, part: string) => async (answer: Answer) => {
  await answer.raw(begin);
  for (let i = 0; i < 2000 && !answer.socket.destroyed; i++) await answer.raw(part);
  await answer.gone;
};

/** One byte now and then, without end. */
const drip = (begin: string, part: string) => async (answer: Answer) => {
  await answer.raw(begin);
  while (!answer.socket.destroyed && !answer.socket.readableEnded) {
    await answer.raw(part);
    await moment(30);
  }
};

export const NO_ANSWERS: NoAnswer[] = [
  { name: 'closes without an answer', act: (answer) => answer.close(), ...TERMINATED },
  { name: 'resets the connection', act: (answer) => answer.reset(), ...TERMINATED },
  { name: 'closes in the middle of its status line', act: last('HTTP/1.'), ...TERMINATED },
  { name: 'closes in the middle of its head', act: last(`${HEAD}Content-Type: text/`), ...TERMINATED },
  { name: 'resets in the middle of its head', act: torn(`${HEAD}Content-Type: text/`), ...TERMINATED },
  { name: 'closes after an interim answer', act: last('HTTP/1.1 102 Processing\r\n\r\n'), ...TERMINATED, again: false },
  { name: 'resets after an interim answer', act: torn('HTTP/1.1 102 Processing\r\n\r\n'), ...TERMINATED, again: false },
  // RFC 9110 section 15.2 lets clients ignore it; undici takes it for a broken answer
  { name: 'says 100 that nobody waits for', act: raw(`HTTP/1.1 100 Continue\r\n\r\n${OK}`), ...TERMINATED },
  { name: 'says nothing in time', act: (answer) => answer.gone, ...SILENT },
  {
    name: 'never ends its head',
    act: async (answer) => {
      await answer.raw(`${HEAD}X-A: 1\r\n`);
      await answer.gone;
    },
    ...SILENT,
  },
  { name: 'sends its head byte by byte, without end', act: drip(`${HEAD}X-A: `, 'a'), ...SILENT },
  { name: 'does not speak HTTP', act: raw('SSH-2.0-OpenSSH_9.2p1\r\n'), ...GARBAGE },
  { name: 'speaks HTTP/0.9', act: last('<html><body>It works!</body></html>'), ...GARBAGE },
  { name: 'speaks HTTP/2', act: raw(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)), ...GARBAGE },
  { name: 'has a version that does not exist', act: raw(OK.replace('1.1', '9.9')), ...GARBAGE },
  { name: 'has a version that is no number', act: raw(OK.replace('1.1', '1.x')), ...GARBAGE },
  { name: 'has a status of two digits', act: raw(OK.replace('200', '20')), ...GARBAGE },
  { name: 'has a status that is no number', act: raw(OK.replace('200', 'abc')), ...GARBAGE },
  {
    name: 'speaks TLS',
    act: raw(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)),
    ...GARBAGE,
    detail: /speaks TLS/,
  },
  { name: 'sends zeros', act: raw(new Uint8Array(100_000)), ...GARBAGE },
  { name: 'sends a head without end', act: flood(HEAD, `X-Flood: ${'x'.repeat(4000)}\r\n`), ...TOO_LARGE },
  { name: 'sends a field without end', act: flood(`${HEAD}X-Flood: `, 'x'.repeat(4000)), ...TOO_LARGE },
  { name: 'has NUL in a field', act: raw(`${HEAD}X-A: a\0b\r\nContent-Length: 2\r\n\r\nok`), ...GARBAGE },
  {
    name: 'has a control byte in a field name',
    act: raw(`${HEAD}X\x01A: a\r\nContent-Length: 2\r\n\r\nok`),
    ...GARBAGE,
  },
  { name: 'has a lone CR in a field', act: raw(`${HEAD}X-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok`), ...GARBAGE },
  { name: 'has space before a colon', act: raw(`${HEAD}Content-Length : 2\r\n\r\nok`), ...GARBAGE },
  { name: 'has a field without a colon', act: raw(`${HEAD}Content-Length\r\n\r\nok`), ...GARBAGE },
  { name: 'has a field without a name', act: raw(`${HEAD}: a\r\nContent-Length: 2\r\n\r\nok`), ...GARBAGE },
  { name: 'declares two lengths', act: raw(`${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`), ...INCOMPLETE },
  { name: 'declares a length that is negative', act: raw(`${HEAD}Content-Length: -2\r\n\r\nabc`), ...GARBAGE },
  { name: 'declares a length in hexadecimal', act: raw(`${HEAD}Content-Length: 0x2\r\n\r\nab`), ...GARBAGE },
  { name: 'declares a list of lengths', act: raw(`${HEAD}Content-Length: 2, 2\r\n\r\nab`), ...INCOMPLETE },
  {
    name: 'declares a length beyond all numbers',
    act: raw(`${HEAD}Content-Length: 99999999999999999999999\r\n\r\nab`),
    ...INCOMPLETE,
  },
  {
    name: 'frames its body in two ways',
    act: raw(`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    ...INCOMPLETE,
  },
  {
    name: 'sends a transfer coding that nobody asked for',
    act: last(`${HEAD}Transfer-Encoding: gzip\r\nCache-Control: max-age=60\r\n\r\nabc`),
    ...CODING,
  },
  {
    name: 'sends a transfer coding that does not exist',
    act: last(`${HEAD}Transfer-Encoding: xchunked\r\nCache-Control: max-age=60\r\n\r\n0\r\n\r\n`),
    ...CODING,
  },
  {
    name: 'changes to another protocol',
    act: raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'),
    ...GARBAGE,
  },
  {
    name: 'says 304 although nothing is stored',
    act: raw('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'),
    ...GARBAGE,
  },
  {
    name: 'sends interim answers without end',
    act: flood('', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
    ...GARBAGE,
  },
  { name: 'says 102 without end', act: flood('', 'HTTP/1.1 102 Processing\r\n\r\n'), ...GARBAGE },
];

/** An origin that begins well; `act` follows a good head and the beginning of a body. Nothing of it is ever stored. */
export interface HalfAnswer {
  name: string;
  /** Fields that frame the body. */
  head: string;
  act: Act;
  slow?: boolean;
}

const SIZED = 'Content-Length: 100000';
const CHUNKED = 'Transfer-Encoding: chunked';

export const HALF_ANSWERS: HalfAnswer[] = [
  { name: 'resets in the middle of a body', head: SIZED, act: (answer) => answer.reset() },
  { name: 'closes before the declared length', head: SIZED, act: (answer) => answer.close() },
  { name: 'pauses for too long', head: SIZED, act: (answer) => answer.gone, slow: true },
  { name: 'pauses between two chunks for too long', head: CHUNKED, act: (answer) => answer.gone, slow: true },
  { name: 'resets between two chunks', head: CHUNKED, act: (answer) => answer.reset() },
  { name: 'resets within a chunk', head: CHUNKED, act: torn('5000\r\nbegin') },
  { name: 'closes within a chunk', head: CHUNKED, act: last('5000\r\nbegin') },
  { name: 'closes without a last chunk', head: CHUNKED, act: (answer) => answer.close() },
  { name: 'closes in the middle of the last chunk', head: CHUNKED, act: last('0\r\n') },
  { name: 'breaks the grammar of chunks', head: CHUNKED, act: raw('zz\r\nno size\r\n0\r\n\r\n') },
  { name: 'has a negative chunk size', head: CHUNKED, act: raw('-1\r\na\r\n0\r\n\r\n') },
  { name: 'has a chunk size with a prefix', head: CHUNKED, act: raw('0x2\r\nab\r\n0\r\n\r\n') },
  { name: 'has a chunk size beyond all numbers', head: CHUNKED, act: raw('fffffffffffffffff\r\na\r\n0\r\n\r\n') },
  { name: 'has chunks longer than they say', head: CHUNKED, act: raw('2\r\nabcd\r\n0\r\n\r\n') },
  { name: 'has no chunk size', head: CHUNKED, act: raw('\r\nab\r\n0\r\n\r\n') },
  { name: 'has a broken field behind the last chunk', head: CHUNKED, act: raw('0\r\nno colon\r\n\r\n') },
  {
    name: 'sends fields behind the last chunk without end',
    head: CHUNKED,
    act: flood('0\r\n', `X-A: ${'a'.repeat(4000)}\r\n`),
  },
  { name: 'resets a body that the end delimits', head: 'Connection: close', act: (answer) => answer.reset() },
];

/** An origin that does something odd, but that has an answer. */
export interface OddAnswer {
  name: string;
  method?: string;
  /** Of the request. */
  body?: string;
  act: Act;
  status: number;
  text: string;
  interim?: number[];
  /** Whether the answer is stored: the next request is a hit. */
  cached: boolean;
}

const FRESH = 'Cache-Control: max-age=60\r\n';
const EXTRA = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';

export const ODD_ANSWERS: OddAnswer[] = [
  { name: 'speaks HTTP/1.0', act: last(`HTTP/1.0 200 OK\r\n${FRESH}\r\nold`), status: 200, text: 'old', cached: true },
  {
    name: 'speaks HTTP/1.0 and declares a length',
    act: last(`HTTP/1.0 200 OK\r\n${FRESH}Content-Length: 3\r\n\r\nold`),
    status: 200,
    text: 'old',
    cached: true,
  },
  {
    name: 'ends its body by its end',
    act: last(`${HEAD}${FRESH}Connection: close\r\n\r\nwhole`),
    status: 200,
    text: 'whole',
    cached: true,
  },
  {
    name: 'drips, but never too slowly',
    act: async (answer) => {
      await answer.raw(`${HEAD}${FRESH}Content-Length: 10\r\n\r\n`);
      for (const byte of '0123456789') {
        await moment(20);
        await answer.raw(byte);
      }
    },
    status: 200,
    text: '0123456789',
    cached: true,
  },
  {
    name: 'sends its head in single bytes',
    act: async (answer) => {
      for (const byte of `${HEAD}${FRESH}Content-Length: 2\r\n\r\nok`) {
        await answer.raw(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    status: 200,
    text: 'ok',
    cached: true,
  },
  {
    name: 'sends more than the declared length',
    act: raw(`${HEAD}${FRESH}Content-Length: 4\r\n\r\ngood${EXTRA}`),
    status: 200,
    text: 'good',
    cached: true,
  },
  {
    name: 'answers the next request before it is asked',
    act: async (answer) => {
      await answer.raw(`${HEAD}${FRESH}Content-Length: 4\r\n\r\ngood`);
      await moment();
      await answer.raw(EXTRA);
    },
    status: 200,
    text: 'good',
    cached: true,
  },
  {
    name: 'closes a connection that it had said to keep',
    act: last(`${HEAD}${FRESH}Connection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: 4\r\n\r\ngood`),
    status: 200,
    text: 'good',
    cached: true,
  },
  {
    name: 'resets as soon as it has answered',
    act: torn(`${HEAD}${FRESH}Content-Length: 4\r\n\r\ngood`),
    status: 200,
    text: 'good',
    cached: true,
  },
  {
    name: 'sends three hints',
    act: raw(`${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(3)}${HEAD}${FRESH}Content-Length: 2\r\n\r\nok`),
    status: 200,
    text: 'ok',
    interim: [103, 103, 103],
    cached: true,
  },
  {
    name: 'sends fifty hints',
    act: raw(
      `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(50)}${HEAD}${FRESH}Content-Length: 2\r\n\r\nok`,
    ),
    status: 200,
    text: 'ok',
    interim: new Array<number>(8).fill(103),
    cached: true,
  },
  {
    name: 'has a body with 204',
    act: raw(`HTTP/1.1 204 No Content\r\n\r\n${EXTRA}`),
    status: 204,
    text: '',
    cached: false,
  },
  {
    name: 'has a body with an answer to HEAD',
    method: 'HEAD',
    act: raw(`${HEAD}Content-Length: 6\r\n\r\npoison`),
    status: 200,
    text: '',
    cached: false,
  },
  {
    name: 'answers an upload before it is there',
    method: 'POST',
    body: 'x'.repeat(50_000),
    act: raw('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
    status: 403,
    text: 'no',
    cached: false,
  },
  {
    name: 'answers an upload before it is there, and closes',
    method: 'POST',
    body: 'x'.repeat(50_000),
    act: last('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'),
    status: 413,
    text: 'no',
    cached: false,
  },
  {
    name: 'fails with an answer of its own',
    act: (answer) => answer.send(500, [['Cache-Control', 'max-age=60, public']], 'own error'),
    status: 500,
    text: 'own error',
    cached: true,
  },
];
