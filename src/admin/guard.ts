// Who may use the admin listener. A page in the operator's browser is the attacker to keep out of a loopback listener:
// it can send requests there, across origins or under a name that it rebinds to 127.0.0.1. It can set neither Host
// nor Origin nor Sec-Fetch-Site, and it does not know the token.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { AdminConfig } from './types.ts';

export interface Refusal {
  readonly status: 401 | 403;
  readonly detail: string;
}

/** Whether an address to bind can be reached from this machine only. Names other than `localhost` do not count. */
export function isLoopback(host: string): boolean {
  const name = unbracket(host.toLowerCase());
  if (name === 'localhost' || name === '::1') return true;
  const ipv4 = name.startsWith('::ffff:') ? name.slice('::ffff:'.length) : name;
  return isIP(ipv4) === 4 && ipv4.startsWith('127.');
}

function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** Decides on each request from its headers. */
export class Guard {
  readonly #token: Buffer | undefined;
  readonly #names: ReadonlySet<string>;

  constructor(config: AdminConfig) {
    this.#token = config.token ? digest(config.token) : undefined;
    this.#names = new Set(['localhost', config.host, ...(config.allowedHosts ?? [])].map((name) => name.toLowerCase()));
  }

  /** Why the request is refused, or undefined when it may go on. */
  check(headers: IncomingHttpHeaders): Refusal | undefined {
    const crossSite = this.#crossSite(headers);
    if (crossSite) return crossSite;
    if (this.#token) return this.#checkToken(headers.authorization, this.#token);
    return this.#checkHost(headers.host);
  }

  #crossSite(headers: IncomingHttpHeaders): Refusal | undefined {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { status: 403, detail: 'requests from other web sites are refused (Sec-Fetch-Site)' };
    }
    const { origin } = headers;
    if (origin !== undefined && origin.toLowerCase() !== `http://${headers.host?.toLowerCase()}`) {
      return { status: 403, detail: 'requests from other web sites are refused (Origin)' };
    }
    return undefined;
  }

  // The right token proves more than a host name does: a rebinding page cannot know it.
  #checkToken(authorization: string | undefined, expected: Buffer): Refusal | undefined {
    const sent = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (sent === undefined) return { status: 401, detail: 'send the admin token as "Authorization: Bearer TOKEN"' };
    // Both sides are digests of one length, so the comparison takes the same time whatever was sent.
    return timingSafeEqual(digest(sent), expected) ? undefined : { status: 401, detail: 'the admin token is wrong' };
  }

  // Rebinding needs a name, so any IP literal is fine.
  #checkHost(host: string | undefined): Refusal | undefined {
    const name = unbracket((host ?? '').toLowerCase().replace(/:\d*$/, ''));
    if (isIP(name) !== 0 || this.#names.has(name)) return undefined;
    return { status: 403, detail: `the admin listener does not answer to the name "${name.slice(0, 255)}"` };
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
