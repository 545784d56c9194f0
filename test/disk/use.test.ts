// What entries on disk are used for, beside plain hits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Field } from '../support/message.ts';
import { diskUsage, MB, type Rig, startRig } from './rig.ts';

const HIT = 'lb; hit; detail=disk';

/** The origin answers 503 from now on. */
function fail({ resources: { origin } }: Rig): void {
  origin.handler = (_, answer) => answer.send(503, [], 'no');
}

test('stale entries that are on disk alone: stale-if-error, stale-while-revalidate, validation', async (t) => {
  const rig = await startRig(t, { workers: 2 });
  const { known, origin } = rig.resources;
  const stale = (control: string): Field[] => [
    ['Cache-Control', `max-age=1${control}`],
    ['ETag', '"v"'],
  ];
  known.set('/error', { length: 5000, fields: stale(', stale-if-error=600') });
  known.set('/large-error', { length: MB, fields: stale(', stale-if-error=600') });
  known.set('/swr', { length: 5000, fields: stale(', stale-while-revalidate=600') });
  known.set('/validated', { length: 400_000, fields: stale('') });
  for (const target of known.keys()) await rig.fetch(target);
  await Promise.all([rig.restart(), setTimeout(2050)]);
  assert.match(await rig.fetch('/swr'), /detail=stale-while-revalidate/);
  const before = origin.handler;
  origin.handler = async (request, answer) => {
    if (request.get('if-none-match') !== '"v"') return before(request, answer);
    return answer.head(304, stale(''));
  };
  assert.match(await rig.fetch('/validated'), /fwd=stale; fwd-status=304/);
  fail(rig);
  assert.match(await rig.fetch('/error'), /detail=stale-if-error/);
  assert.match(await rig.fetch('/large-error'), /detail=stale-if-error/);
});

test('variants and parts come from disk', async (t) => {
  const rig = await startRig(t);
  const { resources } = rig;
  resources.origin.handler = async (request, answer) => {
    const range = request.get('range');
    if (range !== undefined) {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
      const part = resources.body(request.target).subarray(Number(from), Number(to) + 1);
      const fields: Field[] = [
        ['Content-Range', `bytes ${from}-${to}/1000`],
        ['ETag', '"p"'],
        ['Cache-Control', 'max-age=600'],
      ];
      return answer.send(206, fields, part);
    }
    const language = request.get('accept-language') ?? '';
    return answer.send(
      200,
      [
        ['Vary', 'Accept-Language'],
        ['Cache-Control', 'max-age=600'],
      ],
      `in ${language}`,
    );
  };
  const speak = async (language: string) => {
    const response = await rig.get('/vary', { fields: [['Accept-Language', language]] });
    assert.equal(response.text, `in ${language}`);
    return response.get('cache-status');
  };
  for (const language of ['de', 'en']) await speak(language);
  const range: Field[] = [['Range', 'bytes=100-199']];
  await rig.get('/parts', { fields: range });
  await rig.restart();
  assert.equal(await speak('de'), HIT);
  assert.equal(await speak('en'), HIT);
  assert.match((await speak('fr')) ?? '', /fwd=vary-miss/);
  const part = await rig.get('/parts', { fields: [['Range', 'bytes=120-139']] });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(resources.body('/parts').subarray(120, 140)));
  assert.equal(resources.asked('/parts'), 1);
});

test('many clients at once read an entry from disk once, on two threads; explain tells what is on disk alone', async (t) => {
  const rig = await startRig(t, { workers: 2 });
  rig.resources.known.set('/popular', { length: 200_000 });
  await rig.fetch('/popular');
  await rig.fetch('/told');
  await rig.restart();
  const statuses = await Promise.all(Array.from({ length: 40 }, () => rig.fetch('/popular')));
  assert.ok(
    statuses.every((status) => status.startsWith('lb; hit')),
    statuses.join(),
  );
  assert.equal(rig.resources.asked('/popular'), 1);
  for (let i = 0; i < 2; i++) {
    const answer = await rig.lb.admin.fetch('GET', '/explain?url=http://site.test/told');
    const { decision, stored } = answer.json() as {
      decision: { action: string; cache_status: string; why: string[] };
      stored: { bytes: number; disk: string };
    };
    assert.deepEqual([decision.action, decision.cache_status], ['hit', HIT]);
    assert.match(decision.why.join(), /on the disk .*, and not in memory/);
    assert.deepEqual(stored.disk, rig.folders[0]);
    assert.equal(stored.bytes, 1000);
  }
  assert.equal(await rig.fetch('/told'), HIT);
  // disks cannot be changed
  const result = await rig.lb.reload({ origins: [rig.resources.origin.address] });
  assert.ok(result.ok);
  assert.deepEqual(
    result.needsRestart.filter((name) => name.startsWith('cache.disk')),
    ['cache.disk', 'cache.disk_size'],
  );
  assert.equal(await rig.fetch('/told'), 'lb; hit');
});

test('a scan neither flushes memory nor makes the disk larger than its limit', async (t) => {
  const rig = await startRig(t, { cache: { disk_size: '16MB' } });
  const { known } = rig.resources;
  const hot = Array.from({ length: 20 }, (_, i) => `/hot/${i}`);
  for (const target of hot) known.set(target, { length: 20_000 });
  for (let round = 0; round < 3; round++) for (const target of hot) await rig.fetch(target);
  for (let i = 0; i < 320; i++) {
    known.set(`/scan/${i}`, { length: 90_000 });
    await rig.fetch(`/scan/${i}`);
    if (i % 100 === 0) assert.ok(diskUsage(rig.folders[0]) <= 16 * MB + 90_000, `${diskUsage(rig.folders[0])} bytes`);
  }
  const statuses = await Promise.all(hot.map((target) => rig.fetch(target)));
  assert.deepEqual(new Set(statuses), new Set(['lb; hit']));
  await rig.stop();
  assert.ok(diskUsage(rig.folders[0]) <= 16 * MB + 90_000, `${diskUsage(rig.folders[0])} bytes`);
});
