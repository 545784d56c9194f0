import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { plainAddress } from '../http/ip-address.ts';
import type { RequestView } from '../request/reply.ts';

const decoder = new TextDecoder();

/** The request of the current callback. */
export class UwsRequest implements RequestView {
  readonly protocol = '1.1'; // the library refuses all others
  isUpgrade = false;
  readonly hasOpenBody = false;
  readonly #scheme: 'http' | 'https';
  #req: HttpRequest | undefined;
  #res: HttpResponse | undefined;
  #method = '';

  constructor(scheme: 'http' | 'https') {
    this.#scheme = scheme;
  }

  attach(method: string, req: HttpRequest, res: HttpResponse): void {
    this.#method = method;
    this.#req = req;
    this.#res = res;
  }

  release(): void {
    this.#req = undefined;
    this.#res = undefined;
  }

  get #current(): HttpRequest {
    if (this.#req === undefined) throw new Error('the transport has let go of the request');
    return this.#req;
  }

  scheme(): 'http' | 'https' {
    return this.#scheme;
  }

  /** The library does not tell it. */
  serverName(): string {
    return '';
  }

  method(): string {
    return this.#method;
  }

  path(): string {
    return this.#current.getUrl();
  }

  query(): string {
    // undefined where there is no question mark, whatever its type says
    return this.#current.getQuery() || '';
  }

  header(name: string): string {
    return this.#current.getHeader(name);
  }

  headers(): string[] {
    const list: string[] = [];
    this.#current.forEach((name, value) => {
      // with messages put together there is nothing that an extension could apply to
      if (this.isUpgrade && name === 'sec-websocket-extensions') return;
      list.push(name, toLatin1(value));
    });
    return list;
  }

  address(): string {
    return this.#res === undefined ? '' : remoteAddress(this.#res);
  }
}

/** uWebSockets.js decodes fields as UTF-8; the rest of lb keeps bytes as latin1 text. */
function toLatin1(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** The other end of a connection, without port. */
export function remoteAddress(res: HttpResponse): string {
  const text = decoder.decode(res.getRemoteAddressAsText());
  return text.includes(':') ? plainAddress(text) : text;
}
