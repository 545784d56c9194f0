import { createHash } from 'node:crypto';
import { selectCookies } from '../http/cookies.ts';
import type { Origin } from './origin.ts';

/** Characters of a cookie's value: 96 bits. */
const LENGTH = 16;

/**
 * The cookie that keeps a client with its origin. Its value is a hash that tells nothing about the origin, and is the same
 * on every lb that has the same site and origins, also after a restart.
 */
export class StickyCookie {
  readonly name: string;
  readonly #byValue = new Map<string, Origin>();
  readonly #values = new Map<Origin, string>();

  constructor(name: string, site: string, origins: readonly Origin[]) {
    this.name = name;
    for (const origin of origins) {
      const value = valueFor(site, origin.url);
      this.#byValue.set(value, origin);
      this.#values.set(origin, value);
    }
  }

  /** The origin that a Cookie field names; undefined where it names none, or one that is no more. */
  find(field: string): Origin | undefined {
    const found = selectCookies(field, [this.name]);
    const end = found.indexOf(';');
    return this.#byValue.get(found.slice(this.name.length + 1, end < 0 ? undefined : end));
  }

  /** Value of Set-Cookie (RFC 6265 section 4.1). It ends with the browser's session. */
  line(origin: Origin, secure: boolean): string {
    const value = this.#values.get(origin) ?? '';
    return `${this.name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }
}

function valueFor(site: string, url: string): string {
  return createHash('sha256').update(`lb origin\0${site}\0${url}`).digest('base64url').slice(0, LENGTH);
}
