import { Child } from './child.ts';
import type { WrkOptions, WrkResult } from './wrk.ts';

/** Streams that are open at once on each connection. */
const STREAMS = 8;

/** Drives one server over HTTP/2 and TLS for `seconds`. */
export function startH2load({ case: { connections, path, headers = [] }, ...run }: WrkOptions): Child {
  const argv = [
    'h2load',
    ...['-t', '1', '-c', String(connections), '-m', String(STREAMS), '-D', String(run.seconds)],
    ...headers.flatMap((header) => ['-H', header]),
    `https://127.0.0.1:${run.port}${path}`,
  ];
  return new Child({ argv, cwd: run.cwd, core: run.core, stdout: 'keep' });
}

/** Waits for h2load's end and reads what it says. */
export async function finishH2load(child: Child): Promise<WrkResult> {
  const code = await child.exit();
  const result = parseH2load(child.output);
  if (result === undefined)
    throw new Error(`h2load ended with code ${code} and no result: ${child.output.slice(-200)}`);
  return result;
}

/** Reads h2load's summary; undefined when it is none, or not of HTTP/2. It gives no percentiles: they are NaN. */
export function parseH2load(text: string): WrkResult | undefined {
  const protocol = /^Application protocol: (\S+)/m.exec(text)?.[1];
  const rate = /^finished in .*?, ([\d.]+) req\/s/m.exec(text)?.[1];
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text);
  const codes = /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m.exec(text);
  const bytes = /\((\d+)\) data$/m.exec(text)?.[1];
  if (protocol !== 'h2' || rate === undefined || counts === null || codes === null) return undefined;
  const requests = Number(counts[1]);
  return {
    requests,
    micros: (requests / Number(rate)) * 1e6,
    bytes: Number(bytes ?? 0),
    p50: Number.NaN,
    p99: Number.NaN,
    p999: Number.NaN,
    failed: Number(counts[2]) + Number(counts[3]) + Number(counts[4]),
    statuses: Number(codes[1]) + Number(codes[2]) + Number(codes[3]),
  };
}
