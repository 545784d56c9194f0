import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { assets } from '../compress-background/assets.ts';
import { until, within } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

const TAKEN = 'gzip, deflate, br, zstd, dcb, dcz';

interface Answer {
  coding: string;
  dictionary: string;
  body: Buffer;
}

async function get(session: ClientHttp2Session, path: string, fields: Record<string, string> = {}): Promise<Answer> {
  const stream = session.request({ ':path': path, 'accept-encoding': TAKEN, ...fields });
  const seen: Answer = { coding: '', dictionary: '', body: Buffer.alloc(0) };
  stream.on('response', (head) => {
    seen.coding = String(head['content-encoding']);
    seen.dictionary = String(head['use-as-dictionary']);
  });
  seen.body = Buffer.concat(await within(stream.toArray(), path));
  return seen;
}

test('dictionaries of a site with HTTPS, by HTTP/2', async (t) => {
  const folder = await certificateFolder(t);
  await folder.put('first', ['a.test']);
  const [{ body, type }] = assets();
  const next = Buffer.concat([Buffer.from('// 2\n'), body]);
  const origin = await startOrigin(t, ({ target }, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=60'],
        ['Content-Type', type],
      ],
      target.startsWith('/1') ? body : next,
    ),
  );
  const lb = await startLb(t, {
    origins: [origin.address],
    tls: { listen: '127.0.0.1:0', folder: folder.path },
    compression: { enabled: true, dictionaries: [{ match: ['/*.js'] }] },
  });
  const session = connect('https://a.test', {
    host: '127.0.0.1',
    port: securePort(lb),
    servername: 'a.test',
    ca: folder.authority.cert,
  });
  t.after(() => session.destroy());
  const hash = createHash('sha256').update(body).digest('base64');
  assert.equal((await get(session, '/1.js')).dictionary, 'match="/*.js"');
  let answer: Answer | undefined;
  await until(async () => {
    answer = await get(session, '/2.js', { 'available-dictionary': `:${hash}:` });
    return answer.coding === 'dcz';
  }, 'dcz');
  const coded = answer?.body.subarray(40) ?? Buffer.alloc(0);
  assert.ok(zstdDecompressSync(coded, { dictionary: body }).equals(next));
  assert.ok(coded.length < 500);
});
