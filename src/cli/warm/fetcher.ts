import { Pool } from 'undici';
import { type HeaderList, headerList } from '../../http/headers.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Bytes, SourceError } from './bytes.ts';
import type { Target } from './target.ts';
import type { Fields } from './variants.ts';

/** How long lb may take to accept, to begin an answer, and between two parts of one, in ms. */
const CONNECT_TIMEOUT = 5_000;
const ANSWER_TIMEOUT = 120_000;

export interface FetcherOptions {
  /** Where lb is: scheme, host and port. */
  readonly to: URL;
  /** Host field for targets without one. */
  readonly host: string;
  readonly connections: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** An answer, read to its end. */
export interface Fetched {
  readonly status: number;
  readonly headers: HeaderList;
  /** Of the body. */
  readonly bytes: number;
}

/** Asks lb, whatever the host of the target: that goes out as Host. Nothing is tried twice. */
export class Fetcher {
  readonly #pool: Pool;
  readonly #options: FetcherOptions;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#pool = new Pool(options.to.origin, {
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT },
      headersTimeout: ANSWER_TIMEOUT,
      bodyTimeout: ANSWER_TIMEOUT,
    });
  }

  /** Reads an answer and forgets its body. @throws CliError where there is no lb; other errors concern the target alone */
  async fetch(target: Target, fields: Fields): Promise<Fetched> {
    const { statusCode, headers, body } = await this.#request(target, fields);
    let bytes = 0;
    for await (const chunk of body as Bytes) bytes += chunk.length;
    return { status: statusCode, headers: headerList(linesOf(headers)), bytes };
  }

  /** The body of a 200, as it arrives. @throws SourceError, or CliError as `fetch` does */
  async *read(target: Target): AsyncGenerator<Uint8Array> {
    try {
      const { statusCode, body } = await this.#request(target, {});
      if (statusCode !== 200) {
        await body.dump();
        throw new SourceError(`lb answers ${statusCode}`);
      }
      yield* body as Bytes;
    } catch (error) {
      if (error instanceof CliError || error instanceof SourceError) throw error;
      throw new SourceError((error as Error).message);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #request({ host, path }: Target, fields: Fields) {
    const { signal, host: fallback, to } = this.#options;
    const headers = { 'user-agent': 'lb-warm', ...fields, host: host === '' ? fallback : host };
    try {
      return await this.#pool.request({ method: 'GET', path, headers, signal });
    } catch (error) {
      throw isNobodyThere(error as NodeJS.ErrnoException)
        ? new CliError(
            `cannot reach lb at ${to.origin}: ${(error as Error).message}; is it running? --to says where`,
            EXIT.network,
          )
        : error;
    }
  }
}

const NOBODY: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isNobodyThere({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && NOBODY.has(code);
}

function* linesOf(headers: Record<string, string | string[] | undefined>): Generator<[string, string]> {
  for (const [name, value] of Object.entries(headers)) {
    for (const line of Array.isArray(value) ? value : [value ?? '']) yield [name, line];
  }
}
