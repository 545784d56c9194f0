/**
 * Requests that are wrong, or that two readers could take for different things (RFC 9110, 9112). `refused`: nothing of it
 * reaches an origin, the client is told why, and the connection ends. `one`: it may be taken or refused, but it is one
 * request at most, and nothing behind it is another. `whole`: a good request, and the bytes behind it are not part of it.
 */
export type Verdict = 'refused' | 'one' | 'whole';

export interface Case {
  name: string;
  method: string;
  verdict: Verdict;
  /** Statuses that are right where it is refused. */
  statuses: readonly number[];
  /** All bytes, for a target of its own. @param hidden what stands where another request would, if it were one */
  bytes(target: string, hidden: string): string;
}

const HOST = 'Host: site.test\r\n';

/** What the bytes hide: it must never be seen by anyone. */
export function smuggled(target: string): string {
  return `GET ${target}/smuggled HTTP/1.1\r\n${HOST}\r\n`;
}

function refused(name: string, method: string, statuses: readonly number[], head: (target: string) => string): Case {
  return { name, method, verdict: 'refused', statuses, bytes: (target, hidden) => `${head(target)}\r\n${hidden}` };
}

const line = (method: string, target: string) => `${method} ${target} HTTP/1.1\r\n`;

/** Fields that frame a body wrongly, with what stands for the body. */
const FRAMING: readonly (readonly [string, string, string])[] = [
  ['Content-Length with Transfer-Encoding', 'Content-Length: 4\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  ['Transfer-Encoding with Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 4', '0\r\n\r\n'],
  ['Content-Length 0 with Transfer-Encoding', 'Content-Length: 0\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  ['Content-Length +1', 'Content-Length: +1', 'x'],
  ['Content-Length -1', 'Content-Length: -1', 'x'],
  ['Content-Length 0x1', 'Content-Length: 0x1', 'x'],
  ['Content-Length 1e1', 'Content-Length: 1e1', 'x'],
  ['Content-Length 1.0', 'Content-Length: 1.0', 'x'],
  ['Content-Length 1_0', 'Content-Length: 1_0', 'x'],
  ['Content-Length with a space inside', 'Content-Length: 1 0', 'x'],
  ['Content-Length list', 'Content-Length: 1, 1', 'x'],
  ['Content-Length list that differs', 'Content-Length: 1, 2', 'x'],
  ['Content-Length with a semicolon', 'Content-Length: 1;', 'x'],
  ['Content-Length in quotes', 'Content-Length: "1"', 'x'],
  ['Content-Length nonsense', 'Content-Length: one', 'x'],
  ['Content-Length 2^64', 'Content-Length: 18446744073709551616', 'x'],
  ['Content-Length 2^64 + 1', 'Content-Length: 18446744073709551617', 'x'],
  ['Content-Length of 25 digits', 'Content-Length: 9999999999999999999999999', 'x'],
  ['Content-Length twice, different', 'Content-Length: 1\r\nContent-Length: 2', 'xy'],
  ['Content-Length twice, the same', 'Content-Length: 1\r\nContent-Length: 1', 'x'],
  ['Content-Length, then one that is empty', 'Content-Length: 1\r\nContent-Length:', 'x'],
  ['Content-Length twice in other cases', 'content-length: 1\r\nCONTENT-LENGTH: 2', 'xy'],
  ['xchunked', 'Transfer-Encoding: xchunked', '0\r\n\r\n'],
  ['chunkedx', 'Transfer-Encoding: chunkedx', '0\r\n\r\n'],
  ['chunked, gzip', 'Transfer-Encoding: chunked, gzip', '0\r\n\r\n'],
  ['gzip, chunked', 'Transfer-Encoding: gzip, chunked', '0\r\n\r\n'],
  ['chunked, chunked', 'Transfer-Encoding: chunked, chunked', '0\r\n\r\n'],
  ['chunked, identity', 'Transfer-Encoding: chunked, identity', '0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  ['chunked, then identity', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', '0\r\n\r\n'],
  ['identity, then chunked', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  ['identity', 'Transfer-Encoding: identity', '0\r\n\r\n'],
  ['gzip', 'Transfer-Encoding: gzip', '0\r\n\r\n'],
  ['chunked in quotes', 'Transfer-Encoding: "chunked"', '0\r\n\r\n'],
  ['chunked with a parameter', 'Transfer-Encoding: chunked;q=1', '0\r\n\r\n'],
  ['chunked behind a vertical tab', 'Transfer-Encoding: \x0bchunked', '0\r\n\r\n'],
  ['chunked with a comma behind', 'Transfer-Encoding: chunked,', '0\r\n\r\n'],
  ['Transfer-Encoding with a space before the colon', 'Transfer-Encoding : chunked', '0\r\n\r\n'],
  ['Transfer-Encoding folded', 'Transfer-Encoding:\r\n chunked', '0\r\n\r\n'],
  ['Content-Length with a space before the colon', 'Content-Length : 1', 'x'],
  ['Content-Length with a tab before the colon', 'Content-Length\t: 1', 'x'],
  ['Content-Length behind a space', ' Content-Length: 1', 'x'],
  ['Content-Length folded', 'Content-Length:\r\n 1', 'x'],
  ['NUL behind Content-Length', 'Content-Length: 1\0', 'x'],
  ['NUL in the name of Content-Length', 'Content\0-Length: 1', 'x'],
];

/** Two readers differ about an empty value. */
const EMPTY_FRAMING: readonly (readonly [string, string, string])[] = [
  ['Content-Length empty', 'Content-Length:', ''],
  ['Content-Length empty, with a space', 'Content-Length: ', ''],
  ['Transfer-Encoding empty', 'Transfer-Encoding:', ''],
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function framingCases(): Case[] {
  const cases: Case[] = [];
  for (const [i, [name, fields, body]] of [...FRAMING, ...EMPTY_FRAMING].entries()) {
    // every method has its turn; those that bring bodies and those that the cache answers see all
    const methods = new Set(['GET', 'POST', METHODS[i % METHODS.length], METHODS[(i + 3) % METHODS.length]]);
    for (const method of methods) {
      const bytes = (target: string, hidden: string) =>
        `${line(method, target)}${HOST}${fields}\r\n\r\n${body}${hidden}`;
      cases.push({ name: `${method}: ${name}`, method, verdict: 'refused', statuses: [400, 501], bytes });
    }
  }
  return cases;
}

const CHUNKS: readonly (readonly [string, string])[] = [
  ['a size with 0x', '0x4\r\nabcd\r\n0\r\n\r\n'],
  ['a size with an underscore', '1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n'],
  ['a size with a plus', '+4\r\nabcd\r\n0\r\n\r\n'],
  ['a size with a minus', '-4\r\nabcd\r\n0\r\n\r\n'],
  ['a size that is empty', '\r\nabcd\r\n0\r\n\r\n'],
  ['a size in letters beyond f', '4g\r\nabcd\r\n0\r\n\r\n'],
  ['a size of 65 bits', '10000000000000004\r\nabcd\r\n0\r\n\r\n'],
  ['a size of 64 bits, all ones', 'ffffffffffffffff\r\nabcd\r\n0\r\n\r\n'],
  ['a size of 33 bits', '100000004\r\nabcd\r\n0\r\n\r\n'],
  ['a size with a hundred zeros in front', `${'0'.repeat(100)}4\r\nabcd\r\n0\r\n\r\n`],
  ['a space before the size', ' 4\r\nabcd\r\n0\r\n\r\n'],
  ['a space behind the size', '4 \r\nabcd\r\n0\r\n\r\n'],
  ['a tab behind the size', '4\t\r\nabcd\r\n0\r\n\r\n'],
  ['data that is too long', '4\r\nabcdXX\r\n0\r\n\r\n'],
  ['data that is too short', '6\r\nabcd\r\n0\r\n\r\n'],
  ['no CRLF behind the data', '4\r\nabcd0\r\n\r\n'],
  ['LF alone behind the data', '4\r\nabcd\n0\r\n\r\n'],
  ['CR alone behind the data', '4\r\nabcd\r0\r\n\r\n'],
  ['LF alone behind the size', '4\nabcd\r\n0\r\n\r\n'],
  ['CR alone behind the size', '4\rabcd\r\n0\r\n\r\n'],
  ['LF alone everywhere', '4\nabcd\n0\n\n'],
  ['LF in an extension', '4;a\nb\r\nabcd\r\n0\r\n\r\n'],
  ['CR in an extension', '4;a\rb\r\nabcd\r\n0\r\n\r\n'],
  ['NUL in an extension', '4;a\0b\r\nabcd\r\n0\r\n\r\n'],
  ['an extension that hides a chunk', '4;\r\nabcd\r\n0\r\n\r\n'],
  ['an extension in quotes with CRLF', '4;a="\r\nabcd\r\n0\r\n\r\n'],
  ['an extension of 20 KB', `4;${'a'.repeat(20_000)}\r\nabcd\r\n0\r\n\r\n`],
  ['a last chunk with 0x', '4\r\nabcd\r\n0x0\r\n\r\n'],
  ['a last chunk of many zeros', '4\r\nabcd\r\n00000000000000000000\r\n\r\n'],
  ['a trailer that frames', '4\r\nabcd\r\n0\r\nContent-Length: 50\r\n\r\n'],
  ['a trailer with a space before the colon', '4\r\nabcd\r\n0\r\nX-A : 1\r\n\r\n'],
  ['a trailer without colon', '4\r\nabcd\r\n0\r\nnonsense\r\n\r\n'],
  ['LF alone at the end of trailers', '4\r\nabcd\r\n0\r\n\n'],
  ['no end', '4\r\nabcd\r\n'],
  ['no chunks at all', ''],
];

const GOOD_CHUNKS: readonly (readonly [string, string])[] = [
  ['a chunk', '4\r\nabcd\r\n0\r\n\r\n'],
  ['an empty body', '0\r\n\r\n'],
  ['a size with a zero in front', '04\r\nabcd\r\n0\r\n\r\n'],
  ['a size in capitals', 'A\r\nabcdefghij\r\n0\r\n\r\n'],
];

function chunkCases(): Case[] {
  const head = (method: string, target: string) => `${line(method, target)}${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  const of = (verdict: Verdict, method: string, name: string, chunks: string): Case => ({
    name: `${method} in chunks: ${name}`,
    method,
    verdict,
    statuses: [],
    bytes: (target, hidden) => `${head(method, target)}${chunks}${hidden}`,
  });
  const bad = CHUNKS.flatMap(([name, chunks]) => ['POST', 'GET'].map((method) => of('one', method, name, chunks)));
  const good = GOOD_CHUNKS.map(([name, chunks]) => of('one', 'PUT', name, chunks));
  return [...bad, ...good];
}

const FIELDS: readonly (readonly [string, string])[] = [
  ['a space before the colon', 'X-A : 1'],
  ['a tab before the colon', 'X-A\t: 1'],
  ['obs-fold', 'X-A: 1\r\n folded'],
  ['obs-fold with a tab', 'X-A: 1\r\n\tfolded'],
  ['a first line that is folded', ' X-A: 1'],
  ['a line without colon', 'nonsense'],
  ['an empty name', ': x'],
  ['a space in a name', 'X A: 1'],
  ['a parenthesis in a name', 'X(A: 1'],
  ['a byte beyond ASCII in a name', 'X-\xe4: 1'],
  ['DEL in a name', 'X-\x7f: 1'],
  ['a control byte in a value', 'X-A: a\x01b'],
  ['NUL in a value', 'X-A: a\0b'],
  ['NUL at the end of a value', 'X-A: a\0'],
  ['a bare CR in a value', 'X-A: a\rb'],
  ['a bare LF in a value', 'X-A: a\nb'],
  ['a bare CR before a second field', 'X-A: a\rTransfer-Encoding: chunked'],
  ['DEL in a value', 'X-A: a\x7fb'],
  ['a vertical tab in a value', 'X-A: a\x0bb'],
  ['CR CR LF', 'X-A: a\r'],
  ['Host twice', 'Host: other.test'],
  ['Host twice, the same', 'Host: site.test'],
];

function fieldCases(): Case[] {
  return FIELDS.flatMap(([name, field]) =>
    ['GET', 'POST'].map((method) =>
      refused(`${method}: ${name}`, method, [400], (target) => `${line(method, target)}${HOST}${field}\r\n`),
    ),
  );
}

const HOSTS: readonly (readonly [string, string])[] = [
  ['missing', ''],
  ['empty', 'Host:\r\n'],
  ['with two ports', 'Host: a:80:90\r\n'],
  ['with a port of letters', 'Host: site.test:http\r\n'],
  ['with a port too large', 'Host: site.test:65536\r\n'],
  ['with a negative port', 'Host: site.test:-1\r\n'],
  ['with userinfo', 'Host: a@site.test\r\n'],
  ['with userinfo and password', 'Host: a:b@site.test\r\n'],
  ['with a path', 'Host: site.test/x\r\n'],
  ['with a query', 'Host: site.test?x\r\n'],
  ['with a fragment', 'Host: site.test#x\r\n'],
  ['with a backslash', 'Host: site.test\\x\r\n'],
  ['with a scheme', 'Host: http://site.test\r\n'],
  ['as a list', 'Host: site.test, other.test\r\n'],
  ['with a space', 'Host: site.test other.test\r\n'],
  ['with a tab', 'Host: site\t.test\r\n'],
  ['with an escape', 'Host: site%2etest\r\n'],
  ['with a control byte', 'Host: site\x01.test\r\n'],
  ['with an empty label', 'Host: site..test\r\n'],
  ['with an open bracket', 'Host: [::1\r\n'],
  ['with an address that is none', 'Host: [::g]\r\n'],
  ['with a space before the colon', 'Host : site.test\r\n'],
  ['of 300 bytes', `Host: ${'a.'.repeat(150)}test\r\n`],
];

function hostCases(): Case[] {
  return HOSTS.map(([name, host], i) => {
    const method = i % 3 === 2 ? 'POST' : 'GET';
    return refused(`Host ${name}`, method, [400], (target) => `${line(method, target)}${host}X-A: 1\r\n`);
  });
}

const LINES: readonly (readonly [string, readonly number[], (target: string) => string])[] = [
  ['an unknown method', [400, 501], (target) => `NONSENSE ${target} HTTP/1.1\r\n`],
  ['a method in lower case', [400, 501], (target) => `get ${target} HTTP/1.1\r\n`],
  ['a method in mixed case', [400, 501], (target) => `Get ${target} HTTP/1.1\r\n`],
  ['a method with a parenthesis', [400, 501], (target) => `G(T ${target} HTTP/1.1\r\n`],
  ['a method with NUL', [400, 501, 505], (target) => `GE\0T ${target} HTTP/1.1\r\n`],
  ['a method of 300 letters', [400, 431, 501], (target) => `${'A'.repeat(300)} ${target} HTTP/1.1\r\n`],
  ['no method', [400, 501, 505], (target) => ` ${target} HTTP/1.1\r\n`],
  ['CONNECT', [400, 405, 501, 505], () => 'CONNECT site.test:80 HTTP/1.1\r\n'],
  ['CONNECT with a path', [400, 405, 501], (target) => `CONNECT ${target} HTTP/1.1\r\n`],
  ['PRI, the preface of HTTP/2', [400, 405, 501, 505], () => 'PRI * HTTP/2.0\r\n'],
  ['no version', [400, 505], (target) => `GET ${target}\r\n`],
  ['HTTP/0.9', [400, 505], (target) => `GET ${target} HTTP/0.9\r\n`],
  ['HTTP/1.2', [400, 505], (target) => `GET ${target} HTTP/1.2\r\n`],
  ['HTTP/2.0', [400, 505], (target) => `GET ${target} HTTP/2.0\r\n`],
  ['HTTP/3.7', [400, 505], (target) => `GET ${target} HTTP/3.7\r\n`],
  ['HTTP/11.1', [400, 505], (target) => `GET ${target} HTTP/11.1\r\n`],
  ['HTTP/1.10', [400, 505], (target) => `GET ${target} HTTP/1.10\r\n`],
  ['http/1.1', [400, 505], (target) => `GET ${target} http/1.1\r\n`],
  ['HTTPS/1.1', [400, 505], (target) => `GET ${target} HTTPS/1.1\r\n`],
  ['a space behind the version', [400, 505], (target) => `GET ${target} HTTP/1.1 \r\n`],
  ['two spaces before the target', [400, 505], (target) => `GET  ${target} HTTP/1.1\r\n`],
  ['two spaces behind the target', [400, 505], (target) => `GET ${target}  HTTP/1.1\r\n`],
  ['a tab before the target', [400, 501, 505], (target) => `GET\t${target} HTTP/1.1\r\n`],
  ['a tab behind the target', [400, 505], (target) => `GET ${target}\tHTTP/1.1\r\n`],
  ['a space in the target', [400, 505], (target) => `GET ${target} x HTTP/1.1\r\n`],
  ['a request within the target', [400, 505], (target) => `GET ${target} HTTP/1.1 GET / HTTP/1.1\r\n`],
  ['a control byte in the target', [400, 505], (target) => `GET ${target}\x01 HTTP/1.1\r\n`],
  ['NUL in the target', [400, 505], (target) => `GET ${target}\0 HTTP/1.1\r\n`],
  ['a bare CR in the target', [400, 505], (target) => `GET ${target}\rx HTTP/1.1\r\n`],
  ['a byte beyond ASCII in the target', [400], (target) => `GET ${target}\xe4 HTTP/1.1\r\n`],
  ['a fragment in the target', [400], (target) => `GET ${target}#x HTTP/1.1\r\n`],
  ['a target without slash', [400, 505], () => 'GET first HTTP/1.1\r\n'],
  ['a target in authority form', [400, 505], () => 'GET site.test:80 HTTP/1.1\r\n'],
  ['* with GET', [400, 505], () => 'GET * HTTP/1.1\r\n'],
  ['absolute form of another host', [400, 505], (target) => `GET http://other.test${target} HTTP/1.1\r\n`],
  ['absolute form of another port', [400, 505], (target) => `GET http://site.test:81${target} HTTP/1.1\r\n`],
  ['absolute form with userinfo', [400, 505], (target) => `GET http://a@site.test${target} HTTP/1.1\r\n`],
  ['absolute form without host', [400, 505], (target) => `GET http://${target} HTTP/1.1\r\n`],
  ['absolute form of ftp', [400, 505], (target) => `GET ftp://site.test${target} HTTP/1.1\r\n`],
  ['a target over the limit', [414, 431], (target) => `GET ${target}/${'x'.repeat(17_000)} HTTP/1.1\r\n`],
];

function lineCases(): Case[] {
  return LINES.map(([name, statuses, first]) =>
    refused(name, first('/').split(' ', 1)[0], statuses, (target) => `${first(target)}${HOST}`),
  );
}

function limitCases(): Case[] {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1\r\n`).join('');
  const of = (name: string, fields: string) =>
    ['GET', 'POST'].map((method) =>
      refused(`${method}: ${name}`, method, [431], (target) => `${line(method, target)}${HOST}${fields}`),
    );
  return [
    ...of('a field over the limit', `X-A: ${'x'.repeat(40_000)}\r\n`),
    ...of('a name over the limit', `${'x'.repeat(40_000)}: 1\r\n`),
    ...of(
      'fields over the limit in all',
      Array.from({ length: 90 }, (_, i) => `X-${i}: ${'x'.repeat(500)}\r\n`).join(''),
    ),
    ...of('200 lines', lines(200)),
    ...of('3,000 lines', lines(3000)),
    ...of('a head over what is read', `X-A: ${'x'.repeat(70_000)}\r\n`),
  ];
}

const OTHERS: Case[] = [
  {
    name: 'HTTP/1.0 with chunks',
    method: 'POST',
    verdict: 'refused',
    statuses: [400, 505],
    bytes: (target, hidden) => `POST ${target} HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: 'a body that is another request',
    method: 'POST',
    verdict: 'one',
    statuses: [],
    bytes: (target) =>
      `POST ${target} HTTP/1.1\r\n${HOST}Content-Length: ${smuggled(target).length}\r\n\r\n${smuggled(target)}`,
  },
  {
    name: 'a GET whose body is another request',
    method: 'GET',
    verdict: 'one',
    statuses: [],
    bytes: (target) =>
      `GET ${target} HTTP/1.1\r\n${HOST}Content-Length: ${smuggled(target).length}\r\n\r\n${smuggled(target)}`,
  },
  {
    name: 'an expectation that is none',
    method: 'POST',
    verdict: 'refused',
    statuses: [417],
    bytes: (target, hidden) =>
      `POST ${target} HTTP/1.1\r\n${HOST}Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: 'a body behind an expectation that is another request',
    method: 'POST',
    verdict: 'one',
    statuses: [],
    bytes: (target) =>
      `POST ${target} HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: ${smuggled(target).length}\r\n\r\n${smuggled(target)}`,
  },
  {
    name: 'Transfer-Encoding named by Connection',
    method: 'POST',
    verdict: 'one',
    statuses: [],
    bytes: (target, hidden) =>
      `POST ${target} HTTP/1.1\r\n${HOST}Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: 'Content-Length named by Connection',
    method: 'POST',
    verdict: 'one',
    statuses: [],
    bytes: (target) =>
      `POST ${target} HTTP/1.1\r\n${HOST}Connection: Content-Length\r\nContent-Length: ${smuggled(target).length}\r\n\r\n${smuggled(target)}`,
  },
];

/** Every case, each with a name of its own. */
export const CASES: readonly Case[] = [
  ...framingCases(),
  ...chunkCases(),
  ...fieldCases(),
  ...hostCases(),
  ...lineCases(),
  ...limitCases(),
  ...OTHERS,
];
