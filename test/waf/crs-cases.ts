/** Reads test cases in the format of ftw, as the OWASP Core Rule Set has them, from a folder. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** One request and what must come of it. */
export interface CrsCase {
  readonly title: string;
  readonly stages: readonly CrsStage[];
}

export interface CrsStage {
  readonly input: CrsInput;
  readonly output: CrsOutput;
}

interface CrsInput {
  readonly method?: string;
  readonly uri?: string;
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly data?: string | readonly string[];
  readonly stop_magic?: boolean;
  readonly encoded_request?: string;
  readonly raw_request?: string;
}

interface CrsOutput {
  readonly status?: number | readonly number[];
  readonly log_contains?: string;
  readonly no_log_contains?: string;
  readonly expect_error?: boolean;
}

interface CrsFile {
  readonly tests?: readonly {
    readonly test_title: string;
    readonly stages?: readonly { readonly stage: CrsStage }[];
  }[];
}

export function readCrsCases(folder: string): CrsCase[] {
  return globSync(join(folder, '**/*.yaml'))
    .sort()
    .flatMap((path) => {
      const file = parse(readFileSync(path, 'utf8'), { uniqueKeys: false }) as CrsFile;
      return (file.tests ?? []).map(({ test_title: title, stages = [] }) => ({
        title: String(title),
        stages: stages.map((step) => step.stage),
      }));
    });
}

/** A request as it would go over the wire; all text binary. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly headers: string[];
  readonly body: string;
}

function binary(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What a client of these tests sends: with Content-Type and Content-Length where there is a body and neither is given. */
export function requestOf(input: CrsInput): RawRequest {
  if (input.encoded_request !== undefined)
    return parseRaw(Buffer.from(input.encoded_request, 'base64').toString('latin1'));
  if (input.raw_request !== undefined) return parseRaw(binary(input.raw_request));
  const headers = Object.entries(input.headers ?? {}).flatMap(([name, value]) => [binary(name), binary(String(value))]);
  const data = typeof input.data === 'string' ? input.data : (input.data?.join('\r\n') ?? '');
  const has = (name: string) => headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === name);
  if (data !== '' && input.stop_magic !== true) {
    if (!has('content-type')) headers.push('Content-Type', 'application/x-www-form-urlencoded');
    if (!has('content-length')) headers.push('Content-Length', String(Buffer.byteLength(data)));
  }
  return {
    method: input.method ?? 'GET',
    target: binary(input.uri ?? '/'),
    protocol: input.version ?? 'HTTP/1.1',
    headers,
    body: binary(data),
  };
}

function parseRaw(text: string): RawRequest {
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  const [line, ...fields] = head.split('\r\n');
  const [method, target, protocol] = line.split(' ');
  const headers = fields.flatMap((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return {
    method,
    target: target ?? '/',
    protocol: protocol ?? 'HTTP/0.9',
    headers,
    body: end === -1 ? '' : text.slice(end + 4),
  };
}
