// Attacks written otherwise: found behind every coding, in every place, and past every limit of the engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseRules } from '../../src/waf/ruleset/own-rules.ts';
import { ids, planOf, send } from './engine-harness.ts';

const FORM = ['host', 'a', 'content-type', 'application/x-www-form-urlencoded'];
const MULTIPART = ['host', 'a', 'content-type', 'multipart/form-data; boundary=B'];
const JSON_TYPE = ['host', 'a', 'content-type', 'application/json'];
const XML_TYPE = ['host', 'a', 'content-type', 'text/xml'];

const TRANSFORMED =
  't:none,t:utf8toUnicode,t:urlDecodeUni,t:htmlEntityDecode,t:jsDecode,t:cssDecode,t:removeNulls,t:lowercase';
const base = baseRules();
const RULES = `${'text' in base ? base.text : ''}
SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_HEADERS|XML:/*|XML://@*|FILES|FILES_NAMES|REQUEST_FILENAME|MULTIPART_PART_HEADERS "@rx <script" "id:1,phase:2,deny,log,${TRANSFORMED}"
SecRule ARGS "@rx <script" "id:8,phase:2,deny,log,t:none,t:urlDecodeUni,t:cssDecode,t:lowercase"
SecRule ARGS|REQUEST_COOKIES "@rx union\\s+select" "id:2,phase:2,deny,log,t:none,t:urlDecodeUni,t:replaceComments,t:compressWhitespace,t:lowercase"
SecRule ARGS "@detectSQLi" "id:3,phase:2,deny,log,t:none,t:utf8toUnicode,t:urlDecodeUni,t:removeNulls"
SecRule ARGS "@detectXSS" "id:4,phase:2,deny,log,t:none,t:urlDecodeUni,t:removeNulls"
SecRule ARGS|REQUEST_FILENAME "@pm etc/passwd" "id:5,phase:2,deny,log,t:none,t:urlDecodeUni,t:normalisePathWin,t:cmdLine"
SecRule REQUEST_HEADERS:Content-Encoding "@rx ." "id:6,phase:1,deny,status:415,log"
SecRule REQUEST_HEADERS|ARGS|REQUEST_URI_RAW "@validateUtf8Encoding" "id:7,phase:2,pass,log,t:none,t:urlDecode"
`;
const plan = planOf(RULES);

function blocked(sent: Parameters<typeof send>[1], what = JSON.stringify(sent).slice(0, 200)): void {
  assert.notEqual(send(plan, sent).verdict, undefined, what);
}

function passes(sent: Parameters<typeof send>[1]): void {
  assert.equal(send(plan, sent).verdict, undefined, `${JSON.stringify(sent).slice(0, 200)}: ${ids(send(plan, sent))}`);
}

test('codings of an argument, one in another', () => {
  const forms = [
    ...[
      '<script',
      '%3Cscript',
      '%253Cscript',
      '%3CScRiPt',
      '%u003cscript',
      '%uff1cscript',
      '<scr%00ipt',
      '%26lt;script',
    ],
    ...[
      '%26%2360%3bscript',
      '%26%23x3c;script',
      '\\x3cscript',
      '\\u003cscript',
      '\\3c script',
      '<\\73 cript',
      '<scr\\ipt',
    ],
    ...['%25u003cscript', '%26lt%3bscript', '<%73cript', '\\74script'],
  ];
  for (const form of forms) blocked({ target: `/?a=${form}>` }, form);
  for (const form of ['script', '%3Cb%3E', '&amp;script', '100%25']) passes({ target: `/?a=${form}` });
});

test('blanks, comments and cases between words', () => {
  const blanks = [
    ' ',
    '+',
    '%20',
    '%09',
    '%0a',
    '%0b',
    '%0c',
    '%0d%0a',
    '/**/',
    '/*x*/',
    '/*!x*/',
    '%a0',
    '+/**/+',
    '/*%0a*/',
  ];
  for (const blank of blanks) blocked({ target: `/?a=1${blank}UnIoN${blank}SeLeCt${blank}x` }, blank);
});

test('overlong UTF-8 and bytes that are none are seen', () => {
  for (const form of [
    '%c0%bcscript',
    '%c0%af',
    '%e0%80%af',
    '%f0%80%80%af',
    '%ff',
    '%ed%a0%80',
    '%f5%80%80%80',
    '%80',
  ]) {
    assert.match(ids(send(plan, { target: `/?a=${form}` })), /\b7\b/, form);
  }
  assert.equal(ids(send(plan, { target: '/?a=%c3%a9%e2%82%ac%f0%9f%98%80' })), '');
});

test('paths that lead elsewhere', () => {
  const paths = [
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '..%252fetc%252fpasswd',
    '..%5cetc%5cpasswd',
    'etc//passwd',
  ];
  paths.push('etc/./passwd', 'x/../etc/passwd', "e't'c/pass'wd", 'ETC/PASSWD', 'etc/%2570asswd');
  for (const path of paths) blocked({ target: `/?f=${path}` }, path);
});

test('every place of a request', () => {
  const x = '<script>';
  blocked({ target: '/?<script>=1' });
  blocked({ target: '/?a=1&a=2&a=<script>&a=3' });
  blocked({ target: '/a/%3cscript%3e' });
  blocked({ target: '/', headers: ['host', 'a', 'x-a', x] });
  blocked({ target: '/', headers: ['host', 'a', 'cookie', 'a=b', 'Cookie', `c;d=${x}`] });
  blocked({ target: '/', headers: ['host', 'a', 'cookie', `;;=;a=b; ${'x'.repeat(300)}=%3Cscript`] });
  blocked({ method: 'POST', headers: FORM, body: `a=1&&=&b=${x}` });
  blocked({ method: 'DELETE', headers: FORM, body: `a=${x}` });
  blocked({ method: 'GET', headers: FORM, body: `a=${x}` });
  for (const body of [
    `{"a":"${x}"}`,
    `{"${x}":1}`,
    `[[["${x}"]]]`,
    `"${x}"`,
    '{"a":"\\u003cscript"}',
    `{"a":1,"a":"${x}"}`,
  ]) {
    blocked({ method: 'POST', headers: JSON_TYPE, body });
  }
  const xml = [
    '<a b="&lt;script"/>',
    '<a>&#60;script</a>',
    '<a><![CDATA[<script]]></a>',
    '<a>&lt;scr<!-- x -->ipt</a>',
  ];
  for (const body of xml) blocked({ method: 'POST', headers: XML_TYPE, body });
  blocked({ method: 'POST', headers: XML_TYPE, body: '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>' });
});

const part = (head: string, value: string) => `--B\r\n${head}\r\n\r\n${value}\r\n`;
const field = (value: string, head = 'Content-Disposition: form-data; name="a"') => `${part(head, value)}--B--\r\n`;

test('parts of multipart bodies: attacks in each, oddities refused', () => {
  passes({ method: 'POST', headers: MULTIPART, body: field('fine') });
  const attacks = [
    field('<script>'),
    field('x', 'Content-Disposition: form-data; name="<script>"'),
    field('x', 'Content-Disposition: form-data; name="a"; filename="<script>.png"'),
    field('x', 'Content-Disposition: form-data; name="a"\r\nX-Odd: <script>'),
    part('Content-Disposition: form-data; name="a"', '1') + field('<script>'),
    field('1\r\n<script>'),
  ];
  for (const body of attacks) blocked({ method: 'POST', headers: MULTIPART, body });
  const odd: Record<string, string> = {
    'text before': `x\r\n${field('1')}`,
    'text after': `${field('1')}more`,
    'no end': part('Content-Disposition: form-data; name="a"', '1'),
    'lines that end with LF': field('1').replaceAll('\r\n', '\n'),
    'a folded header': field('1', 'Content-Disposition: form-data;\r\n name="a"'),
    'no name': field('1', 'Content-Disposition: form-data'),
    'no disposition': field('1', 'X-A: b'),
    'two names': field('1', 'Content-Disposition: form-data; name="a"; name="b"'),
    'a single quote': field('1', "Content-Disposition: form-data; name='a'"),
    'another disposition': field('1', 'Content-Disposition: attachment; name="a"'),
    'no colon': field('1', 'Content-Disposition: form-data; name="a"\r\nodd'),
    'a boundary that goes on': field('1').replace('--B\r\n', '--B x\r\n'),
    'no boundary at all': 'a=<script>',
    'a header that does not end': '--B\r\nContent-Disposition: form-data; name="a"\r\n--B--\r\n',
  };
  for (const [what, body] of Object.entries(odd)) blocked({ method: 'POST', headers: MULTIPART, body }, what);
  const types = [
    'boundary="B"',
    'boundary= B',
    'boundary=B; boundary=C',
    'Boundary=B',
    'x=y; boundary=B',
    'boundary=',
    'x',
  ];
  for (const type of types) {
    const headers = ['host', 'a', 'content-type', `multipart/form-data; ${type}`];
    blocked({ method: 'POST', headers, body: field('1') }, type);
  }
  blocked({ method: 'POST', headers: ['content-type', 'multipart/form-data boundary=B'], body: field('1') });
  blocked({ method: 'POST', headers: ['content-type', 'MULTIPART/Form-Data; boundary=B'], body: field('<script>') });
});

test('behind any length, in any of many', () => {
  for (const length of [4000, 4090, 4096, 4100, 9000, 70_000, 1_000_000]) {
    const filler = 'a '.repeat(length / 2);
    for (const attack of ["1' or '1'='1' -- ", '<script>alert(1)</script>', '1 union select a from b', '/etc/passwd']) {
      const quick = length > 100_000 && attack.startsWith("1'");
      if (!quick) blocked({ method: 'POST', headers: FORM, body: `a=${filler}${attack}` }, `${length} ${attack}`);
      blocked({ method: 'POST', headers: FORM, body: `a=${attack}${filler}` }, `${attack} ${length}`);
    }
  }
  const many = (count: number, last: string) => Array.from({ length: count }, (_, i) => `a${i}=${i}`).join('&') + last;
  blocked({ target: `/?${many(999, '&z=<script>')}` });
  blocked({ method: 'POST', headers: FORM, body: many(999, '&z=<script>') });
  const cookies = Array.from({ length: 3000 }, (_, i) => `c${i}=${i}`).join('; ');
  blocked({ headers: ['host', 'a', 'cookie', `${cookies}; z=<script>`] });
  blocked({ headers: [...Array.from({ length: 2000 }, (_, i) => [`x-${i}`, '1']).flat(), 'z', '<script>'] });
});

test('past a limit nothing passes', () => {
  const args = (count: number) => Array.from({ length: count }, (_, i) => `a${i}=1`).join('&');
  passes({ target: `/?${args(1000)}` });
  blocked({ target: `/?${args(1001)}` });
  blocked({ method: 'POST', headers: FORM, body: args(1001) });
  blocked({ target: `/?${args(600)}`, method: 'POST', headers: FORM, body: args(600) });
  blocked({ method: 'POST', headers: JSON_TYPE, body: `[${'1,'.repeat(1001)}1]` });
  blocked({ method: 'POST', headers: JSON_TYPE, body: `${'['.repeat(600)}${']'.repeat(600)}` });
  blocked({ method: 'POST', headers: JSON_TYPE, body: '{"a":' });
  blocked({ method: 'POST', headers: XML_TYPE, body: `${'<a>'.repeat(300)}x${'</a>'.repeat(300)}` });
  blocked({ method: 'POST', headers: XML_TYPE, body: `<a>${'<b/>'.repeat(100_001)}</a>` });
  blocked({ method: 'POST', headers: FORM, body: `a=${'x'.repeat(1_048_577)}` });
  blocked({ method: 'POST', headers: MULTIPART, body: field('x'.repeat(1_048_577)) });
  const files = Array.from({ length: 101 }, (_, i) =>
    part(`Content-Disposition: form-data; name="f"; filename="${i}"`, ''),
  );
  blocked({ method: 'POST', headers: MULTIPART, body: `${files.join('')}--B--\r\n` });
  const fields = Array.from({ length: 1001 }, () => part('Content-Disposition: form-data; name="f"', '1'));
  blocked({ method: 'POST', headers: MULTIPART, body: `${fields.join('')}--B--\r\n` });
  const lines = Array.from({ length: 65 }, (_, i) => `X-${i}: 1`).join('\r\n');
  blocked({
    method: 'POST',
    headers: MULTIPART,
    body: field('1', `Content-Disposition: form-data; name="f"\r\n${lines}`),
  });
  assert.equal(send(plan, { method: 'POST', headers: FORM, body: 'x'.repeat(13_107_201) }).verdict?.status, 413);
});

test('scores count every match, however many there are', () => {
  const scoring = planOf(
    `
    SecRule ARGS "@rx x" "id:1,phase:2,pass,nolog,setvar:tx.score=+1,setvar:tx.seen_%{MATCHED_VAR_NAME}=1"
    SecRule TX:score "@ge 3000" "id:2,phase:2,deny,log"`.replace(
      'SecRule ARGS',
      'SecArgumentsLimit 5000\nSecRule ARGS',
    ),
  );
  const body = Array.from({ length: 3000 }, (_, i) => `a${i}=x`).join('&');
  assert.equal(ids(send(scoring, { method: 'POST', headers: FORM, body })), '2 !2');
});
