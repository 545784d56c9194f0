/** How commands find a running lb's admin listener, and ask it. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import type { Command } from 'commander';
import { parseListen } from '../config/address.ts';
import type { Address } from '../config/config.ts';
import { Problem } from '../config/errors.ts';
import { type FileClient, loadFileClient } from '../config/load.ts';
import { CliError, EXIT, fail } from './exit.ts';
import type { Io } from './io.ts';

const DEFAULT_ADMIN = '127.0.0.1:9900';
const TIMEOUT_MS = 10_000;
/** Bytes of an answer; statistics of many sites are the largest. */
const MAX_ANSWER = 64 << 20;

export interface AdminOptions {
  readonly admin?: string;
  readonly config?: string;
}

export interface Admin extends Address {
  readonly token: string | undefined;
}

export interface AdminRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the answer may take, in ms. */
  readonly timeout?: number;
}

/** A JSON object, as the admin API answers with. */
export type AdminAnswer = Readonly<Record<string, unknown>>;

/** Adds `--admin` and `-c`, and says where a token comes from. */
export function addAdminOptions(command: Command): Command {
  return command
    .option('--admin <ADDR:PORT>', `admin address of lb (LB_ADMIN, else admin of lb.json, else ${DEFAULT_ADMIN})`)
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText(
      'after',
      '\nA token is read from LB_ADMIN_TOKEN, the file that LB_ADMIN_TOKEN_FILE names, or lb.json.',
    );
}

/** `-c` and `--admin` may also stand before the command. */
export function optionsBefore({ parent }: Command): AdminOptions {
  return parent?.opts<AdminOptions>() ?? {};
}

/** Where lb's admin listener is: flag, LB_ADMIN, lb.json, default; each of address and token for itself. */
export function findAdmin(options: AdminOptions, io: Io): Admin {
  const text = options.admin ?? (io.env.LB_ADMIN || undefined);
  const token = findToken(io);
  const file: Partial<FileClient> =
    text && token
      ? {}
      : loadFileClient({ flags: [], env: io.env, cwd: io.cwd, file: options.config }, ['admin', 'admin_token']);
  const address = text === undefined && file.admin ? file.admin : parseListen(text ?? DEFAULT_ADMIN);
  if (address instanceof Problem) {
    fail(`${options.admin ? '--admin' : 'LB_ADMIN'}: ${address.message}`, EXIT.usage);
  }
  if (text === undefined && file.problem) {
    io.stderr.write(`note: ${file.problem}: admin settings in it may not count\n`);
  }
  return { ...reachable(address), token: token ?? file.token };
}

/** What lb listens on may stand for every address; those are reached on this machine. */
export function reachable({ host, port }: Address): Address {
  return { host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port };
}

function findToken(io: Io): string | undefined {
  const { LB_ADMIN_TOKEN: token, LB_ADMIN_TOKEN_FILE: file } = io.env;
  if (token || !file) return token || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    return fail(`LB_ADMIN_TOKEN_FILE: ${(error as Error).message}`, EXIT.usage);
  }
}

/**
 * Sends one request to the admin API.
 *
 * @param about what a refusal is told of, such as the path that was to be purged
 * @returns the answer of a 200; anything else ends the command with a line that says what to do
 */
export async function askAdmin(admin: Admin, asked: AdminRequest, about: string): Promise<AdminAnswer> {
  const { status, text } = await exchange(admin, asked);
  const body = parseJson(text);
  return status === 200 && body !== undefined ? body : refuse(admin, { status, text }, about);
}

/** As `askAdmin`, but the answer of status `also` is returned too. */
export async function askAdminOr(admin: Admin, asked: AdminRequest, about: string, also: number) {
  const { status, text } = await exchange(admin, asked);
  const body = parseJson(text);
  if ((status !== 200 && status !== also) || body === undefined) return refuse(admin, { status, text }, about);
  return { status, body };
}

/** Ends the command with what an answer that is no success says. */
function refuse(admin: Admin, { status, text }: { status: number; text: string }, about: string): never {
  const body = parseJson(text);
  const detail = typeof body?.detail === 'string' ? body.detail : `status ${status}`;
  if (status === 401) {
    fail(
      admin.token ? `${detail}: check LB_ADMIN_TOKEN` : 'lb asks for the admin token: set LB_ADMIN_TOKEN',
      EXIT.auth,
    );
  }
  if (status === 403) fail(detail, EXIT.auth);
  if (body === undefined) fail(`what answers at ${admin.host}:${admin.port} is not the admin API of lb`);
  return fail(`${about}: ${detail}`, status === 400 ? EXIT.usage : EXIT.failure);
}

/**
 * Reads a stream of JSON Lines from the admin API.
 *
 * @param onLine told of each line as it comes, without its line feed
 * @param signal ends the stream, after which this resolves
 * @param onOpen told once lb has begun to answer
 * @returns true when lb ended the stream
 */
export async function streamAdmin(
  admin: Admin,
  path: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
  onOpen?: () => void,
): Promise<boolean> {
  const { host, port, token } = admin;
  const headers = { Host: 'localhost', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const outgoing = request({ host, port, path, headers, agent: false, signal }).end();
  try {
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    if (response.statusCode === 200) onOpen?.();
    let rest = '';
    for await (const text of response as AsyncIterable<string>) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (response.statusCode === 200) for (const line of lines) onLine(line);
      else rest = `${lines.join('\n')}\n${rest}`;
    }
    if (response.statusCode !== 200) refuse(admin, { status: response.statusCode ?? 0, text: rest }, 'log');
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    if (error instanceof CliError) throw error;
    throw unreachable(admin, error as Error, TIMEOUT_MS);
  }
}

function exchange(admin: Admin, { method, path, headers, body, timeout = TIMEOUT_MS }: AdminRequest) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const failed = (error: Error) => reject(unreachable(admin, error, timeout));
  const { host, port, token } = admin;
  const signal = AbortSignal.timeout(timeout);
  const fields = { Host: 'localhost', ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const outgoing = request({ host, port, method, path, headers: fields, agent: false, signal });
  outgoing.on('error', failed).end(body);
  outgoing.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length <= MAX_ANSWER) text += chunk;
    });
    response.on('error', failed).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  return promise;
}

function unreachable(admin: Admin, error: NodeJS.ErrnoException, timeout: number): CliError {
  const where = `the admin address ${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return new CliError(`${where} did not answer within ${timeout / 1000} seconds`, EXIT.timeout);
  }
  const reason = error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message;
  return new CliError(
    `cannot reach ${where}: ${reason}; is lb running? --admin, LB_ADMIN or lb.json says where`,
    EXIT.network,
  );
}

function parseJson(text: string): AdminAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as AdminAnswer) : undefined;
  } catch {
    return undefined;
  }
}
