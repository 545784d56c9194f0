/**
 * A challenge that browsers pass and simple clients do not: a page whose script finds a number (proof of work), shows it, and
 * gets a signed cookie for it. Nothing is kept but which puzzles were used.
 *
 * puzzle    ISSUED.RANDOM.MAC     ISSUED: seconds, base 36; MAC over site, client, ISSUED and RANDOM
 * solution  puzzle.NUMBER         SHA-256(MAC NUMBER) begins with as many zero bits as asked for
 * cookie    EXPIRY.MAC            MAC over site, client and EXPIRY
 *
 * The client is the prefix of its address and its User-Agent. A cookie that came over TLS is Secure; over plain HTTP it
 * has another name, since browsers let no plain answer replace a Secure cookie.
 */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ChallengeConfig } from '../config/bot-config.ts';
import { challengePage } from './page.ts';

/** What is looked at of a request. */
export interface ChallengeSubject {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** The first line of a field, '' where it is absent. */
  field(name: string): string;
  clientAddress(): string;
  ownId(): string;
}

/** An answer in place of the site's. */
export interface ChallengeAnswer {
  readonly status: number;
  readonly fields: readonly string[];
  readonly reason: string;
  readonly body?: { readonly contentType: string; readonly content: string };
  readonly problem?: { readonly detail: string };
}

/** Request field that a solution comes in. */
const SOLUTION_FIELD = 'x-lb-challenge';

/** Seconds that a puzzle may be solved in. */
const PUZZLE_TTL = 300;
/** Cookies whose signature has been checked, for each thread and site. */
const MOST_CHECKED = 8192;
/** Cookies of its name that a request's are looked at. */
const MOST_COOKIES = 4;
/** 128 bits in base64url. */
const MAC_LENGTH = 22;

export interface ChallengeTools {
  /** Whether a text has not been seen for as long as puzzles live, on any thread. */
  once(text: string): boolean;
  /** Seconds since 1970. */
  now(): number;
}

/** The challenge of a site, on one thread. */
export class Challenge {
  readonly #site: string;
  readonly #config: ChallengeConfig;
  readonly #tools: ChallengeTools;
  readonly #secure: string;
  readonly #plain: string;
  /** Cookies with who they are for, and until when. */
  readonly #checked = new Map<string, { client: string; expiry: number }>();

  constructor(site: string, config: ChallengeConfig, tools: ChallengeTools) {
    this.#site = site;
    this.#config = config;
    this.#tools = tools;
    this.#secure = config.cookie;
    this.#plain = `${config.cookie}_http`;
  }

  /** Undefined where the client has passed, else what it is told. */
  check(x: ChallengeSubject): ChallengeAnswer | undefined {
    return this.#isPassed(x) || isPreflight(x) ? undefined : this.#ask(x);
  }

  /** Undefined where a request brings no solution. */
  judge(x: ChallengeSubject): ChallengeAnswer | undefined {
    const solution = x.field(SOLUTION_FIELD);
    return solution === '' ? undefined : this.#judge(x, solution);
  }

  /** Whether a request has a cookie that was given to its client. */
  #isPassed(x: ChallengeSubject): boolean {
    const cookies = x.field('cookie');
    if (cookies === '') return false;
    const client = clientOf(x);
    const isValid = (cookie: string) => this.#isValid(cookie, client);
    if (cookiesOf(cookies, this.#plain).some(isValid)) return true;
    return x.scheme === 'https' && cookiesOf(cookies, this.#secure).some(isValid);
  }

  #isValid(cookie: string, client: string): boolean {
    if (cookie === '') return false;
    const known = this.#checked.get(cookie);
    if (known !== undefined) return known.client === client && known.expiry > this.#tools.now();
    const found = /^([0-9a-z]{1,10})\.([\w-]{22})$/.exec(cookie);
    if (found === null) return false;
    const expiry = Number.parseInt(found[1], 36);
    if (expiry <= this.#tools.now() || !isSame(found[2], this.#mac('cookie', client, found[1]))) return false;
    if (this.#checked.size >= MOST_CHECKED) this.#checked.clear();
    this.#checked.set(cookie, { client, expiry });
    return true;
  }

  #ask(x: ChallengeSubject): ChallengeAnswer {
    const isPage = (x.method === 'GET' || x.method === 'HEAD') && x.field('accept').includes('text/html');
    const mode = x.field('sec-fetch-mode');
    if (!isPage || (mode !== '' && mode !== 'navigate' && mode !== 'nested-navigate')) return NOT_A_PAGE;
    const issued = Math.floor(this.#tools.now()).toString(36);
    const random = randomBytes(8).toString('hex');
    const puzzle = `${issued}.${random}.${this.#mac('puzzle', clientOf(x), `${issued}.${random}`)}`;
    const { html, policy } = challengePage({ puzzle, difficulty: this.#config.difficulty, requestId: x.ownId() });
    return {
      status: 403,
      fields: [...CLOSED, `Content-Security-Policy: ${policy}`],
      reason: 'challenge',
      body: { contentType: 'text/html; charset=utf-8', content: html },
    };
  }

  #judge(x: ChallengeSubject, solution: string): ChallengeAnswer {
    const found = /^(([0-9a-z]{1,10})\.[0-9a-f]{16})\.([\w-]{22})\.(\d{1,15})$/.exec(solution);
    if (found === null) return refusal('the solution is none');
    const [, what, issued, mac, number] = found;
    const now = this.#tools.now();
    const age = now - Number.parseInt(issued, 36);
    if (age < -PUZZLE_TTL || age > PUZZLE_TTL) return refusal('the puzzle is too old');
    const client = clientOf(x);
    if (!isSame(mac, this.#mac('puzzle', client, what))) return refusal('the puzzle was given to another client');
    if (zeroBits(`${mac}${number}`) < this.#config.difficulty) return refusal('the solution is wrong');
    if (!this.#tools.once(`${this.#site} ${mac}`)) return refusal('the puzzle has been used');
    const { ttl } = this.#config;
    const [name, secure] = x.scheme === 'https' ? [this.#secure, '; Secure'] : [this.#plain, ''];
    const expiry = Math.floor(now + ttl).toString(36);
    const value = `${expiry}.${this.#mac('cookie', client, expiry)}`;
    return {
      status: 204,
      fields: [...CLOSED, `Set-Cookie: ${name}=${value}; Path=/; Max-Age=${ttl}; HttpOnly; SameSite=Lax${secure}`],
      reason: 'challenge',
      body: { contentType: 'text/plain', content: '' },
    };
  }

  #mac(what: string, client: string, text: string): string {
    const parts = [what, this.#site, client, text].map((part) => `${part.length}:${part}`).join('');
    return createHmac('sha256', this.#config.secret).update(parts).digest('base64url').slice(0, MAC_LENGTH);
  }
}

/** A question of a browser on behalf of a page of another site (CORS), which has no cookies; what follows it is challenged. */
function isPreflight(x: ChallengeSubject): boolean {
  return x.method === 'OPTIONS' && x.field('access-control-request-method') !== '' && x.field('origin') !== '';
}

/** A sibling domain may have set others of the same name, in front of ours. At most some are looked at. */
function cookiesOf(field: string, name: string): string[] {
  const found: string[] = [];
  const prefix = `${name}=`;
  for (
    let from = field.indexOf(prefix);
    from >= 0 && found.length < MOST_COOKIES;
    from = field.indexOf(prefix, from + 1)
  ) {
    if (from > 0 && field[from - 1] !== ' ' && field[from - 1] !== ';') continue;
    const end = field.indexOf(';', from);
    found.push(field.slice(from + prefix.length, end < 0 ? undefined : end).trim());
  }
  return found;
}

/** What every answer says beside what answers of lb's own say (no-store): no search engine is to show it. */
const CLOSED = ['X-Robots-Tag: noindex', 'Vary: *'];

const NOT_A_PAGE: ChallengeAnswer = refusal(
  'this site asks clients to show that they are browsers: open one of its pages in a browser, with JavaScript and cookies',
);

function refusal(detail: string): ChallengeAnswer {
  return { status: 403, fields: CLOSED, reason: 'challenge', problem: { detail } };
}

/** The network of the client (/24 of IPv4, /64 of IPv6: within it addresses change on the way), and its User-Agent. */
function clientOf(x: ChallengeSubject): string {
  return `${networkOf(x.clientAddress())} ${x.field('user-agent')}`;
}

function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'));
  const [head, tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (address.includes('::')) {
    const behind = tail === '' ? [] : tail.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  return groups.slice(0, 4).join(':');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function zeroBits(text: string): number {
  const hash = createHash('sha256').update(text).digest();
  let bits = 0;
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}
