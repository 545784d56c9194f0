// Slices and disks: what memory has no room for is found below it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cacheStatus, type Scene, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { type Settings, startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { getSettled, rangesAsked, serving, type Version, wholeOf } from './file.ts';

const MB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'lb-slices-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let folders = 0;

function sceneWith(cache: Settings): Promise<Scene> {
  const disk = join(folder, String(folders++));
  return startScene({ after }, { workers: 1, cache: { memory: '16MB', disk, disk_size: '256MB', ...cache } });
}

/** What memory dropped before the disk had written it is asked for once more. */
async function untilHit(scene: Scene): Promise<void> {
  await until(async () => {
    const response = await getSettled(scene, '/file');
    assert.ok(response.body.equals(WHOLE));
    return cacheStatus(response) === 'lb; hit';
  }, 'all slices to be stored');
}

const V: Version = { length: 22 * MB + 123, etag: '"v"' };
const WHOLE = wholeOf(V);

for (const [slice, size] of [
  ['1MB', MB],
  ['128KB', MB / 8],
] as const) {
  test(`a file larger than memory, in slices of ${slice}, is asked for once`, async () => {
    const scene = await sceneWith({ slice });
    scene.on(
      '/file',
      serving(() => V),
    );
    assert.ok((await getSettled(scene, '/file')).body.equals(WHOLE));
    await untilHit(scene);
    const asked = scene.asked('/file').length;
    assert.ok(asked < (2 * V.length) / size, `${asked} slices were asked for`);
    const part = await getSettled(scene, '/file', [['Range', `bytes=${5 * MB - 1}-${7 * MB}`]]);
    assert.ok(part.body.equals(WHOLE.subarray(5 * MB - 1, 7 * MB + 1)));
    assert.equal(cacheStatus(part), 'lb; hit');
    assert.equal(scene.asked('/file').length, asked);
    await scene.lb.admin.idle();
  });
}

test('with a disk, what memory could not hold is kept in slices without being told to', async () => {
  const scene = await sceneWith({});
  scene.on(
    '/file',
    serving(() => V),
  );
  assert.ok((await getSettled(scene, '/file')).body.equals(WHOLE));
  assert.equal(rangesAsked(scene, '/file')[0], 'all');
  assert.ok(rangesAsked(scene, '/file').length > 1);
  await untilHit(scene);
  await scene.lb.admin.idle();
});

test('so is a file of which a part is asked for first', async () => {
  const scene = await sceneWith({});
  scene.on(
    '/file',
    serving(() => V),
  );
  const part = await getSettled(scene, '/file', [['Range', `bytes=${20 * MB}-${20 * MB + 9}`]]);
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(WHOLE.subarray(20 * MB, 20 * MB + 10)));
  assert.equal(rangesAsked(scene, '/file').length, 2);
  const near = await getSettled(scene, '/file', [['Range', `bytes=${20 * MB + 100}-${20 * MB + 109}`]]);
  assert.equal(cacheStatus(near), 'lb; hit');
});

test('an origin without ranges is not asked for slices', async () => {
  const scene = await sceneWith({});
  scene.on('/file', (_request, answer) =>
    answer.send(
      200,
      [
        ['ETag', '"v"'],
        ['Cache-Control', 'max-age=60'],
      ],
      WHOLE,
    ),
  );
  for (const times of [1, 2]) assert.ok((await getSettled(scene, '/file')).body.equals(WHOLE), String(times));
  assert.deepEqual(rangesAsked(scene, '/file'), ['all', 'all']);
});

test('slices outlive a restart', async () => {
  const file: Version = { length: 5 * MB, etag: '"v"' };
  const handler = serving(() => file);
  const origin = await startOrigin({ after }, (request, answer) => handler(request, answer));
  const disk = join(folder, 'restarted');
  const settings = { origins: [origin.address], cache: { memory: '16MB', disk, disk_size: '256MB', slice: '512KB' } };
  const first = await startLb({ after }, settings);
  assert.ok((await request({ after }, first.port, '/file')).body.equals(wholeOf(file)));
  await first.admin.idle();
  const objects = async () =>
    [...(await first.admin.metrics())].find(([name]) => name.startsWith('lb_disk_objects'))?.[1];
  await until(async () => ((await objects()) ?? 0) >= 11, 'all to be on the disk');
  await first.server.stop(1000);
  const asked = origin.requests.length;
  const second = await startLb({ after }, settings);
  const response = await request({ after }, second.port, '/file');
  assert.ok(response.body.equals(wholeOf(file)));
  assert.equal(origin.requests.length, asked);
  const part = await request({ after }, second.port, '/file', { fields: [['Range', 'bytes=1000000-2000000']] });
  assert.ok(part.body.equals(wholeOf(file).subarray(1_000_000, 2_000_001)));
  await second.admin.idle();
});
