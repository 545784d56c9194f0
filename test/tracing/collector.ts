import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Cleanup, until } from '../support/cleanup.ts';
import { type Fields, hexOf, messages, numberOf, readMessage, textOf } from './protobuf.ts';

export type Value = string | number | boolean;

/** A span as the collector got it. Times in nanoseconds since 1970. */
export interface CollectedSpan {
  trace: string;
  id: string;
  /** '' for the first of a trace. */
  parent: string;
  name: string;
  kind: 'internal' | 'server' | 'client';
  start: bigint;
  end: bigint;
  attributes: Record<string, Value>;
  error: boolean;
  resource: Record<string, Value>;
}

const KINDS = { 1: 'internal', 2: 'server', 3: 'client' } as const;

/** A collector of OTLP/HTTP in protobuf (opentelemetry-proto, trace.proto and common.proto). */
export class Collector {
  readonly port: number;
  readonly spans: CollectedSpan[] = [];
  /** All bytes that came. */
  readonly bodies: Buffer[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly targets: string[] = [];

  constructor(port: number) {
    this.port = port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  take(target: string, headers: IncomingHttpHeaders, body: Buffer): void {
    this.targets.push(target);
    this.headers.push(headers);
    this.bodies.push(body);
    for (const group of messages(readMessage(body), 1)) {
      const resource = attributesOf(messages(group, 1)[0], 1);
      for (const scope of messages(group, 2)) {
        for (const span of messages(scope, 2)) this.spans.push(spanOf(span, resource));
      }
    }
  }

  /** The spans of the request whose path this is, once all that begin under it have ended. */
  async trace(path: string, count: number): Promise<CollectedSpan[]> {
    let found: CollectedSpan[] = [];
    await until(() => {
      const server = this.spans.find(({ kind, attributes }) => kind === 'server' && attributes['url.path'] === path);
      found = this.spans.filter(({ trace }) => trace === server?.trace);
      return found.length >= count;
    }, `${count} spans of ${path}`);
    return found;
  }
}

function spanOf(span: Fields, resource: Record<string, Value>): CollectedSpan {
  const [status] = messages(span, 15);
  return {
    trace: hexOf(span, 1),
    id: hexOf(span, 2),
    parent: hexOf(span, 4),
    name: textOf(span, 5),
    kind: KINDS[Number(numberOf(span, 6)) as keyof typeof KINDS],
    start: numberOf(span, 7),
    end: numberOf(span, 8),
    attributes: attributesOf(span, 9),
    error: status !== undefined && numberOf(status, 3) === 2n,
    resource,
  };
}

function attributesOf(fields: Fields, number: number): Record<string, Value> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => [textOf(pair, 1), attributeValue(messages(pair, 2)[0])]),
  );
}

function attributeValue(value: Fields): Value {
  if (value.has(1)) return textOf(value, 1);
  if (value.has(2)) return numberOf(value, 2) === 1n;
  if (value.has(3)) return Number(numberOf(value, 3));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(numberOf(value, 4));
  return bytes.readDoubleLE();
}

/** Starts a collector on a free port. @param silent it takes requests and never answers */
export async function startCollector(t: Cleanup, silent = false): Promise<Collector> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      collector.take(request.url ?? '', request.headers, Buffer.concat(chunks));
      if (!silent) response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const collector = new Collector((server.address() as AddressInfo).port);
  return collector;
}
