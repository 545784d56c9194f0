// `lb explain` says in which coding the answer goes out, and agrees with what goes out.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Explanation } from '../../src/explain/types.ts';
import { type Field, startScene } from '../caching/scene.ts';
import { encode, page } from './codings.ts';

const scene = await startScene({ after }, { workers: 1, compression: { background: false } });
const FRESH: Field = ['Cache-Control', 'max-age=60'];
const HTML: Field = ['Content-Type', 'text/html'];
const TEXT = page(5000);

async function explained(path: string, fields: readonly Field[]): Promise<Explanation> {
  const query = new URLSearchParams({ url: path });
  const all: Field[] = [['Host', 'site.test'], ...fields];
  for (const [name, value] of all) query.append('header', `${name}: ${value}`);
  const answer = await scene.lb.admin.fetch('GET', `/explain?${query.toString()}`);
  assert.equal(answer.status, 200, answer.text());
  return answer.json() as Explanation;
}

test('coding, how it is come by, and why', async () => {
  const body = await encode('gzip', TEXT);
  scene.on('/plain', (_request, answer) => answer.send(200, [FRESH, HTML], TEXT));
  scene.on('/coded', (_request, answer) => answer.send(200, [FRESH, HTML, ['Content-Encoding', 'gzip']], body));
  scene.on('/image', (_request, answer) => answer.send(200, [FRESH, ['Content-Type', 'image/png']], TEXT));
  scene.on('/fixed', (_request, answer) =>
    answer.send(200, [['Cache-Control', 'max-age=60, no-transform'], HTML, ['Content-Encoding', 'gzip']], body),
  );
  const before = await explained('/plain', [['Accept-Encoding', 'br']]);
  assert.equal(before.compression?.sent, null);
  assert.match(before.compression?.why ?? '', /br, gzip, zstd/);
  const cases: [path: string, taken: string, sent: string | null, how: string, why: RegExp, more?: Field][] = [
    ['/plain', 'br, gzip', 'br', 'on the way', /likes br best/],
    ['/plain', '', 'identity', 'as stored', /no Accept-Encoding/],
    ['/plain', 'foo', 'identity', 'as stored', /takes no coding/],
    ['/plain', 'br', 'identity', 'as stored', /ranges/, ['Range', 'bytes=0-9']],
    ['/plain', 'br', 'identity', 'as stored', /no-transform/, ['Cache-Control', 'no-transform']],
    ['/coded', 'gzip, br', 'gzip', 'as stored', /as the origin has coded it/],
    ['/coded', 'br', 'br', 'on the way', /likes br best/],
    ['/coded', 'identity', 'identity', 'on the way', /likes identity best/],
    ['/coded', 'identity', 'identity', 'on the way', /likes identity best/, ['Range', 'bytes=0-9']],
    ['/image', 'br', 'identity', 'as stored', /media type/],
    ['/fixed', 'gzip', 'gzip', 'as stored', /as the origin/],
    ['/fixed', 'br', null, 'origin', /no-transform/],
  ];
  for (const path of ['/plain', '/coded', '/image', '/fixed']) await scene.get(path, [['Accept-Encoding', 'gzip']]);
  for (const [path, taken, sent, how, why, more] of cases) {
    const fields: Field[] = taken === '' ? [] : [['Accept-Encoding', taken]];
    if (more !== undefined) fields.push(more);
    const { compression, decision } = await explained(path, fields);
    assert.deepEqual([compression?.sent, compression?.how], [sent, how], `${path} ${taken} ${more?.join(': ') ?? ''}`);
    assert.match(compression?.why ?? '', why);
    const response = await scene.get(path, fields);
    if (sent !== null) assert.equal(response.get('content-encoding') ?? 'identity', sent);
    if (sent !== null) assert.equal(response.status, decision.status);
  }
});
