import { basename } from 'node:path';
import type { ReadFile } from './curl-body.ts';
import { RequestError, wire } from './tested-request.ts';

const BOUNDARY = `${'-'.repeat(24)}lbWafTestBoundary4242`;

/** `name=value`, `name=@file;type=image/png;filename=a.png`, `name=<file`. */
interface FormPart {
  readonly text: string;
  /** Neither `@`, `<` nor `;` says anything. */
  readonly isPlain: boolean;
}

/** A multipart body of the parts that -F names. @throws RequestError */
export function formBody(parts: readonly FormPart[], readFile: ReadFile): { bytes: Buffer; type: string } {
  const pieces = parts.map((part) => pieceOf(part, readFile));
  let boundary = BOUNDARY;
  while (pieces.some((piece) => piece.includes(boundary))) boundary += 'x';
  const bytes = Buffer.concat([
    ...pieces.flatMap((piece) => [Buffer.from(`--${boundary}\r\n`), piece, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { bytes, type: `multipart/form-data; boundary=${boundary}` };
}

function pieceOf({ text, isPlain }: FormPart, readFile: ReadFile): Buffer {
  const equals = text.indexOf('=');
  if (equals < 0) throw new RequestError(`-F ${text}: write name=value, or name=@file`);
  const name = text.slice(0, equals);
  const given = text.slice(equals + 1);
  if (isPlain) return partOf(name, undefined, undefined, Buffer.from(given));
  const [, value = '', attributes = ''] = /^("(?:[^"\\]|\\.)*"|[^;]*)(.*)$/s.exec(given) ?? [];
  const plain = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  const type = attributeOf(attributes, 'type');
  if (plain.startsWith('@')) {
    const file = plain.slice(1);
    const filename = attributeOf(attributes, 'filename') ?? basename(file);
    return partOf(name, filename, type ?? 'application/octet-stream', readFile(file));
  }
  const bytes = plain.startsWith('<') ? readFile(plain.slice(1)) : Buffer.from(plain);
  return partOf(name, attributeOf(attributes, 'filename'), type, bytes);
}

function attributeOf(attributes: string, name: string): string | undefined {
  return new RegExp(`;\\s*${name}=("[^"]*"|[^;]*)`).exec(attributes)?.[1].replace(/^"|"$/g, '');
}

function partOf(name: string, filename: string | undefined, type: string | undefined, bytes: Buffer): Buffer {
  const file = filename === undefined ? '' : `; filename="${escaped(filename)}"`;
  const head = `Content-Disposition: form-data; name="${escaped(name)}"${file}\r\n`;
  return Buffer.concat([
    Buffer.from(wire(`${head}${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`), 'latin1'),
    bytes,
  ]);
}

/** As curl and browsers write names. */
function escaped(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
