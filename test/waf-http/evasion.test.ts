// Attacks written otherwise, over real sockets: what a client may do to a body, to its framing and to its length.
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect } from 'node:http2';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { within } from '../support/cleanup.ts';
import { post, put, ruleFolder, startWaf } from './scene.ts';

const FORM = 'application/x-www-form-urlencoded';
const ATTACK = 'id=1+union+select+2';
const folder = ruleFolder({ after });
const own = put(
  folder,
  'own.conf',
  `SecRule REQUEST_HEADERS:Content-Encoding "@rx ." "id:70001,phase:1,deny,status:415,log"
SecRule REQUEST_HEADERS:Content-Type "!@rx ^(?:$|application/(?:x-www-form-urlencoded|json|xml)|multipart/form-data|text/xml)" "id:70002,phase:1,deny,status:415,log,t:lowercase"
SecRule REQBODY_PROCESSOR "!@rx ." "id:70003,phase:2,deny,status:415,log,chain"
  SecRule REQUEST_BODY_LENGTH "@gt 0" ""`,
);
const limits = { request_body: { limit: '64KB' }, arguments_limit: 50, rules: [own] };
const scene = await startWaf({ after }, limits, { h2c: true });
let reached = 0;
scene.on('/form', async (request, answer) => {
  const body = await request.body();
  reached++;
  await answer.send(200, [['Cache-Control', 'no-store']], `got ${body.length}`);
});

/** The status of a request written by hand. */
async function raw(text: string): Promise<number> {
  const client = await scene.open();
  client.send(text);
  const { status } = await client.response('POST');
  client.close();
  return status;
}

const head = (fields: string) => `POST /form HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const chunks = (parts: string[]) => parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');

test('chunks: bytes one by one, extensions, trailers, odd framing', async () => {
  const fields = `Content-Type: ${FORM}\r\nTransfer-Encoding: chunked`;
  assert.equal(await raw(`${head(fields)}${chunks(Array.from('id=1'))}0\r\n\r\n`), 200);
  assert.equal(await raw(`${head(fields)}${chunks(Array.from(ATTACK))}0\r\n\r\n`), 403);
  assert.equal(await raw(`${head(fields)}3;x=y\r\nid=\r\n10\r\n1+union+select+2\r\n0\r\n\r\n`), 403);
  assert.notEqual(await raw(`${head(fields)}0\r\nX-A: union select\r\n\r\n`), 500);
  const before = reached;
  assert.equal(await raw(`${head(`${fields}\r\nContent-Length: 4`)}${chunks([ATTACK])}0\r\n\r\n`), 400);
  assert.equal((await raw(`${head(`Content-Type: ${FORM}\r\nTransfer-Encoding: xchunked`)}${ATTACK}`)) >= 400, true);
  assert.equal(reached, before);
});

test('bodies that are coded are refused where a rule says so, and are never read as something else', async () => {
  const coded = gzipSync(ATTACK).toString('latin1');
  const fields = [
    ['Content-Type', FORM],
    ['Content-Encoding', 'gzip'],
  ] as const;
  assert.equal((await scene.get('/form', fields, { method: 'POST', body: coded })).status, 415);
});

test('the media type does not hide a body', async () => {
  const types = ['APPLICATION/X-WWW-FORM-URLENCODED', `${FORM};charset=x`, `${FORM} ; a=b`];
  for (const type of types) assert.equal((await post(scene, '/form', type, ATTACK)).status, 403, type);
  for (const type of ['text/plain', 'application/x-www-form-urlencode', 'x', ' ']) {
    assert.equal((await post(scene, '/form', type, ATTACK)).status, 415, type);
  }
  assert.equal((await scene.get('/form', [], { method: 'POST', body: ATTACK })).status, 415);
  const json = '{"a": "union select"}';
  for (const type of ['application/json', 'Application/JSON; x', 'application/problem+json']) {
    assert.ok([403, 415].includes((await post(scene, '/form', type, json)).status), type);
  }
  const xml = '<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>';
  assert.equal((await post(scene, '/form', 'text/xml', xml)).status, 400);
});

test('multipart bodies: split, folded, with another boundary', async () => {
  const type = 'multipart/form-data; boundary=b';
  const part = (value: string) => `--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n${value}\r\n`;
  assert.equal((await post(scene, '/form', type, `${part('1')}--b--\r\n`)).status, 200);
  assert.equal((await post(scene, '/form', type, `${part('1')}${part('union select')}--b--\r\n`)).status, 403);
  const odd = [part('1'), `x${part('1')}--b--`, `${part('1')}--b--\r\n${part('union select')}--b--\r\n`, 'id=1'];
  for (const body of odd) assert.equal((await post(scene, '/form', type, body)).status, 400, body);
  const two = 'multipart/form-data; boundary=b; boundary=c';
  assert.equal((await post(scene, '/form', two, `${part('1')}--b--\r\n`)).status, 400);
});

test('past a limit: bodies, arguments, and what stands behind long values', async () => {
  assert.equal((await post(scene, '/form', FORM, `a=${'x'.repeat(70_000)}&${ATTACK}`)).status, 413);
  assert.equal((await post(scene, '/form', FORM, `a=${'x'.repeat(60_000)}&${ATTACK}`)).status, 403);
  assert.equal((await post(scene, '/form', FORM, `a=${'x+'.repeat(2048)}union+select`)).status, 403);
  assert.equal((await post(scene, '/form', FORM, `${'a=1&'.repeat(60)}${ATTACK}`)).status, 400);
  assert.equal((await post(scene, '/form', FORM, `${'a=1&'.repeat(45)}${ATTACK}`)).status, 403);
  assert.equal((await scene.get(`/form?${'a=1&'.repeat(60)}${ATTACK}`)).status, 400);
  const cookies = Array.from({ length: 200 }, (_, i) => `c${i}=1`).join('; ');
  assert.equal((await scene.get('/form', [['Cookie', `${cookies}; z=union select`]])).status, 403);
  const deep = `${'['.repeat(600)}${']'.repeat(600)}`;
  assert.equal((await post(scene, '/form', 'application/json', deep)).status, 400);
});

test('HTTP/2 without TLS: bodies in frames, cookies in pieces, no length told', async () => {
  const session = connect(`http://127.0.0.1:${scene.lb.port}`).on('error', () => {});
  after(() => session.destroy());
  const send = (fields: Record<string, string | string[]>, parts: string[]) => ask(session, fields, parts);
  assert.equal(await send({ 'content-type': FORM }, ['id', '=1']), 200);
  assert.equal(await send({ 'content-type': FORM }, ['id=1+uni', 'on+sel', 'ect+2']), 403);
  assert.equal(await send({ 'content-type': FORM, 'content-encoding': 'gzip' }, ['x']), 415);
  assert.equal(await send({ 'content-type': FORM, cookie: ['a=1', 'b=union select'] }, ['id=1']), 403);
  assert.equal(await send({ 'content-type': FORM }, ['a='.padEnd(70_000, 'x'), ATTACK]), 413);
  assert.equal(await send({ 'content-type': FORM, ':path': `/form?${ATTACK}` }, []), 403);
});

function ask(session: ClientHttp2Session, fields: Record<string, string | string[]>, parts: string[]): Promise<number> {
  const stream = session.request({ ':method': 'POST', ':path': '/form', ':authority': 'site.test', ...fields });
  const status = new Promise<number>((resolve, reject) => {
    stream.on('response', (headers) => resolve(Number(headers[':status']))).on('error', reject);
  });
  stream.resume();
  for (const part of parts) stream.write(part);
  stream.end();
  return within(status, 'an answer');
}
