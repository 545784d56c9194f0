import type { ServerHttp2Stream } from 'node:http2';
import type { RequestView } from '../request/reply.ts';

/** What the requests of a connection have in common. */
export interface ConnectionFacts {
  /** Of the client, without port. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** SNI, lowercase; '' for none. */
  readonly serverName: string;
}

/** Pseudo-fields of a request; '' where absent. */
interface Pseudo {
  method: string;
  scheme: string;
  path: string;
  authority: string;
  protocol: string;
}

/**
 * A stream's request, or undefined where it is malformed beyond what nghttp2 checks (RFC 9113 section 8): the order of
 * pseudo-fields, their presence, names in lower case, connection-specific fields, bytes of values and TE are its business.
 *
 * @param lines [name, value, ...], pseudo-fields first
 */
export function readHttp2Request(
  stream: ServerHttp2Stream,
  lines: readonly string[],
  facts: ConnectionFacts,
): Http2Request | undefined {
  const pseudo: Pseudo = { method: '', scheme: '', path: '', authority: '', protocol: '' };
  let at = 0;
  for (; at < lines.length && lines[at].startsWith(':'); at += 2) {
    pseudo[lines[at].slice(1) as keyof Pseudo] = lines[at + 1];
  }
  const fields = readFields(lines.slice(at), pseudo.authority);
  if (fields === undefined) return undefined;
  if (pseudo.method === 'CONNECT' && pseudo.protocol === '') pseudo.path = pseudo.authority;
  else if (pseudo.scheme !== 'http' && pseudo.scheme !== 'https') return undefined;
  return new Http2Request(pseudo, fields, !stream.endAfterHeaders, facts);
}

/**
 * Host first, as :authority has it, and the crumbs of Cookie joined (RFC 9113 section 8.2.3). Undefined where Host and
 * :authority differ.
 */
function readFields(lines: string[], authority: string): string[] | undefined {
  const fields: string[] = authority === '' ? [] : ['host', authority];
  let cookie = -1;
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i];
    if (name === 'host' && authority !== '') {
      if (lines[i + 1].toLowerCase() !== authority.toLowerCase()) return undefined;
    } else if (name === 'cookie' && cookie >= 0) fields[cookie] += `; ${lines[i + 1]}`;
    else {
      fields.push(name, lines[i + 1]);
      if (name === 'cookie') cookie = fields.length - 1;
    }
  }
  return fields;
}

/** A request of HTTP/2 as the pipeline sees it. An extended CONNECT (RFC 8441) is shown as a GET with Upgrade. */
export class Http2Request implements RequestView {
  readonly protocol = '2';
  readonly isUpgrade: boolean;
  readonly hasOpenBody: boolean;
  readonly #facts: ConnectionFacts;
  readonly #method: string;
  readonly #target: string;
  readonly #mark: number;
  readonly #fields: string[];

  constructor({ method, path, protocol }: Pseudo, fields: string[], isOpen: boolean, facts: ConnectionFacts) {
    this.isUpgrade = method === 'CONNECT' && protocol !== '';
    this.#facts = facts;
    this.#method = this.isUpgrade ? 'GET' : method;
    this.#target = path;
    this.#mark = path.indexOf('?');
    this.#fields = fields;
    if (this.isUpgrade) {
      fields.push('connection', 'upgrade', 'upgrade', protocol);
      if (protocol === 'websocket' && this.header('sec-websocket-version') === '') {
        fields.push('sec-websocket-version', '13');
      }
    }
    this.hasOpenBody = !this.isUpgrade && isOpen && this.header('content-length') === '';
  }

  scheme(): 'http' | 'https' {
    return this.#facts.scheme;
  }

  serverName(): string {
    return this.#facts.serverName;
  }

  method(): string {
    return this.#method;
  }

  path(): string {
    return this.#mark < 0 ? this.#target : this.#target.slice(0, this.#mark);
  }

  query(): string {
    return this.#mark < 0 ? '' : this.#target.slice(this.#mark + 1);
  }

  header(name: string): string {
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
    return '';
  }

  headers(): string[] {
    return this.#fields;
  }

  address(): string {
    return this.#facts.address;
  }
}
