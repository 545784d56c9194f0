// Debian's release of the OWASP Core Rule Set in front of an origin, over every way to lb.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { rulesIn } from '../../src/waf/ruleset/find.ts';
import { until } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { type Ask, threeWays } from '../support/three-ways.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

const PLACE = '/usr/share/modsecurity-crs';
const skip = rulesIn(PLACE) === undefined ? 'the package modsecurity-crs is not installed' : false;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SQL = "id=1'%20or%201=1--%20union%20select%20password%20from%20users";

async function start() {
  const folder = await certificateFolder({ after });
  await folder.put('all', ['block.test', 'log.test', 'off.test']);
  const origin = await startOrigin({ after }, async (request, answer) => {
    const path = request.target.split('?', 1)[0];
    const body = await request.body();
    if (path === '/leak')
      return answer.send(200, [['Content-Type', 'text/html']], '<b>ORA-01756: quoted string not</b>');
    if (path === '/zipped') {
      const fields = [
        ['Content-Type', 'text/html'],
        ['Content-Encoding', 'gzip'],
      ] as const;
      return answer.send(200, fields, gzipSync('You have an error in your SQL syntax; check the manual, MySQL server'));
    }
    return answer.send(200, [['Cache-Control', 'max-age=60']], body.length > 0 ? body : `page ${path}`);
  });
  const waf = {
    path: PLACE,
    paths: [
      { match: '/logged/*', mode: 'log' },
      { match: '/free/*', mode: 'off' },
    ],
    exclusions: [
      { rules: ['942000-942999'], path: '/by-id/*' },
      { tags: ['attack-sqli'], path: '/by-tag/*' },
      { targets: ['ARGS:id'], path: '/by-target/*' },
    ],
  };
  const site = (mode: string) => ({ origins: [origin.address], addons: { waf: { ...waf, mode } } });
  const lb = await startLb(
    { after },
    {
      tls: { listen: '127.0.0.1:0', folder: folder.path },
      sites: { 'block.test': site('block'), 'log.test': site('log'), 'off.test': site('off') },
      log: { access: false },
    },
  );
  const ways = threeWays({ after }, { plain: lb.port, secure: securePort(lb) });
  const events = () => lb.log.map(({ details }) => details).filter(({ event }) => event === 'waf');
  const event = async (id: unknown) => {
    await until(() => events().some(({ request_id }) => request_id === id), 'its line on the log');
    return events().find(({ request_id }) => request_id === id) ?? {};
  };
  return { origin, lb, ways, events, event };
}

const scene = skip === false ? await start() : undefined;

/** A test over each way. */
function overAll(
  name: string,
  run: (ask: Ask, scene: NonNullable<Awaited<ReturnType<typeof start>>>) => Promise<void>,
) {
  test(name, { skip }, async (t) => {
    if (scene === undefined) return;
    for (const [way, ask] of scene.ways) await t.test(way, () => run(ask, scene));
  });
}

overAll('attacks are refused with an id by which the log tells what they were', async (ask, { origin, event }) => {
  const before = origin.requests.length;
  const cases: [target: string, options: Parameters<Ask>[2], family: number][] = [
    [`/?${SQL}`, {}, 942],
    ['/?q=%3Cscript%3Ealert(1)%3C/script%3E', {}, 941],
    ['/?file=../../../../etc/passwd', {}, 930],
    ['/?cmd=;cat%20/etc/passwd', {}, 932],
    ['/', { fields: { 'user-agent': 'sqlmap/1.7' } }, 913],
    ['/', { fields: { cookie: "a=1' union select password from users--" } }, 942],
    ['/form', { method: 'POST', body: SQL, fields: FORM }, 942],
    [
      '/form',
      { method: 'POST', body: '{"a": "<?php system($_GET[1]); ?>"}', fields: { 'content-type': 'application/json' } },
      933,
    ],
  ];
  for (const [target, options, family] of cases) {
    const answer = await ask('block.test', target, options);
    assert.equal(answer.status, 403, target);
    assert.match(String(answer.headers['cache-status']), /detail=waf/);
    const line = await event(answer.headers['x-request-id']);
    assert.deepEqual([line.event, line.action, line.status, line.site], ['waf', 'blocked', 403, 'block.test']);
    const ids = line.rule_ids as number[];
    assert.ok(ids.some((id) => Math.floor(id / 1000) === family) && ids.includes(949110), `${target}: ${ids.join()}`);
    assert.ok((line.scores as { inbound: number }).inbound >= 5);
  }
  assert.equal(origin.requests.length, before);
});

overAll('what is harmless passes and leaves no line', async (ask, { events }) => {
  const before = events().length;
  const page = await ask('block.test', '/articles/7?page=2&q=green%20tea', {
    fields: { cookie: 'sid=4f2a; theme=dark' },
  });
  assert.deepEqual([page.status, page.text], [200, 'page /articles/7']);
  const posted = await ask('block.test', '/form', { method: 'POST', body: 'name=Ada&text=Good+morning', fields: FORM });
  assert.deepEqual([posted.status, posted.text], [200, 'name=Ada&text=Good+morning']);
  assert.equal(events().length, before);
});

overAll('modes of sites and of paths', async (ask, { event, events }) => {
  const request_id = `logged-${events().length}`;
  const fields = { 'x-request-id': request_id };
  assert.equal((await ask('log.test', `/?${SQL}`, { fields })).status, 200);
  const line = await event(request_id);
  assert.deepEqual(
    [line.action, line.status, (line.rule_ids as number[]).includes(942100)],
    ['would_block', undefined, true],
  );
  const before = events().length;
  assert.equal((await ask('off.test', `/?${SQL}`)).status, 200);
  assert.equal((await ask('block.test', `/free/a?${SQL}`)).status, 200);
  assert.equal(events().length, before);
  assert.equal((await ask('block.test', `/logged/a?${SQL}`)).status, 200);
  assert.equal((await ask('block.test', `/free/%2e%2e/a?${SQL}`)).status, 403);
});

overAll('exclusions by id, tag and target hold on their paths', async (ask) => {
  for (const path of ['/by-id/a', '/by-tag/a', '/by-target/a']) {
    assert.equal((await ask('block.test', `${path}?${SQL}`)).status, 200, path);
    assert.equal((await ask('block.test', `${path}?q=%3Cscript%3Ealert(1)%3C/script%3E`)).status, 403, path);
  }
  assert.equal((await ask('block.test', `/by-target/a?other${SQL}`)).status, 403);
});

overAll('an attack gets nothing out of the cache', async (ask) => {
  await ask('block.test', '/stored');
  assert.match(String((await ask('block.test', '/stored')).headers['cache-status']), /hit/);
  const attack = { fields: { referer: "http://a/?x=1' union select password from users--" } };
  assert.equal((await ask('block.test', '/stored', { fields: { 'user-agent': 'nikto' } })).status, 403);
  assert.equal((await ask('block.test', `/stored?${SQL}`, attack)).status, 403);
});

overAll('answers of origins that tell too much', async (ask, { event }) => {
  for (const path of ['/leak', '/zipped']) {
    const answer = await ask('block.test', path);
    assert.deepEqual([answer.status, /ORA|MySQL/.test(answer.text)], [403, false], path);
    const line = await event(answer.headers['x-request-id']);
    assert.equal(line.action, 'response_blocked');
    assert.ok(
      (line.rule_ids as number[]).some((id) => id >= 950_000 && id < 960_000),
      String(line.rule_ids),
    );
  }
  assert.equal((await ask('log.test', '/leak')).status, 200);
});

test('counters tell of all this by action and family', { skip }, async () => {
  const metrics = (await scene?.lb.admin.fetch('GET', '/metrics'))?.text() ?? '';
  for (const family of [
    'attack-sqli',
    'attack-xss',
    'attack-lfi',
    'attack-rce',
    'attack-injection-php',
    'attack-reputation',
  ])
    assert.match(
      metrics,
      new RegExp(`lb_waf_matches_total\\{site="block.test",action="blocked",family="${family}"\\} [1-9]`),
    );
  assert.match(metrics, /lb_waf_requests_total\{site="block.test",action="response_blocked"\} 6/);
  assert.match(metrics, /lb_waf_requests_total\{site="log.test",action="would_block"\} [1-9]/);
});
