import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT, fail } from '../exit.ts';
import type { Io } from '../io.ts';
import { type Bytes, SourceError } from './bytes.ts';
import { Fetcher } from './fetcher.ts';
import { Progress } from './progress.ts';
import { type Entry, readFile, readSitemap } from './source.ts';
import { Tally } from './tally.ts';
import { parseTarget, type Target } from './target.ts';
import type { Fields } from './variants.ts';
import { warm } from './warm.ts';

/** What the command line says, checked. */
export interface WarmRun {
  /** A file, `-`, or the URL of a sitemap. */
  readonly source: string;
  readonly to: URL;
  readonly host: string;
  readonly concurrency: number;
  readonly rate: number;
  readonly limit: number;
  readonly variants: readonly Fields[];
  readonly json: boolean;
}

/** Fetches, shows how far it is and what came of it; ends with a CliError unless all went well. */
export async function runWarm(run: WarmRun, io: Io): Promise<void> {
  const stop = new AbortController();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    stop.abort();
  };
  process.once('SIGINT', interrupt);
  const tally = new Tally();
  const fetcher = new Fetcher({ to: run.to, host: run.host, connections: run.concurrency, signal: stop.signal });
  const progress = new Progress(io.stderr, () => tally.line());
  let failure: CliError | undefined;
  try {
    await warm({ ...run, entries: entriesOf(run, fetcher, io), fetcher, tally, signal: stop.signal });
  } catch (error) {
    if (!interrupted) failure = failureOf(run.source, error);
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
    stop.abort();
    await fetcher.close();
    if (run.source === '-') process.stdin.destroy();
  }
  if (failure === undefined || tally.fetched > 0) {
    io.stdout.write(run.json ? `${JSON.stringify(tally.json(interrupted))}\n` : tally.text());
  }
  if (failure !== undefined) throw failure;
  if (interrupted) fail('interrupted', EXIT.interrupted);
  if (tally.failed > 0) fail(`${tally.failed} failed`);
}

function entriesOf({ source, host }: WarmRun, fetcher: Fetcher, io: Io): AsyncGenerator<Entry> {
  const open = (target: Target) => fetcher.read(target);
  if (!/^https?:\/\//i.test(source)) {
    const bytes: Bytes = source === '-' ? process.stdin : createReadStream(resolve(io.cwd, source));
    return readFile(bytes, open);
  }
  const target = parseTarget(source);
  if (typeof target === 'string') fail(`"${source}": ${target}`, EXIT.usage);
  return readSitemap({ host: target.host || host, path: target.path }, open);
}

/** What ended it all; a bug stays what it is. */
function failureOf(source: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const what = source === '-' ? 'the list' : source;
  if (error instanceof SourceError) return new CliError(`${what}: ${error.message}`);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CliError(`${what}: there is no such file`, EXIT.usage);
  if (code === 'EISDIR' || code === 'EACCES') return new CliError(`${what} cannot be read: ${code}`, EXIT.usage);
  throw error;
}
