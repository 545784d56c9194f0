import { fileURLToPath } from 'node:url';
import type { Case } from './cases.ts';
import { Child } from './child.ts';

/** What one run of wrk saw; times in microseconds. */
export interface WrkResult {
  requests: number;
  micros: number;
  bytes: number;
  p50: number;
  p99: number;
  p999: number;
  /** Requests that got no answer. */
  failed: number;
  /** Answers with a status of 400 or above. */
  statuses: number;
}

export interface WrkOptions {
  case: Case;
  port: number;
  seconds: number;
  /** Seed of the order of requests, for cases whose order is random. */
  seed: number;
  core: number | undefined;
  cwd: string;
}

const scriptOf = (name: Case['script']): string =>
  fileURLToPath(new URL(name === 'waf' ? '../waf/wrk/request.lua' : `wrk/${name}.lua`, import.meta.url));

/** Drives one server for `seconds` over `case.connections` keep-alive connections, each with one request at a time. */
export function startWrk({
  case: { connections, script, path, protocol, headers = [], scriptArgs = [] },
  ...run
}: WrkOptions): Child {
  const argv = [
    'wrk',
    ...['-t', '1', '-c', String(connections), '-d', `${run.seconds}s`, '--timeout', '10s'],
    ...['--latency', '-s', scriptOf(script)],
    ...headers.flatMap((header) => ['-H', header]),
    ...[
      `${protocol === 'tls' ? 'https' : 'http'}://127.0.0.1:${run.port}${path}`,
      '--',
      ...scriptArgs,
      String(run.seed),
    ],
  ];
  return new Child({ argv, cwd: run.cwd, core: run.core, stdout: 'keep' });
}

/** Waits for wrk's end and reads the line of `report.lua`. */
export async function finishWrk(wrk: Child): Promise<WrkResult> {
  const code = await wrk.exit();
  const line = /^RESULT (.*)$/m.exec(wrk.output)?.[1];
  if (line === undefined) throw new Error(`wrk ended with code ${code} and no result: ${wrk.output.split('\n', 1)[0]}`);
  return JSON.parse(line) as WrkResult;
}
