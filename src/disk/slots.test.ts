import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createSlotTable,
  DISK_FAILED,
  emptySlot,
  LOADING,
  MAX_USES,
  READY,
  type SlotFields,
  SlotTable,
} from './slots.ts';

const random = (n: number): number => Math.imul(n ^ (n >>> 15), 0x2c1b_3c6d) ^ Math.imul(n, 0x297a_2d39);

function fieldsOf(n: number, version = 0): SlotFields {
  const lo = random(n);
  return {
    lo,
    hi: random(lo + 1),
    segment: version % 3,
    offset: 64 * (n + 1000 * version),
    prelude: 128,
    body: n,
    sequence: version,
    generation: 1,
  };
}

test('a table says what a model says', () => {
  const key = fc.nat(40);
  const command = fc.oneof(
    fc.record({ what: fc.constantFrom('insert', 'remove', 'forget', 'touch', 'kill', 'sweep' as const), n: key }),
    fc.record({ what: fc.constant('insert' as const), n: key }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const table = new SlotTable(createSlotTable({ slots: 20, segments: 3, workers: 2 }));
      const model = new Map<number, { fields: SlotFields; uses: number; dead: boolean }>();
      const found = emptySlot();
      const nOf = (body: number) => body;
      commands.forEach(({ what, n }, version) => {
        const known = model.get(n);
        const { lo, hi } = fieldsOf(n);
        const isThere = table.find(lo, hi, found);
        assert.equal(isThere, known !== undefined && !known.dead);
        if (isThere) assert.deepEqual({ ...found, at: 0, mark: 0 }, { ...known?.fields, at: 0, mark: 0 });
        if (what === 'insert') {
          const displaced = table.insert(fieldsOf(n, version));
          if (displaced !== undefined) {
            const former = model.get(nOf(displaced.body));
            assert.equal(former?.fields.offset, displaced.offset);
            model.delete(nOf(displaced.body));
          }
          assert.equal(model.has(n), false, 'the key has one slot');
          model.set(n, { fields: fieldsOf(n, version), uses: 0, dead: false });
        } else if (what === 'remove') {
          const expected = known && (known.dead ? -1 : known.uses);
          assert.equal(table.uses(known?.fields ?? fieldsOf(n)), expected);
          assert.equal(table.remove(known?.fields ?? fieldsOf(n)), expected);
          model.delete(n);
        } else if (what === 'forget') {
          assert.equal(table.forget(lo, hi)?.offset, isThere ? known?.fields.offset : undefined);
          if (known) known.dead = true;
        } else if (what === 'touch' && isThere && known) {
          table.touch(found);
          known.uses = Math.min(MAX_USES, known.uses + 1);
        } else if (what === 'kill' && isThere && known) {
          assert.ok(table.stands(found));
          assert.equal(table.kill(found), true);
          assert.equal(table.kill(found), false);
          assert.equal(table.stands(found), false);
          known.dead = true;
        } else if (what === 'sweep') {
          const dead = [...model].filter(([, { dead: isDead }]) => isDead).map(([m]) => m);
          assert.deepEqual(
            table
              .sweepDead(0, table.capacity)
              .map(({ body }) => nOf(body))
              .sort((a, b) => a - b),
            dead.sort((a, b) => a - b),
          );
          for (const m of dead) model.delete(m);
        }
        assert.equal(table.live, model.size);
      });
      table.clear();
      assert.equal(table.live, 0);
    }),
    { numRuns: 300 },
  );
});

test('a slot that was filled anew is another one', () => {
  const table = new SlotTable(createSlotTable({ slots: 8, segments: 3, workers: 2 }));
  const found = emptySlot();
  table.insert(fieldsOf(1));
  table.find(fieldsOf(1).lo, fieldsOf(1).hi, found);
  table.remove(fieldsOf(1));
  table.insert(fieldsOf(1));
  assert.equal(table.stands(found), false);
  assert.equal(table.kill(found), false);
  table.touch(found);
  assert.equal(table.uses(fieldsOf(1)), 0);
});

test('as many as were asked for have room, nearly all of them', () => {
  for (const slots of [1000, 30_000, 60_000]) {
    const table = new SlotTable(createSlotTable({ slots, segments: 1, workers: 1 }));
    let displaced = 0;
    for (let n = 0; n < slots; n++) if (table.insert({ ...fieldsOf(n), segment: 0 }) !== undefined) displaced++;
    assert.ok(displaced < slots / 200, `${displaced} of ${slots} displaced`);
    assert.equal(table.live, slots - displaced);
  }
});

test('of a full set the least used goes', () => {
  const table = new SlotTable(createSlotTable({ slots: 1, segments: 3, workers: 1 }));
  const found = emptySlot();
  for (let n = 0; n < 8; n++) {
    table.insert(fieldsOf(n));
    if (n !== 5) {
      table.find(fieldsOf(n).lo, fieldsOf(n).hi, found);
      table.touch(found);
    }
  }
  assert.equal(table.insert(fieldsOf(20))?.body, 5);
});

test('readers of a segment', () => {
  const table = new SlotTable(createSlotTable({ slots: 8, segments: 40, workers: 3 }));
  table.setGeneration(33, 5);
  assert.equal(table.enter(2, 33, 4), false);
  assert.equal(table.isRead(33), false);
  assert.equal(table.enter(2, 33, 5), true);
  assert.equal(table.enter(2, 33, 5), true);
  assert.equal(table.enter(3, 33, 5), true);
  table.setGeneration(33, 6);
  assert.equal(table.enter(0, 33, 5), false);
  table.leave(3, 33);
  table.leave(2, 33);
  assert.equal(table.isRead(33), true);
  assert.equal(table.isRead(32), false);
  table.forgetReader(2);
  assert.equal(table.isRead(33), false);
});

test('failures in a row make the disk be given up, until its thread has another state for it', () => {
  const table = new SlotTable(createSlotTable({ slots: 8, segments: 1, workers: 1 }));
  assert.equal(table.state, LOADING);
  table.state = READY;
  for (let i = 0; i < 4; i++) assert.equal(table.fail(), false);
  table.succeed();
  for (let i = 0; i < 4; i++) assert.equal(table.fail(), false);
  assert.equal(table.fail(), true);
  assert.equal(table.fail(), false, 'once');
  assert.equal(table.state, DISK_FAILED);
  table.succeed();
  assert.equal(table.state, DISK_FAILED);
  table.state = READY;
  assert.equal(table.fail(), false);
  assert.equal(table.state, READY);
});

test('what cannot be is refused', () => {
  assert.throws(() => createSlotTable({ slots: 0, segments: 1, workers: 1 }), RangeError);
  assert.throws(() => createSlotTable({ slots: 1, segments: 2 ** 20 + 1, workers: 1 }), RangeError);
  assert.throws(() => new SlotTable(new SharedArrayBuffer(1024)), TypeError);
});
