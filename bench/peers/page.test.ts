import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseH2load } from './h2load.ts';
import { chart, insert } from './page.ts';

test('results replace what stood between the marks, and nothing else', () => {
  const page = 'a\n<!-- results: begin -->\nold\n<!-- results: end -->\nb\n';
  assert.equal(insert(page, 'new'), 'a\n<!-- results: begin -->\n\nnew\n\n<!-- results: end -->\nb\n');
  assert.throws(() => insert('a', 'new'), /no marks/);
});

test('the chart of nothing is a chart', () => {
  const machine = { cpu: 'A & B', cores: 2, kernel: '6' };
  assert.match(chart({ date: '2026-01-01T00:00:00Z', machine, cases: [] }), /2026-01-01, A &#38; B/);
});

test('the summary of h2load is read, that of HTTP/1.1 refused', () => {
  const text = `Application protocol: h2
finished in 2.00s, 500.00 req/s, 1MB/s
requests: 1000 total, 1000 started, 1000 done, 998 succeeded, 1 failed, 1 errored, 0 timeout
status codes: 998 2xx, 0 3xx, 1 4xx, 0 5xx
traffic: 1.00MB (1048576) total, 1KB (1024) headers (space savings 90%), 0.9MB (1021952) data`;
  const result = parseH2load(text);
  assert.equal(result?.requests, 998);
  assert.equal(result?.failed, 2);
  assert.equal(result?.statuses, 1);
  assert.equal(result?.bytes, 1_021_952);
  assert.equal(parseH2load(text.replace(': h2', ': http/1.1')), undefined);
});
