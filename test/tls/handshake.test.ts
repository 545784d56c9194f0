// TLS of a listener alone: who gets which certificate, and what is agreed on.
import { equal, match, notEqual, ok } from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { before, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { TlsTerms } from '../../src/tls/terms.ts';
import { type Authority, type Certificate, createAuthority } from '../dial/certificates.ts';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { ask, handshake, nameOf, refusal } from './client.ts';
import { say, startListener, TERMS, type TestListener, tlsTerms } from './listener.ts';

type Named = Certificate & { names: string[] };

let authority: Authority;
let first: Named;
let second: Named;

before(async () => {
  authority = await createAuthority();
  first = await issue(['a.test', '*.wild.test']);
  second = await issue(['b.test', 'exact.wild.test']);
});

async function issue(names: string[]): Promise<Named> {
  return { ...(await authority.issue({ names })), names };
}

function serve(t: Cleanup, more: Partial<TlsTerms> = {}): Promise<TestListener> {
  const tls = tlsTerms([first, second], more);
  return startListener(t, (request, reply) => say(reply, `${request.scheme()} ${request.serverName()}`), { tls });
}

test('the certificate is that of the name: exact, by wildcard, or else the first', async (t) => {
  const { port } = await serve(t);
  for (const [name, expected] of [
    ['a.test', 'a.test'],
    ['B.TEST', 'b.test'],
    ['b.test.', 'b.test'],
    ['x.wild.test', 'a.test'],
    ['exact.wild.test', 'b.test'],
    ['x.y.wild.test', 'a.test'],
    ['unknown.test', 'a.test'],
    ['', 'a.test'],
  ]) {
    equal(nameOf(await handshake(t, port, { servername: name })), expected, name);
  }
  const socket = await handshake(t, port, { servername: 'b.test', ca: authority.cert, rejectUnauthorized: true });
  match(await ask(socket, '/', 'b.test'), /https b\.test$/);
  match(await ask(await handshake(t, port, { servername: 'B.test.' }), '/', 'b.test'), /https b\.test$/);
});

test('certificates of two kinds serve one name', async (t) => {
  const { rsa } = await import('./rsa.ts');
  const pair = rsa('a.test');
  const certificates = [
    { ...first, names: ['a.test'], kind: 'ec' },
    { ...pair, names: ['a.test'], kind: 'rsa' },
  ];
  const { port } = await serve(t, { certificates });
  for (const suite of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256']) {
    const socket = await handshake(t, port, { servername: 'a.test', ciphers: suite, maxVersion: 'TLSv1.2' });
    equal(socket.getCipher().name, suite);
  }
});

test('TLS 1.2 and 1.3 with modern suites, and nothing older', async (t) => {
  const { port } = await serve(t);
  equal((await handshake(t, port)).getProtocol(), 'TLSv1.3');
  const old = await handshake(t, port, { maxVersion: 'TLSv1.2' });
  equal(old.getProtocol(), 'TLSv1.2');
  equal(old.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256');
  const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  match(await refusal(t, port, weak), /PROTOCOL|ALERT|UNSUPPORTED/);
  for (const ciphers of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256']) {
    match(await refusal(t, port, { ciphers, maxVersion: 'TLSv1.2' }), /HANDSHAKE_FAILURE/);
  }
  const strict = await serve(t, { minVersion: 'TLSv1.3' });
  match(await refusal(t, strict.port, { maxVersion: 'TLSv1.2' }), /PROTOCOL_VERSION/);
});

test('a client cannot have the handshake made anew', async (t) => {
  const { port } = await serve(t);
  const socket = await handshake(t, port, { maxVersion: 'TLSv1.2' });
  let outcome = 'none';
  socket.renegotiate({}, (error) => {
    outcome = error === null ? 'anew' : 'refused';
  });
  const answered = ask(socket, '/', 'a.test').catch(() => {});
  await within(Promise.race([answered, new Promise((resolve) => socket.once('close', resolve))]), 'an outcome');
  notEqual(outcome, 'anew');
});

test('ALPN: HTTP/2 before HTTP/1.1, neither for who speaks none of them', async (t) => {
  const { port } = await serve(t);
  const chosen = async (protocols: string[], at = port) =>
    (await handshake(t, at, { ALPNProtocols: protocols })).alpnProtocol;
  equal(await chosen(['http/1.1', 'h2']), 'h2');
  equal(await chosen(['http/1.1']), 'http/1.1');
  equal(await chosen(['http/1.0']), 'http/1.0');
  match(await refusal(t, port, { ALPNProtocols: ['spdy/3'] }), /NO_APPLICATION_PROTOCOL/);
  const without = await serve(t, { http2: false });
  equal(await chosen(['h2', 'http/1.1'], without.port), 'http/1.1');
  match(await refusal(t, without.port, { ALPNProtocols: ['h2'] }), /NO_APPLICATION_PROTOCOL/);
});

test('a challenge of TLS-ALPN-01 is answered with its own certificate while it stands', async (t) => {
  const { port, challenges } = await serve(t);
  const challenge = await issue(['a.test']);
  challenges.replace([{ name: 'a.test', cert: challenge.cert, key: challenge.key }]);
  const acme = { servername: 'a.test', ALPNProtocols: ['acme-tls/1'] };
  const socket = await handshake(t, port, acme);
  equal(socket.alpnProtocol, 'acme-tls/1');
  const serial = socket.getPeerCertificate().serialNumber;
  const ordinary = await handshake(t, port, { servername: 'a.test', ALPNProtocols: ['h2'] });
  notEqual(ordinary.getPeerCertificate().serialNumber, serial);
  match(await refusal(t, port, { ...acme, servername: 'b.test' }), /HANDSHAKE_FAILURE/);
  challenges.replace([]);
  match(await refusal(t, port, acme), /NO_APPLICATION_PROTOCOL/);
});

test('other certificates count from the next handshake on, and connections that stand go on', async (t) => {
  const { listener, port, terms } = await serve(t);
  const before = await handshake(t, port, { servername: 'a.test' });
  const third = await issue(['c.test', 'a.test']);
  listener.update({ ...terms, tls: tlsTerms([third]) });
  equal(nameOf(await handshake(t, port, { servername: 'a.test' })), 'c.test');
  match(await ask(before, '/', 'a.test'), /https a\.test$/);
  const broken = { ...terms, tls: tlsTerms([{ ...third, key: first.key }]) };
  let refused = false;
  try {
    listener.update(broken);
  } catch {
    refused = true;
  }
  ok(refused);
  equal(nameOf(await handshake(t, port, { servername: 'a.test' })), 'c.test');
  listener.update({ ...terms, tls: tlsTerms([]) });
  match(await refusal(t, port, { servername: 'a.test' }), /HANDSHAKE_FAILURE/);
});

/** The session that a client may resume. */
async function sessionOf(socket: TLSSocket): Promise<Buffer> {
  const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  await ask(socket, '/', 'a.test');
  return within(ticket, 'a session ticket');
}

test('sessions are resumed by every thread and after other certificates came, as long as the key is the same', async (t) => {
  const one = await serve(t);
  const other = await serve(t);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { servername: 'a.test', maxVersion };
    const socket = connect({ port: one.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    t.after(() => void socket.destroy());
    const session = await sessionOf(socket);
    const resumed = await handshake(t, other.port, { ...options, session });
    ok(resumed.isSessionReused(), maxVersion);
    other.listener.update({ ...other.terms, tls: tlsTerms([first]) });
    ok((await handshake(t, other.port, { ...options, session })).isSessionReused(), maxVersion);
    const rotated = tlsTerms([first], { ticketKey: new Uint8Array(48).fill(9) });
    other.listener.update({ ...other.terms, tls: rotated });
    ok(!(await handshake(t, other.port, { ...options, session })).isSessionReused(), maxVersion);
    other.listener.update({ ...other.terms, tls: tlsTerms([first]) });
  }
});

test('clients are asked for certificates, and need one where that is required', async (t) => {
  const clients = await createAuthority();
  const good = await clients.issue({ names: ['client'] });
  const bad = await authority.issue({ names: ['client'] });
  const required = await serve(t, { clientAuth: 'require', clientCa: clients.cert });
  equal(await refusal(t, required.port, { servername: 'b.test', ...good }), '');
  notEqual(await refusal(t, required.port, { servername: 'b.test' }), '');
  notEqual(await refusal(t, required.port, { servername: 'b.test', ...bad }), '');
  const asked = await serve(t, { clientAuth: 'request', clientCa: clients.cert });
  equal(await refusal(t, asked.port, {}), '');
  equal(await refusal(t, asked.port, { ...good }), '');
});

test('a session of other terms for clients stands for no certificate', async (t) => {
  const [before, now] = [await createAuthority(), await createAuthority()];
  const client = await before.issue({ names: ['client'] });
  const strict = { clientAuth: 'require', clientCa: now.cert } as const;
  const { listener, port, terms } = await serve(t);
  const begin = async (more: Partial<TlsTerms>, options: ConnectionOptions) => {
    listener.update({ ...terms, tls: tlsTerms([first], more) });
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    t.after(() => void socket.destroy());
    return sessionOf(socket);
  };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { servername: 'a.test', maxVersion };
    // an authority that is trusted no more, and a client that was not asked and has a certificate now
    const revoked = await begin({ ...strict, clientCa: before.cert }, { ...options, ...client });
    const unasked = await begin({}, options);
    listener.update({ ...terms, tls: tlsTerms([first], strict) });
    notEqual(await refusal(t, port, { ...options, session: revoked }), '', maxVersion);
    const good = await now.issue({ names: ['client'] });
    equal(await refusal(t, port, { ...options, ...good, session: unasked }), '', maxVersion);
  }
});

test('who says nothing, or no TLS, is sent away', async (t) => {
  const limits = { ...TERMS.limits, headerTimeout: 100 };
  const tls = tlsTerms([first]);
  const { listener, port, challenges } = await startListener(t, (_, reply) => say(reply, 'hello'), { tls, limits });
  const sendAway = async (text: string) => {
    const socket = connectSocket(port, '127.0.0.1');
    t.after(() => void socket.destroy());
    socket.on('error', () => {}).resume();
    if (text !== '') socket.write(text);
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection');
  };
  for (const text of ['', 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n']) await sendAway(text);
  // the beginning of a ClientHello is waited for to look whether it is for a challenge
  challenges.replace([{ name: 'a.test', cert: first.cert, key: first.key }]);
  for (const text of ['', '\x16\x03']) await sendAway(text);
  await until(() => listener.connections() === 0, 'all to be gone');
});

test('a PROXY header in front of TLS tells the address of the client', async (t) => {
  const tls = tlsTerms([first]);
  const answer: Parameters<typeof startListener>[1] = (request, reply) => say(reply, request.address());
  const { port } = await startListener(t, answer, { tls, proxyProtocol: ['127.0.0.1'] });
  const raw = connectSocket(port, '127.0.0.1');
  t.after(() => void raw.destroy());
  raw.write('PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n');
  const socket = connect({ socket: raw, servername: 'a.test', rejectUnauthorized: false });
  match(await ask(socket, '/', 'a.test'), /192\.0\.2\.7$/);
});

test('a PROXY header is for its connection alone, also where another local address has one of the same port', async (t) => {
  const tls = tlsTerms([first]);
  const answer: Parameters<typeof startListener>[1] = (request, reply) => say(reply, request.address());
  const { port } = await startListener(t, answer, { tls, proxyProtocol: ['127.0.0.1'] }, '0.0.0.0');
  const open = async (host: string, localPort: number, told: string) => {
    const raw = connectSocket({ host, port, localAddress: '127.0.0.1', localPort });
    t.after(() => void raw.destroy());
    await within(new Promise((resolve, reject) => raw.once('connect', resolve).once('error', reject)), 'a connection');
    raw.write(`PROXY TCP4 ${told} 192.0.2.1 5000 443\r\n`);
    return raw;
  };
  const one = await open('127.0.0.1', 0, '192.0.2.7');
  const other = await open('127.0.0.2', one.localPort ?? 0, '192.0.2.8');
  const [first7, second8] = [one, other].map((socket) =>
    connect({ socket, servername: 'a.test', rejectUnauthorized: false }),
  );
  match(await ask(first7, '/', 'a.test'), /192\.0\.2\.7$/);
  match(await ask(second8, '/', 'a.test'), /192\.0\.2\.8$/);
});
