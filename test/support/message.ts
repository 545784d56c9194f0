import type { ByteReader } from './bytes.ts';

/** A field line as it came: bytes as latin1. */
export type Field = readonly [name: string, value: string];

/** Start line and field lines of a message. */
export class Head {
  readonly start: string;
  readonly fields: readonly Field[];

  constructor(start: string, fields: readonly Field[]) {
    this.start = start;
    this.fields = fields;
  }

  /** All values of a field, whatever the case of its name. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.fields.filter(([field]) => field.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** A field's lines joined, undefined where there is none. */
  get(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }
}

/** A message that breaks the grammar of RFC 9112. */
export class MalformedMessage extends Error {}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s;

/** The next head, strictly parsed; undefined where the bytes end before it. @throws MalformedMessage */
export async function readHead(reader: ByteReader): Promise<Head | undefined> {
  const start = await reader.line();
  if (start === undefined) return undefined;
  const fields: Field[] = [];
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return undefined;
    if (line === '') return new Head(start, fields);
    const match = FIELD.exec(line);
    if (match === null || /[\r\n\0]/.test(line)) throw new MalformedMessage(`field line ${JSON.stringify(line)}`);
    fields.push([match[1], match[2]]);
  }
}

/** How a body ends: after so many bytes, with its last chunk, or with the connection. */
export type Framing = number | 'chunked' | 'close';

/** @throws MalformedMessage where the fields leave doubt */
export function framingOf(head: Head, otherwise: Framing): Framing {
  const lengths = head.all('content-length');
  const codings = head.all('transfer-encoding');
  if (lengths.length + codings.length === 0) return otherwise;
  if (lengths.length + codings.length > 1) throw new MalformedMessage('several fields frame the body');
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new MalformedMessage(`transfer coding ${codings[0]}`);
    return 'chunked';
  }
  if (!/^\d+$/.test(lengths[0])) throw new MalformedMessage(`content length ${lengths[0]}`);
  return Number(lengths[0]);
}

/** Reads a body. @returns whether it came to its end as framed. @throws MalformedMessage */
export async function readBody(
  reader: ByteReader,
  framing: Framing,
  take: (chunk: Buffer) => void | Promise<void>,
): Promise<boolean> {
  if (framing === 'chunked') return readChunks(reader, take);
  if (framing !== 'close') return readLength(reader, framing, take);
  for (;;) {
    const chunk = await reader.some(Infinity);
    if (chunk === undefined) return !reader.broken;
    await take(chunk);
  }
}

async function readLength(reader: ByteReader, length: number, take: (chunk: Buffer) => unknown): Promise<boolean> {
  for (let left = length; left > 0; ) {
    const chunk = await reader.some(left);
    if (chunk === undefined) return false;
    left -= chunk.length;
    await take(chunk);
  }
  return true;
}

async function readChunks(reader: ByteReader, take: (chunk: Buffer) => unknown): Promise<boolean> {
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return false;
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new MalformedMessage(`chunk size ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    if (!(await readLength(reader, size, take))) return false;
    const end = await reader.line();
    if (end === undefined) return false;
    if (end !== '') throw new MalformedMessage(`after a chunk: ${JSON.stringify(end)}`);
    if (size === 0) return true;
  }
}

/** Field lines as text to be sent. */
export function fieldLines(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
