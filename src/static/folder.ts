/** A folder as an origin: it takes requests as connections to an origin do, and answers them from its files. */

import { realpath } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { SiteConfig, StaticConfig } from '../config/config.ts';
import { compileGlobs } from '../http/glob.ts';
import { hasHashedName } from '../http/hashed-name.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import { openBeneath } from './beneath.ts';
import { type Found, find, type NotFound } from './find.ts';
import { type Answer, answerFor, lifetimeOf } from './head.ts';
import { BLOCK, blocks, readStretch, Sending } from './send.ts';
import { parseTarget, type StaticTarget } from './target.ts';

/** How often a small file that changes while it is read is read once more. */
const TRIES = 3;

/** The page for what is not there, in the folder itself. */
const NOT_FOUND_PAGE = '404.html';

/** Bytes of the largest such page. */
const LARGEST_PAGE = BLOCK;

type Handler = Dispatcher.DispatchHandler;

/** Connections of one thread to a folder, as it were. */
export class FolderConnections {
  readonly #root: string;
  readonly #terms: StaticConfig;
  readonly #timeouts: SiteConfig['timeouts'];
  readonly #isImmutable: (path: string) => boolean;
  #running = 0;
  #types: Promise<(name: string) => string> | undefined;

  /** @param root absolute; it may be a link, and lead elsewhere later */
  constructor(root: string, site: SiteConfig) {
    this.#root = root;
    this.#terms = site.static;
    this.#timeouts = site.timeouts;
    this.#isImmutable = immutableNames(site);
  }

  get stats(): { connected: number; pending: number; running: number } {
    return { connected: 0, pending: 0, running: this.#running };
  }

  /** As undici's: the handler hears what becomes of the request. */
  dispatch({ method, path, headers, body }: Dispatcher.DispatchOptions, handler: Handler): boolean {
    if (body instanceof Readable) body.on('error', () => {}).resume();
    void this.#serve(method, path, headers as HeaderList, handler);
    return true;
  }

  /** There is nothing to connect to. */
  dial(): Promise<Socket> {
    return Promise.reject(Object.assign(new Error('a folder takes no connections'), { code: 'ECONNREFUSED' }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }

  async #serve(method: string, target: string, headers: HeaderList, handler: Handler): Promise<void> {
    const fail = (error: Error) => {
      if (sending.isOver) return;
      sending.isOver = true;
      handler.onResponseError?.(sending, error);
    };
    const sending = new Sending(fail);
    this.#running++;
    sending.expect(this.#timeouts.firstByte, 'UND_ERR_HEADERS_TIMEOUT');
    try {
      // not before `dispatch` has returned
      await Promise.resolve();
      handler.onRequestStart?.(sending, {});
      await sending.ready();
      await this.#answer(method, target, headers, sending, handler);
      end(sending, handler);
    } catch (error) {
      fail(error as Error);
    } finally {
      sending.met();
      this.#running--;
    }
  }

  async #answer(
    method: string,
    target: string,
    headers: HeaderList,
    sending: Sending,
    handler: Handler,
  ): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') return plain(sending, handler, 405, { allow: 'GET, HEAD' });
    const named = parseTarget(target, this.#terms.dotfiles);
    for (let tries = 1; ; tries++) {
      const root = await realpath(this.#root).catch(() => undefined);
      // the site as a whole is away
      if (root === undefined) return plain(sending, handler, 503, {});
      const found = named === undefined ? 'missing' : await this.#find(root, named, headers);
      if (typeof found === 'string') return this.#refuse(root, found, named, method, sending, handler);
      try {
        const type = await this.#typeOf(found.name);
        const lifetime = this.#lifetime(named?.path ?? target);
        const answer = answerFor(method, headers, found, type, lifetime);
        if (method === 'HEAD') return begin(answer, sending, handler);
        const terms = { limit: this.#timeouts.betweenBytes, isLast: tries === TRIES };
        if (await sent(found, answer, sending, handler, terms)) return end(sending, handler);
      } finally {
        // whoever receives it need not wait for this
        await found.handle.close();
      }
    }
  }

  #find(root: string, target: StaticTarget, headers: HeaderList): Promise<Found | NotFound> {
    return find(root, target, this.#terms.index, combineHeader(headers, 'accept-encoding') ?? '');
  }

  #lifetime(path: string): string {
    return lifetimeOf(this.#terms.recheck, hasHashedName(path) && this.#isImmutable(path));
  }

  /** The table of types is large, and read only where files are served. */
  #typeOf(name: string): Promise<string> {
    this.#types ??= import('./media-types.ts').then(({ contentTypeOf }) => contentTypeOf);
    return this.#types.then((typeOf) => typeOf(name));
  }

  /** What is not there, or not for everybody; a folder without its slash leads to the one with it. */
  async #refuse(
    root: string,
    reason: NotFound,
    target: StaticTarget | undefined,
    method: string,
    sending: Sending,
    handler: Handler,
  ): Promise<void> {
    const shared = { 'cache-control': lifetimeOf(this.#terms.recheck, false) };
    if (reason === 'folder' && target !== undefined)
      return plain(sending, handler, 301, { ...shared, location: `${target.path}/${target.query}` });
    if (reason === 'forbidden') return plain(sending, handler, 403, shared);
    const page = await this.#notFoundPage(root);
    if (page === undefined) return plain(sending, handler, 404, shared, method);
    const headers = { 'content-type': await this.#typeOf(NOT_FOUND_PAGE), 'content-length': String(page.length) };
    begin({ status: 404, headers: { ...headers, ...shared } }, sending, handler);
    if (method !== 'HEAD') handler.onResponseData?.(sending, page);
  }

  async #notFoundPage(root: string): Promise<Buffer | undefined> {
    const opened = await openBeneath(root, [NOT_FOUND_PAGE]);
    if (typeof opened === 'string') return undefined;
    const { handle, kind, stats } = opened;
    try {
      const isPage = kind === 'file' && stats.size > 0n && stats.size <= BigInt(LARGEST_PAGE);
      return isPage ? await readStretch(handle, stats, 0, Number(stats.size)).catch(() => undefined) : undefined;
    } finally {
      await handle.close();
    }
  }
}

/** Whether files with a hash in their names are taken as never changing, by path: as the first rule says that is for it. */
function immutableNames({ cache }: SiteConfig): (path: string) => boolean {
  const rules = cache.rules.map(({ match, immutable }) => ({ matches: compileGlobs(match), immutable }));
  return (path) => (rules.find(({ matches }) => matches(path)) ?? cache).immutable;
}

/** The answer is complete. May be called again. */
function end(sending: Sending, handler: Handler): void {
  if (sending.isOver) return;
  sending.isOver = true;
  handler.onResponseEnd?.(sending, {});
}

function begin({ status, headers }: Pick<Answer, 'status' | 'headers'>, sending: Sending, handler: Handler): void {
  if (sending.aborted) throw sending.reason ?? new Error('given up');
  sending.met();
  handler.onResponseStart?.(sending, status, headers);
}

/**
 * Sends a file. A small one is read before anything is said of it, so that one that changes meanwhile is read anew
 * in place of being cut.
 * @param terms.limit ms that one block may take; `isLast`: there is no further try
 * @returns false where the file changed before anything was said
 */
async function sent(
  { handle, stats }: Found,
  answer: Answer,
  sending: Sending,
  handler: Handler,
  { limit, isLast }: { limit: number; isLast: boolean },
): Promise<boolean> {
  if (answer.length > 0 && answer.length <= BLOCK) {
    let body: Buffer;
    try {
      body = await readStretch(handle, stats, answer.start, answer.length);
    } catch (error) {
      if (isLast) throw error;
      return false;
    }
    await sending.ready();
    begin(answer, sending, handler);
    await sending.ready();
    handler.onResponseData?.(sending, body);
  } else {
    begin(answer, sending, handler);
    for await (const block of blocks(handle, stats, answer, sending, limit)) handler.onResponseData?.(sending, block);
  }
  await sending.ready();
  return true;
}

const TEXTS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  503: 'Unavailable',
};

/** An answer of few words. */
function plain(
  sending: Sending,
  handler: Handler,
  status: number,
  fields: Record<string, string>,
  method = 'GET',
): void {
  const text = TEXTS[status] === undefined ? '' : `${TEXTS[status]}\n`;
  const headers: Record<string, string> = { ...fields, 'content-length': String(text.length) };
  if (text !== '') headers['content-type'] = 'text/plain; charset=utf-8';
  begin({ status, headers }, sending, handler);
  if (text !== '' && method !== 'HEAD') handler.onResponseData?.(sending, Buffer.from(text));
}
