/** Requests and answers of HTTP/1.1 as they stand in a file. */

import { RequestError, type TestedRequest, type TestedResponse } from './tested-request.ts';

/** Line ends may be those of an editor: LF alone. */
const END_OF_HEAD = /\r?\n\r?\n/;

/**
 * @param bytes head and body of one request; a body in chunks is given without them
 * @throws RequestError
 */
export function rawRequest(bytes: Buffer, name: string): TestedRequest {
  const { first, headers, body } = messageOf(bytes, name);
  const [, method, written, version] = /^(\S+) (\S+) HTTP\/(1\.[01]|2)$/.exec(first) ?? [];
  if (method === undefined)
    throw new RequestError(`${name}: the first line is no "GET /path HTTP/1.1": ${first.slice(0, 80)}`);
  const absolute = /^(https?):\/\/[^/?#]*(.*)$/i.exec(written);
  return {
    scheme: absolute?.[1].toLowerCase() === 'https' ? 'https' : 'http',
    protocol: version as TestedRequest['protocol'],
    method,
    target: absolute === null ? written : absolute[2].startsWith('/') ? absolute[2] : `/${absolute[2]}`,
    ...framed(headers, body, name),
  };
}

/** @throws RequestError */
export function rawResponse(bytes: Buffer, name: string): TestedResponse {
  const { first, headers, body } = messageOf(bytes, name);
  const status = /^HTTP\/\S+ (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined)
    throw new RequestError(`${name}: the first line is no "HTTP/1.1 200 OK": ${first.slice(0, 80)}`);
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-encoding' && headers[i + 1] !== 'identity')
      throw new RequestError(
        `${name}: the body is in the coding ${headers[i + 1]}: give it decoded, without the field`,
      );
  }
  return { status: Number(status), headers, body };
}

interface Message {
  readonly first: string;
  readonly headers: string[];
  readonly body: Buffer;
}

function messageOf(bytes: Buffer, name: string): Message {
  const text = bytes.toString('latin1').replace(/^(?:\r?\n)+/, '');
  const end = END_OF_HEAD.exec(text);
  const head = end === null ? text.replace(/\r?\n$/, '') : text.slice(0, end.index);
  const [first, ...lines] = head.split(/\r?\n/);
  const headers = lines.flatMap((line, i) => {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new RequestError(`${name}:${i + 2}: "${line.slice(0, 80)}" is no "Name: value"`);
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const body = end === null ? '' : text.slice(end.index + end[0].length);
  return { first, headers, body: Buffer.from(body, 'latin1') };
}

/** Fields and body that agree on the length: a line end of an editor behind the body is none of it. */
function framed(headers: readonly string[], body: Buffer, name: string): { headers: string[]; body: Buffer } {
  if (fieldOf(headers, 'transfer-encoding') !== undefined) return { headers: [...headers], body };
  const said = fieldOf(headers, 'content-length');
  if (said === undefined)
    return { headers: body.length === 0 ? [...headers] : [...headers, 'content-length', String(body.length)], body };
  if (body.length < Number(said))
    throw new RequestError(`${name}: Content-Length says ${said} bytes of body, there are ${body.length}`);
  return { headers: [...headers], body: body.subarray(0, Number(said)) };
}

function fieldOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((field, i) => i % 2 === 0 && field === name);
  return at < 0 ? undefined : headers[at + 1];
}
