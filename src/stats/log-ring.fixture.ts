// The writing thread of the ring's test.
import { workerData } from 'node:worker_threads';
import { AccessLogWriter } from './log-ring.ts';

const { ring, total } = workerData as { ring: SharedArrayBuffer; total: number };
const writer = new AccessLogWriter(ring);
for (let index = 0; index < total; index++) {
  writer.record.bytes = index;
  writer.record.path = `/${index}/${'x'.repeat(index % 300)}?q=${index}`;
  writer.record.requestId = `id-${index}`;
  writer.write(writer.record);
}
