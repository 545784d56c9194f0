// Everything at once: hits of all sizes, ranges, clients that leave, purges, new versions, threads that die.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { bytesOf, purgeBy, type Rig, startRig } from './rig.ts';

const SECONDS = Number(process.env.LB_TEST_CHURN_SECONDS ?? 2.5);
/** How much longer it may take, in ms. */
const PATIENCE = 20_000;
const SIZES = [0, 300, 20_000, 200_000, 262_144, 262_145, 700_000, 1_500_000];
const TARGETS = 120;

/** The version of a target that the origin has sent last, at each purge of it. */
class World {
  readonly versions = new Map<string, number>();
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
    for (let i = 0; i < TARGETS; i++) this.set(`/c/${i}`, 0);
  }

  set(target: string, version: number): void {
    this.versions.set(target, version);
    const length = SIZES[Number(target.slice(3)) % SIZES.length];
    const fields = [
      ['Cache-Control', 'max-age=600'],
      ['ETag', `"${version}"`],
    ] as const;
    this.#rig.resources.known.set(target, { length, version: ` ${version}`, fields });
  }

  random(): string {
    return `/c/${Math.floor(Math.random() ** 2 * TARGETS)}`;
  }
}

test('hits, ranges, leaving clients, purges and dying threads at once', async (t) => {
  const rig = await startRig(t, { workers: 2, cache: { disk_size: '32MB' } });
  const world = new World(rig);
  const deadline = performance.now() + SECONDS * 1000;
  const counts = { hits: 0, disk: 0, misses: 0, ranges: 0, left: 0, purges: 0 };
  const wrong: string[] = [];
  const isEnough = () => counts.disk > 0 && counts.hits > 0 && counts.ranges > 0 && counts.purges > 0;
  // on a machine with much else to do it takes longer until there was something of each
  const goesOn = () => performance.now() < deadline + (isEnough() ? 0 : PATIENCE);

  const read = async () => {
    while (goesOn()) {
      const target = world.random();
      const before = world.versions.get(target) ?? 0;
      const isRange = Math.random() < 0.2;
      const fields = isRange ? ([['Range', 'bytes=100-299999']] as const) : [];
      const response = await rig.get(target, { fields }).catch(() => undefined);
      // an edge that dies takes its connections along
      if (response === undefined || !response.complete) continue;
      const version = Number(/\d+/.exec(response.get('etag') ?? '')?.[0] ?? -1);
      if (version < before) wrong.push(`${target}: version ${version} after the purge for ${before}`);
      const { length = 0 } = rig.resources.known.get(target) ?? {};
      const status = response.get('cache-status') ?? '';
      if (response.status === 416) continue;
      const whole = bodyOf(target, version, length);
      const expected = response.status === 206 ? whole.subarray(100, 300_000) : whole;
      if (!response.body.equals(expected))
        wrong.push(`${target}: ${response.status} ${status} ${response.body.length}`);
      if (isRange) counts.ranges++;
      if (status.includes('detail=disk')) counts.disk++;
      else if (status.includes('hit')) counts.hits++;
      else counts.misses++;
    }
  };
  const leave = async () => {
    while (goesOn()) {
      const client = await openClient(t, rig.lb.port);
      client.send(requestText('GET', world.random()));
      await client.head().catch(() => {});
      client.close();
      counts.left++;
    }
  };
  const purge = async () => {
    while (goesOn()) {
      const target = world.random();
      const version = (world.versions.get(target) ?? 0) + 1;
      rig.resources.known.set(target, { ...rig.resources.known.get(target), length: 0 });
      world.set(target, version);
      world.versions.set(target, version - 1);
      const { status, text } = await purgeBy(rig.lb.admin.port, { purge: [{ url: target }] });
      assert.equal(status, 200, text);
      world.versions.set(target, version);
      counts.purges++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const kill = async () => {
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 300));
    await rig.lb.admin.kill(1);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 300));
    await rig.lb.admin.kill(3);
  };
  await Promise.all([read(), read(), read(), read(), leave(), purge(), kill()]);
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(wrong, []);
  assert.ok(isEnough(), JSON.stringify(counts));
  await rig.lb.admin.idle();
  await until(async () => (await rig.status()).disks[0].state === 'ready', 'the disk to be ready');
  assert.equal(rig.said(/bug/), 0, JSON.stringify(rig.lb.log));
});

const bodies = new Map<string, Buffer>();

function bodyOf(target: string, version: number, length: number): Buffer {
  const name = `${target} ${version}`;
  const known = bodies.get(name) ?? bytesOf(name, length);
  bodies.set(name, known);
  return known;
}
