// The admin listener over real sockets; what stands behind it is given by each test.
import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startAdmin } from '../../src/admin/server.ts';
import { type AdminDeps, type AdminEvent, type PurgeRequest, UnknownSiteError } from '../../src/admin/types.ts';
import { adminDeps } from '../support/admin-deps.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const TIME = '2026-01-02T03:04:05.678Z';

const opened: { close(): Promise<void> }[] = [];
after(() => Promise.all(opened.map((server) => server.close())));

async function open(overrides: Partial<AdminDeps> = {}) {
  const purges: PurgeRequest[] = [];
  const events: AdminEvent[] = [];
  const admin = await startAdmin(
    adminDeps({
      purge: (requests) =>
        requests.map((purge) => {
          purges.push(purge);
          return { id: `p${purges.length}`, site: purge.host && 'shop', time: TIME, objects: 1 };
        }),
      metrics: async () => '# TYPE lb_up gauge\nlb_up 1\n',
      cacheStats: () => ({ objects: 3 }),
      explain: (query) => ({ ...query }),
      log: (event) => events.push(event),
      ...overrides,
    }),
  );
  opened.push(admin);
  const { port } = admin.address;
  const send = (method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const { body, headers = {} } = options;
      // node:http frames the body of a DELETE only when it is told how.
      const framed = 'Transfer-Encoding' in headers || body === undefined;
      if (!framed) headers['Content-Length'] = String(Buffer.byteLength(body));
      const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      outgoing.on('error', reject).end(body);
    });
  return { admin, send, purges, events };
}

/** Sends bytes and returns everything that comes back until the connection closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

test('health: alive at once, ready only without reasons', async () => {
  let reasons: string[] = ['no edge thread is up'];
  const { send } = await open({ ready: () => reasons });
  assert.equal((await send('GET', '/livez')).status, 200);
  const waiting = await send('GET', '/readyz');
  assert.equal(waiting.status, 503);
  assert.deepEqual(JSON.parse(waiting.text), { ready: false, reasons });
  reasons = [];
  const ready = await send('GET', '/readyz?verbose');
  assert.deepEqual([ready.status, JSON.parse(ready.text)], [200, { ready: true, reasons: [] }]);
  assert.equal(ready.headers['cache-control'], 'no-store');
});

test('metrics and statistics', async () => {
  const { send } = await open();
  const metrics = await send('GET', '/metrics');
  assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(metrics.text, /^lb_up 1$/m);
  assert.deepEqual(JSON.parse((await send('GET', '/cache')).text), { objects: 3 });
});

test('HEAD answers the head of GET', async () => {
  const { send } = await open();
  const [head, get] = [await send('HEAD', '/cache'), await send('GET', '/cache')];
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
});

test('a purge is answered with what it covers', async () => {
  const { send, purges, events } = await open();
  const answer = await send('DELETE', '/cache/images/*?host=Shop.example');
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.text), {
    id: 'p1',
    scope: 'pattern',
    host: 'shop.example',
    site: 'shop',
    pattern: '/images/*',
    soft: false,
    time: TIME,
    objects: 1,
  });
  assert.deepEqual(purges, [{ scope: 'pattern', host: 'shop.example', pattern: '/images/*', soft: false }]);
  assert.equal(events[0].message, 'purged');
});

test('soft by body or by header, the body first; the query belongs to the target', async () => {
  const { send, purges } = await open();
  await send('DELETE', '/cache/a', { body: '{"soft": true}' });
  await send('DELETE', '/cache/a', { headers: { 'X-LB-Soft': '1' } });
  await send('DELETE', '/cache/a', { headers: { 'X-LB-Soft': '1' }, body: '{"soft": false}' });
  await send('DELETE', '/cache/a?soft=true');
  assert.deepEqual(
    purges.map(({ soft, pattern }) => [soft, pattern]),
    [
      [true, '/a'],
      [true, '/a'],
      [false, '/a'],
      [false, '/a?soft=true'],
    ],
  );
});

test('purge targets arrive as sent', async () => {
  const { admin, purges } = await open();
  const targets = ['/../x', '//x', '/%2e%2e/%2A', '/a%00'];
  for (const target of targets) {
    const head = `DELETE /cache${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    assert.match(await raw(admin.address.port, head), /^HTTP\/1\.1 200 /);
  }
  assert.deepEqual(
    purges.map(({ pattern }) => pattern),
    targets,
  );
});

test('a list of purges is answered one by one', async () => {
  const { send, purges, events } = await open();
  const body = JSON.stringify({ purge: [{ url: 'http://h.example/a' }, { tags: ['x', 'y'] }], soft: true });
  const answer = await send('POST', '/purge', { body });
  assert.equal(answer.status, 200);
  const all = { scope: 'tag', host: null, site: null, pattern: '/*', soft: true, time: TIME, objects: 1 };
  assert.deepEqual(JSON.parse(answer.text), {
    purged: [
      { ...all, item: 0, id: 'p1', scope: 'url', host: 'h.example', site: 'shop', pattern: '/a' },
      { ...all, item: 1, id: 'p2', tag: 'x' },
      { ...all, item: 1, id: 'p3', tag: 'y' },
    ],
  });
  assert.equal(purges.length, 3);
  assert.equal(events.length, 3);
  const [{ details }] = events;
  const logged = {
    scope: 'url',
    host: 'h.example',
    site: 'shop',
    pattern: '/a',
    tag: undefined,
    soft: true,
    objects: 1,
  };
  assert.deepEqual(details, { ...logged, id: 'p1' }, 'no time, which every line has, and no item');
});

test('a purge by path may name a site, one of everything a tag', async () => {
  const { send, purges } = await open();
  await send('DELETE', '/cache/a', { body: '{"site": "shop"}' });
  await send('DELETE', '/cache/*?host=h.example', { body: '{"tag": "news", "soft": true}' });
  assert.deepEqual(purges, [
    { scope: 'url', host: null, pattern: '/a', soft: false, site: 'shop' },
    { scope: 'tag', host: 'h.example', pattern: '/*', soft: true, tag: 'news' },
  ]);
});

const WRONG: [string, string, { headers?: Record<string, string>; body?: string }, number, RegExp][] = [
  ['DELETE', '/cache/a', { body: '{"sotf": true}' }, 400, /unknown member "sotf"/],
  ['DELETE', '/cache/a', { body: 'soft=1' }, 400, /not JSON/],
  ['DELETE', '/cache/a', { body: '{"tag": "x"}' }, 400, /with a "tag" the path is \/cache\/\*/],
  ['DELETE', '/cache/*', { body: '{"tag": 1}' }, 400, /"tag" must be a string/],
  ['POST', '/purge', { body: '{"purge": [{"url": "/a"}, {"ulr": "/b"}]}' }, 400, /purge\[1\]: .*did you mean "url"/],
  ['POST', '/purge', { body: '{"purge": [{"host": "unknown.example"}]}' }, 404, /no site/],
  ['POST', '/purge', { body: ' '.repeat(1_100_000) }, 413, /over 1048576 bytes/],
  ['GET', '/purge', {}, 405, /answers POST/],
  ['DELETE', '/cache/a', { headers: { 'X-LB-Soft': 'maybe' } }, 400, /X-LB-Soft/],
  ['DELETE', '/cache/a?host=*.example', {}, 400, /wildcards work in the path only/],
  ['DELETE', '/cache/a?host=unknown.example', {}, 404, /no site/],
  ['DELETE', '/cache', {}, 405, /DELETE \/cache\/\*/],
  ['GET', '/cache/a', {}, 405, /answers DELETE/],
  ['POST', '/metrics', {}, 405, /answers GET and HEAD/],
  ['GET', '/nothing', {}, 404, /known are/],
  ['POST', '/debug/workers/1/kill', {}, 404, /known are/],
  ['DELETE', '/cache/a', { body: ' '.repeat(20_000) }, 413, /over 16384 bytes/],
  ['DELETE', '/cache/a', { body: ' '.repeat(20_000), headers: { 'Transfer-Encoding': 'chunked' } }, 413, /over/],
];

for (const [method, path, options, status, detail] of WRONG) {
  test(`${method} ${path} ${JSON.stringify(options).slice(0, 40)} is a ${status} problem`, async () => {
    const { send, purges } = await open({
      purge: () => {
        throw new UnknownSiteError('no site has this host');
      },
    });
    const answer = await send(method, path, options);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    const problem = JSON.parse(answer.text) as { status: number; detail: string };
    assert.equal(problem.status, status);
    assert.match(problem.detail, detail);
    if (status === 405) assert.ok(answer.headers.allow);
    assert.deepEqual(purges, []);
  });
}

test('a failure inside is a 500 that tells the log, not the client', async () => {
  const { send, events } = await open({
    cacheStats: () => {
      throw new Error('secret detail');
    },
  });
  const answer = await send('GET', '/cache');
  assert.equal(answer.status, 500);
  assert.ok(!answer.text.includes('secret'));
  assert.deepEqual(
    events.map(({ level, details }) => [level, details.error]),
    [['error', 'secret detail']],
  );
});

const HOSTS: [host: string, allowed: boolean][] = [
  ['localhost:9900', true],
  ['LOCALHOST', true],
  ['127.0.0.1:9900', true],
  ['[::1]:9900', true],
  ['10.1.2.3', true],
  ['lb.internal:80', true],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
];

test('a name that could be rebound is refused, except for health', async () => {
  const { send, events } = await open({ config: { host: '127.0.0.1', port: 0, allowedHosts: ['lb.internal'] } });
  for (const [host, allowed] of HOSTS) {
    assert.equal((await send('GET', '/metrics', { headers: { Host: host } })).status, allowed ? 200 : 403, host);
    assert.equal((await send('GET', '/livez', { headers: { Host: host } })).status, 200);
  }
  assert.equal(events.length, HOSTS.filter(([, allowed]) => !allowed).length);
});

test('pages of other sites are refused', async () => {
  const { send, purges } = await open();
  const foreign: Record<string, string>[] = [
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Origin: 'https://localhost', Host: 'localhost' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ];
  for (const headers of foreign) {
    assert.equal((await send('DELETE', '/cache/*', { headers })).status, 403);
  }
  assert.deepEqual(purges, []);
  const own = { Host: 'localhost:1', Origin: 'http://localhost:1', 'Sec-Fetch-Site': 'same-origin' };
  assert.equal((await send('GET', '/cache', { headers: own })).status, 200);
  assert.equal((await send('GET', '/cache', { headers: { 'Sec-Fetch-Site': 'none' } })).status, 200);
});

test('with a token nothing but health goes without it', async () => {
  const { send } = await open({ config: { host: '0.0.0.0', port: 0, token: 'right token'.replace(' ', '-') } });
  for (const authorization of ['', 'Bearer wrong', 'Bearer right-toke', 'Basic right-token', 'right-token']) {
    const headers: Record<string, string> = authorization ? { Authorization: authorization } : {};
    const answer = await send('GET', '/metrics', { headers });
    assert.equal(answer.status, 401, authorization);
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="lb"');
  }
  assert.equal((await send('GET', '/readyz')).status, 200);
  const headers = { Authorization: 'Bearer right-token', Host: 'any.example' };
  assert.equal((await send('GET', '/metrics', { headers })).status, 200);
  const crossSite = { ...headers, 'Sec-Fetch-Site': 'cross-site' };
  assert.equal((await send('GET', '/metrics', { headers: crossSite })).status, 403);
});

test('an address that others can reach needs a token', async () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'lb.example']) {
    await assert.rejects(open({ config: { host, port: 0 } }), /needs a token: set LB_ADMIN_TOKEN/);
  }
});

test('a busy port and a foreign address are said in one line', async () => {
  const { admin } = await open();
  await assert.rejects(open({ config: { host: '127.0.0.1', port: admin.address.port } }), {
    name: 'AdminStartError',
    message: `the admin address 127.0.0.1:${admin.address.port} is in use by another program; choose another with --admin`,
  });
  await assert.rejects(
    open({ config: { host: '192.0.2.1', port: 0, token: 't' } }),
    /is not an address of this machine/,
  );
});

test('the kill hook exists in tests only', async () => {
  const killed: number[] = [];
  const { send } = await open({ testHooks: true, killWorker: (id) => id === 2 && killed.push(id) > 0 });
  assert.equal((await send('POST', '/debug/workers/2/kill')).status, 202);
  assert.equal((await send('POST', '/debug/workers/9/kill')).status, 404);
  assert.equal((await send('GET', '/debug/workers/2/kill')).status, 405);
  assert.deepEqual(killed, [2]);
});

test('closing ends idle connections at once and keeps the answer under way', async () => {
  const release = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const { admin, send } = await open({
    metrics: () => {
      asked.resolve();
      return release.promise;
    },
  });
  const idle = raw(admin.address.port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const pending = send('GET', '/metrics');
  await asked.promise;
  const closed = admin.close();
  assert.match(await idle, /200 OK/);
  release.resolve('late 1\n');
  assert.equal((await pending).text, 'late 1\n');
  await closed;
});
