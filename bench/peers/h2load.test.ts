import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseH2load, parseLog } from './h2load.ts';

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

test("percentiles are taken of its log's successful requests", () => {
  const lines = Array.from({ length: 1000 }, (_, k) => `${1e15 + k}\t200\t${1000 - k}`);
  const { requests, missing, p50, p99, p999 } = parseLog(`${lines.join('\n')}\n1000000000001000\t-1\t9\n`);
  assert.deepEqual(
    { requests, missing, p50, p99, p999 },
    { requests: 1000, missing: 1, p50: 501, p99: 991, p999: 1000 },
  );
  assert.throws(() => parseLog(''), /no latencies/);
});
