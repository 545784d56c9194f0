import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chart } from './chart.ts';
import { costs, insert } from './page.ts';
import type { Summary } from './report.ts';

const machine = { cpu: 'A & B', cores: 2, kernel: '6' };

function summary(server: string, cpuMicrosPerRequest: number, cpuToLb?: number): Summary {
  const latencies = { p50: 1, p99: 2, p999: 3 };
  const rest = { requestsPerSecond: 1, hitRatio: 1, coreUse: 1, otherUse: 0, failed: 0 };
  return { server, cpuMicrosPerRequest, cpuToLb, noise: 0.02, ...latencies, ...rest };
}

const results = {
  date: '2026-01-01T00:00:00Z',
  machine,
  cases: [
    {
      name: 'hit-1k',
      title: '1 KB <hits>',
      servers: [summary('lb', 8, 1), summary('nginx', 10, 1.25), summary('slow', 80, 10)],
    },
    { name: 'x', title: 'alone', servers: [summary('lb', 8, 1)] },
  ],
};

test('results replace what stood between the marks, and nothing else', () => {
  const page = 'a\n<!-- results: begin -->\nold\n<!-- results: end -->\nb\n';
  assert.equal(insert(page, 'new'), 'a\n<!-- results: begin -->\n\nnew\n\n<!-- results: end -->\nb\n');
  assert.throws(() => insert('a', 'new'), /no marks/);
});

test('the chart of nothing is a chart', () => {
  assert.match(chart({ ...results, cases: [] }), /A &#38; B, 2 cores, Linux 6, 2026-01-01/);
});

test('the chart has what can be compared, with figures, the cheapest first, and no bar beyond its column', () => {
  const svg = chart(results);
  assert.match(svg, /1 KB &#60;hits&#62;/);
  assert.doesNotMatch(svg, /alone/);
  assert.ok(svg.indexOf('>lb<') < svg.indexOf('>nginx<'));
  assert.match(svg, />10\.00 ×<.*>80\.0 µs<.*>±2%</s);
  const widths = [...svg.matchAll(/<rect x="\d+\S*" .*?width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assert.equal(widths.length, 3);
  assert.ok(Math.max(...widths) < 300);
});

test('the table of costs has a column for each server and a gap where it was not measured', () => {
  const [head, , first, second] = costs(results).split('\n');
  assert.equal(head, '| case | lb | nginx | slow |');
  assert.equal(first, '| 1 KB <hits> | 8.0 ±2 % | 10.0 (1.25) ±2 % | 80.0 (10.00) ±2 % |');
  assert.equal(second, '| alone | 8.0 ±2 % |  |  |');
});
