import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Challenge, type ChallengeAnswer, type ChallengeSubject } from './challenge.ts';
import { puzzleOf, solve } from './testing.ts';

const CONFIG = { difficulty: 8, ttl: 3600, cookie: 'pass', secret: 'a secret of some length' };
const NAVIGATION = { accept: 'text/html,*/*', 'user-agent': 'browser', 'sec-fetch-mode': 'navigate' };

interface Client {
  address?: string;
  method?: string;
  scheme?: 'http' | 'https';
  fields?: Record<string, string>;
}

function subject({ address = '192.0.2.7', method = 'GET', scheme = 'http', fields = {} }: Client): ChallengeSubject {
  const all: Record<string, string> = { ...NAVIGATION, ...fields };
  return { method, scheme, field: (name) => all[name] ?? '', clientAddress: () => address, ownId: () => 'id<1>' };
}

let now = 1_800_000_000;
function challenge(changes: Partial<typeof CONFIG> = {}, site = 'a', used = new Set<string>()): Challenge {
  const once = (text: string) => !used.has(text) && used.add(text) !== undefined;
  return new Challenge(site, { ...CONFIG, ...changes }, { once, now: () => now });
}

const pageOf = (answer: ChallengeAnswer | undefined) => answer?.body?.content ?? assert.fail('no page');
const cookieIn = (answer: ChallengeAnswer | undefined) => {
  const line = answer?.fields.find((field) => field.startsWith('Set-Cookie: ')) ?? assert.fail(JSON.stringify(answer));
  return { line, pair: line.slice('Set-Cookie: '.length).split(';', 1)[0] };
};
/** What a client gets that is challenged and solves it. */
function pass(by: Challenge, client: Client = {}) {
  const solution = solve(puzzleOf(pageOf(by.check(subject(client)))));
  return cookieIn(by.judge(subject({ ...client, fields: { 'x-lb-challenge': solution } })));
}

test('a page, its solution, a cookie, and then nothing more', () => {
  const one = challenge();
  const page = one.check(subject({}));
  assert.deepEqual([page?.status, page?.body?.contentType], [403, 'text/html; charset=utf-8']);
  assert.match(pageOf(page), /Request id&#60;1&#62;/);
  assert.equal(one.judge(subject({})), undefined, 'no solution, no opinion');
  const { line, pair } = pass(one);
  assert.match(line, /^Set-Cookie: pass_http=[0-9a-z]+\.[\w-]{22}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/);
  const of = 'pass_http=other';
  for (const cookie of [pair, `a=b; ${pair}`, `${pair}; a=b`, `xpass_http=1; ${pair}`, `${of}; ${of}; ${pair}`])
    assert.equal(one.check(subject({ fields: { cookie } })), undefined, cookie);
  assert.ok(challenge({}, 'a').check(subject({ fields: { cookie: `x${pair}` } })), 'a cookie of another name');
});

test('over TLS the cookie is Secure, and has another name: a plain one could not replace it', () => {
  const one = challenge();
  const secure = pass(one, { scheme: 'https' });
  assert.match(secure.line, /^Set-Cookie: pass=.*; Secure$/);
  assert.equal(one.check(subject({ scheme: 'https', fields: { cookie: secure.pair } })), undefined);
  const plain = pass(one);
  assert.equal(one.check(subject({ scheme: 'https', fields: { cookie: plain.pair } })), undefined);
  assert.ok(one.check(subject({ scheme: 'http', fields: { cookie: secure.pair } })));
});

test('a cookie is for one client, site, secret and time, on every thread', () => {
  const { pair: cookie } = pass(challenge());
  const fields = { cookie };
  assert.equal(challenge().check(subject({ fields })), undefined, 'another thread');
  assert.equal(challenge().check(subject({ fields, address: '192.0.2.99' })), undefined, 'the same network');
  assert.ok(challenge().check(subject({ fields, address: '192.0.3.7' })));
  assert.ok(challenge().check(subject({ fields: { cookie, 'user-agent': 'another' } })));
  assert.ok(challenge({}, 'b').check(subject({ fields })));
  assert.ok(challenge({ secret: 'another secret, as long' }).check(subject({ fields })));
  const known = challenge();
  assert.equal(known.check(subject({ fields })), undefined);
  assert.ok(known.check(subject({ fields, address: '198.51.100.1' })), 'also where it is remembered');
  now += 3601;
  assert.ok(known.check(subject({ fields })), 'it is over');
  assert.ok(challenge().check(subject({ fields })));
  now -= 3601;
});

test('IPv6 clients are their /64', () => {
  const one = challenge();
  for (const [address, same, other] of [
    ['2001:db8:1:2::7', '2001:db8:1:2:ffff::1', '2001:db8:1:3::7'],
    ['::1', '::2', '0:0:0:1::1'],
    ['2001:db8::7', '2001:db8:0:0:1:2:3:4', '2001:db8:0:1::7'],
  ]) {
    const { pair: cookie } = pass(one, { address });
    assert.equal(one.check(subject({ address: same, fields: { cookie } })), undefined, same);
    assert.ok(one.check(subject({ address: other, fields: { cookie } })), other);
  }
});

test('forged and changed cookies and solutions are refused', () => {
  const one = challenge();
  const { pair } = pass(one);
  const later = pair.replace(/=(\w+)\./, (_, expiry: string) => `=${(Number.parseInt(expiry, 36) + 1).toString(36)}.`);
  const cut = pair.slice(0, -1);
  for (const cookie of [
    later,
    cut,
    `${pair}x`,
    'pass_http=',
    'pass_http=.',
    `pass_http=zzzzzzzzzz.${'A'.repeat(22)}`,
    'pass_http=;',
  ])
    assert.ok(one.check(subject({ fields: { cookie } })), cookie);
  const puzzle = puzzleOf(pageOf(one.check(subject({}))));
  const solution = solve(puzzle);
  const says = (text: string, client: Client = {}) =>
    one.judge(subject({ ...client, fields: { 'x-lb-challenge': text } }))?.problem?.detail;
  const wrong = Array.from({ length: 50 }, (_, n) => `${puzzle.puzzle}.${n}`).filter((text) => text !== solution);
  assert.equal(says(wrong.at(-1) ?? ''), 'the solution is wrong');
  for (const text of ['', '.', 'x', `${solution}.1`, `${solution}e9`, solution.replace('.', ''), `${puzzle.puzzle}.-1`])
    assert.notEqual(one.judge(subject({ fields: { 'x-lb-challenge': text } }))?.status, 204, text);
  assert.equal(says(solution, { address: '198.51.100.1' }), 'the puzzle was given to another client');
  assert.equal(
    says(solution.replace(/^\w+/, (issued) => (Number.parseInt(issued, 36) + 1).toString(36))),
    'the puzzle was given to another client',
  );
  now += 301;
  assert.equal(says(solution), 'the puzzle is too old');
  now -= 301;
  assert.equal(says(solution), undefined, 'the first time');
  assert.equal(says(solution), 'the puzzle has been used');
  assert.equal(
    says(solve(puzzle, Number(solution.split('.').at(-1)) + 1)),
    'the puzzle has been used',
    'by another number, too',
  );
});

test('a solution of less work than is asked for now is refused', () => {
  const easy = solve(puzzleOf(pageOf(challenge({ difficulty: 1 }).check(subject({})))));
  const hard = challenge({ difficulty: 24 });
  assert.equal(hard.judge(subject({ fields: { 'x-lb-challenge': easy } }))?.problem?.detail, 'the solution is wrong');
});

test('who cannot show a page is told so; a question for leave (CORS) has no cookies and passes', () => {
  const one = challenge();
  const others: Client[] = [
    { method: 'POST' },
    { fields: { accept: 'application/json' } },
    { fields: { 'sec-fetch-mode': 'cors' } },
    { method: 'OPTIONS' },
  ];
  for (const client of others) {
    const answer = one.check(subject(client));
    assert.deepEqual([answer?.status, answer?.body], [403, undefined]);
    assert.match(answer?.problem?.detail ?? '', /open one of its pages in a browser/);
  }
  assert.ok(one.check(subject({ method: 'HEAD' }))?.body);
  const leave = { origin: 'https://b.test', 'access-control-request-method': 'PUT' };
  assert.equal(one.check(subject({ method: 'OPTIONS', fields: leave })), undefined);
  assert.ok(one.check(subject({ method: 'GET', fields: leave })));
});

test('the page works under a policy that lets nothing else run', () => {
  const answer = challenge().check(subject({}));
  const policy = answer?.fields.find((field) => field.startsWith('Content-Security-Policy: ')) ?? assert.fail();
  const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? assert.fail();
  const page = pageOf(answer);
  assert.ok(page.includes(`<script nonce="${nonce}">`) && page.includes(`<style nonce="${nonce}">`));
  assert.doesNotMatch(page, /\b(?:src|href|on\w+)=/);
  assert.notEqual(pageOf(challenge().check(subject({}))), page, 'each has a puzzle of its own');
});
