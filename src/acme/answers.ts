import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { axios } from 'acme-client';
import type { AcmeConfig } from '../config/config.ts';
import { whyNotReached } from './not-reached.ts';

/** Longest wait for an answer of the authority, in ms. */
const TIMEOUT = 30_000;

/** What the authority has told of, and what kept it from it. */
export interface Answers {
  /** Type of the last problem: the client's own errors have its words alone. */
  problem: string | undefined;
  end: () => void;
}

interface Answer {
  readonly status: number;
  readonly data: unknown;
  readonly config: { readonly url?: string };
}

/**
 * Settings of the client's HTTP, which all of it shares, and a look at what is answered. Where nothing is, the client fails
 * with an error of its own making, in whose place comes one sentence that says why.
 */
export function watchAnswers({ caFile, directory }: AcmeConfig): Answers {
  const agent = new WatchfulAgent(caFile === undefined ? {} : { ca: readFileSync(caFile) });
  const defaults = axios.defaults as typeof axios.defaults & { acmeSettings: { retryMaxAttempts: number } };
  // a failed order is tried again as a whole, after a pause that lb chooses
  defaults.acmeSettings.retryMaxAttempts = 0;
  defaults.timeout = TIMEOUT;
  defaults.httpsAgent = agent;
  defaults.headers.common['User-Agent'] = 'lb';
  const id = axios.interceptors.response.use(
    (response) => {
      const { type } = (response.data ?? {}) as { type?: unknown };
      if (response.status >= 400 && typeof type === 'string') answers.problem = type;
      checkAnswer(response, directory);
      return response;
    },
    () => {
      throw new Error(`${new URL(directory).host} cannot be asked: ${agent.takeFailure()}`);
    },
  );
  const answers: Answers = { problem: undefined, end: () => axios.interceptors.response.eject(id) };
  return answers;
}

/** @throws where it is none of an authority, in one sentence */
function checkAnswer({ status, data, config: { url } }: Answer, directory: string): void {
  const isObject = typeof data === 'object' && data !== null;
  if (status >= 400 && !isObject) throw new Error(`${url} is answered with status ${status}`);
  if (url !== directory) return;
  if (status >= 400) throw new Error(`${url} is answered with status ${status}: ${JSON.stringify(data)}`);
  const { newNonce, newAccount, newOrder } = (isObject ? data : {}) as Record<string, unknown>;
  if ([newNonce, newAccount, newOrder].some((place) => typeof place !== 'string')) {
    throw new Error(`what ${url} is answered with is not the directory of an authority (RFC 8555 section 7.1.1)`);
  }
}

/** Keeps why the last connection failed, which the client loses. */
class WatchfulAgent extends Agent {
  #failure: string | undefined;

  override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    const socket = super.createConnection(...args);
    socket?.once('error', (error: Error) => {
      this.#failure = whyNotReached(error);
    });
    socket?.once('timeout', () => {
      this.#failure = `no answer within ${TIMEOUT / 1000} seconds`;
    });
    return socket;
  }

  /** Why the last connection failed. */
  takeFailure(): string {
    const failure = this.#failure ?? 'the connection was closed before there was an answer';
    this.#failure = undefined;
    return failure;
  }
}
