import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descendants, parseStat } from './proc.ts';

test('a process name with spaces and parentheses does not shift the fields of /proc/PID/stat', () => {
  const line = '812 (nginx: (old) w) S 800 812 812 0 -1 4194368 905 0 0 0 150 75 9 9 20 0 1 0 4242 1 1\n';
  assert.deepEqual(parseStat(line), { pid: 812, parent: 800, cpuMicros: 2_250_000 });
});

test('descendants are found over several generations, others are not', () => {
  const stat = (pid: number, parent: number) => ({ pid, parent, cpuMicros: 0 });
  const all = [stat(30, 20), stat(20, 10), stat(10, 1), stat(40, 1), stat(21, 10)];
  const found = descendants(10, all).map(({ pid }) => pid);
  assert.deepEqual(new Set(found), new Set([10, 20, 21, 30]));
});
