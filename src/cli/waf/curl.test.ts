import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curlRequest } from './curl.ts';
import { rawRequest, rawResponse } from './raw-message.ts';
import { shellWords } from './shell-words.ts';
import { RequestError } from './tested-request.ts';

const FILES: Record<string, string> = { 'a.json': '{"a":\r\n1}\n', 'photo.jpg': 'JPG', words: 'a b' };
const readFile = (name: string) => Buffer.from(FILES[name] ?? assert.fail(name));
const curl = (line: string) => curlRequest(shellWords(line), 'own.test', readFile);
const fieldsOf = (line: string) => {
  const { headers } = curl(line);
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])));
};

test('the target: schemes, hosts, paths as they are written', () => {
  const cases: [line: string, expected: [scheme: string, host: string, target: string]][] = [
    ['/a?b', ['http', 'own.test', '/a?b']],
    ['curl shop.example:81', ['http', 'shop.example:81', '/']],
    ['curl https://u:p@Shop.example/x/../y?q#f', ['https', 'shop.example', '/x/../y?q']],
    ['curl --url "http://[::1]:8080/ä b"', ['http', '[::1]:8080', '/%C3%A4%20b']],
    ["curl http://a?x='1'", ['http', 'a', '/?x=1']],
    ['curl -G -d a=1 --data-urlencode "b=x y" http://a/p?q', ['http', 'a', '/p?q&a=1&b=x%20y']],
    ['curl --url-query "a=b c" http://a/', ['http', 'a', '/?a=b%20c']],
  ];
  for (const [line, expected] of cases) {
    const { scheme, headers, target } = curl(line);
    assert.deepEqual([scheme, headers[headers.indexOf('host') + 1], target], expected, line);
  }
});

test('methods, versions and bodies', () => {
  const cases: [line: string, method: string, body: string, type: string | undefined][] = [
    ['/ -sSk -L --max-time 3 -o x', 'GET', '', undefined],
    ['/ -I', 'HEAD', '', undefined],
    ['/ -XDELETE', 'DELETE', '', undefined],
    ['/ -da=1 --data b', 'POST', 'a=1&b', 'application/x-www-form-urlencoded'],
    ['/ -d @a.json', 'POST', '{"a":1}', 'application/x-www-form-urlencoded'],
    ['/ --data-binary @a.json', 'POST', FILES['a.json'], 'application/x-www-form-urlencoded'],
    ['/ --data-raw @a', 'POST', '@a', 'application/x-www-form-urlencoded'],
    ['/ --data-urlencode n@words --data-urlencode =a/b', 'POST', 'n=a%20b&a%2Fb', 'application/x-www-form-urlencoded'],
    ["/ --json '{\"a\":' --json '1}' -X PUT", 'PUT', '{"a":1}', 'application/json'],
    ['/ -T photo.jpg', 'PUT', 'JPG', undefined],
  ];
  for (const [line, method, body, type] of cases) {
    const request = curl(line);
    assert.deepEqual([request.method, request.body.toString()], [method, body], line);
    const fields = fieldsOf(line);
    assert.equal(fields['content-type'], type, line);
    assert.equal(fields['content-length'], body === '' ? undefined : String(body.length), line);
  }
  assert.equal(curl('/ --http2').protocol, '2');
  assert.equal(curl('/ -0').protocol, '1.0');
});

test('parts of a form', () => {
  const { body, headers } = curl(
    '/ -F a=1 -F "f=@photo.jpg;type=image/jpeg;filename=\\"x.php\\"" --form-string "c=@;x"',
  );
  const boundary = headers[headers.indexOf('content-type') + 1].split('boundary=')[1];
  assert.equal(
    body.toString(),
    [
      `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="x.php"\r\nContent-Type: image/jpeg\r\n\r\nJPG\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="c"\r\n\r\n@;x\r\n--${boundary}--\r\n`,
    ].join(''),
  );
});

test('fields: usual ones, given ones, those left out', () => {
  assert.deepEqual(
    fieldsOf(
      "/ -b a=1 --cookie 'b=2' -A me -e http://x/ -u joe:pw -H 'X-Ä;' -H 'Accept:' -H 'X: ä' --compressed -r 0-9",
    ),
    {
      host: 'own.test',
      authorization: 'Basic am9lOnB3',
      range: 'bytes=0-9',
      'user-agent': 'me',
      'accept-encoding': 'deflate, gzip, br, zstd',
      referer: 'http://x/',
      cookie: 'a=1; b=2',
      'x-ä': '',
      x: 'Ã¤',
    },
  );
  assert.equal(fieldsOf("curl / -H 'Host: other'").host, 'other');
  const chunked = fieldsOf("/ -d a -H 'Transfer-Encoding: chunked'");
  assert.deepEqual([chunked['content-length'], chunked['transfer-encoding']], [undefined, 'chunked']);
});

test('mistakes are told with what to do', () => {
  const cases: [line: string, message: RegExp][] = [
    ['-X POST', /no URL/],
    ['/a /b', /one URL is tested/],
    ['/ --dat x', /--dat is no option.*--data/],
    ['/ -H novalue', /Name: value/],
    ['/ -b jar.txt', /name=value/],
    ['/ -F x', /name=@file/],
    ['/ --json', /needs a value; lb's own --json/],
    ['ftp://a/', /http:\/\/ or https/],
    ['http://a:b:c/', /no host/],
    ['/ --next /b', /one request/],
  ];
  for (const [line, message] of cases) {
    assert.throws(
      () => curl(line),
      (error) => error instanceof RequestError && message.test(error.message),
      line,
    );
  }
});

test('raw requests and answers', () => {
  const raw = (text: string) => rawRequest(Buffer.from(text), 'f');
  const posted = raw('POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\n');
  assert.deepEqual([posted.method, posted.target, posted.body.toString()], ['POST', '/a?b', 'abc']);
  assert.deepEqual(raw('PUT /a HTTP/1.1\nHost: h\n\nab').headers, ['host', 'h', 'content-length', '2']);
  const absolute = raw('GET https://h/x HTTP/1.0\nHost: h\n');
  assert.deepEqual([absolute.scheme, absolute.target, absolute.protocol], ['https', '/x', '1.0']);
  assert.throws(() => raw('GET /a'), /first line/);
  assert.throws(() => raw('GET /a HTTP/1.1\nHost h\n\n'), /f:2/);
  assert.throws(() => raw('POST /a HTTP/1.1\nHost: h\nContent-Length: 9\n\nabc'), /says 9 bytes/);
  const answer = rawResponse(Buffer.from('HTTP/1.1 500 Oops\nContent-Type: text/html\n\n<p>'), 'f');
  assert.deepEqual(
    [answer.status, answer.headers, answer.body.toString()],
    [500, ['content-type', 'text/html'], '<p>'],
  );
  assert.throws(() => rawResponse(Buffer.from('HTTP/1.1 200 OK\nContent-Encoding: gzip\n\nx'), 'f'), /decoded/);
});
