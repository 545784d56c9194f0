import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PurgeHistory, type PurgeMatch, type PurgeSubject } from './purge-history.ts';

const ANY: PurgeMatch = { site: -1, host: '', pattern: '*', tag: 0 };
const SUBJECT: PurgeSubject = { site: 1, host: 'a.test', target: '/x?y', tags: [], since: 0 };

function add(history: PurgeHistory, sequence: number, ...matches: PurgeMatch[]): void {
  const time = new Date(sequence).toISOString();
  const scope = 'pattern';
  history.add({ id: `p${sequence}`, time, sequence, scope, site: null, host: null, pattern: '', soft: false }, matches);
}

function found(history: PurgeHistory, subject: Partial<PurgeSubject> = {}): string[] {
  return history.matching({ ...SUBJECT, ...subject }).map(({ id }) => id);
}

test('site, host, pattern and tag decide', () => {
  const history = new PurgeHistory();
  add(history, 1, ANY);
  add(history, 2, { ...ANY, site: 1 }, { ...ANY, site: 2 });
  add(history, 3, { ...ANY, host: 'a.test', pattern: '/x*' });
  add(history, 4, { ...ANY, pattern: '/x' });
  add(history, 5, { ...ANY, tag: 0xffff_fff0 });
  assert.deepEqual(found(history), ['p3', 'p2', 'p1']);
  assert.deepEqual(found(history, { since: 1 }), ['p3', 'p2']);
  assert.deepEqual(found(history, { site: 3, host: 'b.test' }), ['p1']);
  assert.deepEqual(found(history, { target: '/x', since: 3 }), ['p4']);
  assert.deepEqual(found(history, { tags: [1, 0xffff_fff0], since: 4 }), ['p5']);
  assert.deepEqual(found(history, { tags: Int32Array.of(0xffff_fff0), since: 4 }), ['p5'], 'as a cache stores it');
});

test('a thousand purges are remembered', () => {
  const history = new PurgeHistory();
  assert.deepEqual(found(history), []);
  for (let sequence = 1; sequence <= 2500; sequence++) add(history, sequence, ANY);
  const ids = found(history);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [1000, 'p2500', 'p1501']);
});
