import { isAbsolute, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { type ConfigError, formatPlace } from '../config/errors.ts';
import type { Provenance } from '../config/picker.ts';
import { CountryDatabaseError } from '../geo/country.ts';
import type { Logger } from '../stats/logger.ts';
import { CertificateError, certificateFiles, FILES_FIX } from '../tls/certificates.ts';
import { WafRulesError } from '../waf/ruleset/shared-rules.ts';
import { type Changes, changesBetween, withStartSettings } from './changes.ts';
import { FileWatch, type Watched } from './file-watch.ts';

/** A configuration read anew from where the first one came from. */
export type Reread =
  | { readonly config: Config; readonly origins: readonly Provenance[]; readonly announcements: readonly string[] }
  | { readonly errors: readonly ConfigError[] };

/** A configuration that is in force. */
export interface Applied {
  /** The number of its generation. */
  readonly generation: number;
  /** What is another one though the configuration may be the same, as in `Changes`. */
  readonly changed: readonly string[];
}

/** What came of a reload; after a refusal all is as it was. */
export type ReloadResult =
  | ({ readonly ok: true; readonly generation: number } & Changes)
  | {
      readonly ok: false;
      /** One sentence. */
      readonly error: string;
      /** Mistakes in the configuration, where those are why. */
      readonly mistakes: readonly ConfigError[];
    };

export interface ReloaderOptions {
  /** Reads the configuration anew. */
  readonly read: () => Reread;
  /** The configuration in force. */
  readonly current: () => Config;
  /**
   * Puts a configuration in force on all threads at once.
   * @throws with one sentence where it cannot be; then nothing has changed
   */
  readonly apply: (config: Config, origins: readonly Provenance[]) => Promise<Applied>;
  readonly logger: Logger;
}

/** Takes new configurations over, one after the other. */
export class Reloader {
  readonly #options: ReloaderOptions;
  /** The last reload that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #watch = () => {};
  #unwatch = () => {};
  #isOver = false;
  /** Files in which the last reload has found mistakes: they need not be those of the configuration in force. */
  #wrong: readonly string[] = [];

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Reads the configuration and puts it in force, once those that were asked for before are through. Never rejects. */
  reload(cause: string): Promise<ReloadResult> {
    const result = this.#last.then(() => this.#reload(cause));
    this.#last = result;
    return result;
  }

  async #reload(cause: string): Promise<ReloadResult> {
    const { read, current, apply, logger } = this.#options;
    if (this.#isOver) return this.#refuse(cause, 'lb is about to end', []);
    try {
      const reread = read();
      if ('errors' in reread) return this.#refuse(cause, 'the configuration has mistakes', reread.errors);
      const before = current();
      const { changed: differing, needsRestart } = changesBetween(before, reread.config);
      const applied = await apply(withStartSettings(before, reread.config), reread.origins);
      const { generation } = applied;
      const changes = { changed: [...new Set([...differing, ...applied.changed])], needsRestart };
      this.#wrong = [];
      logger.info({ cause, generation, ...namesOf(changes) }, 'reloaded');
      for (const announcement of reread.announcements) logger.warn({}, announcement);
      return { ok: true, generation, ...changes };
    } catch (error) {
      return this.#refuse(cause, (error as Error).message, mistakesOf(error));
    } finally {
      if (!this.#isOver) this.#watch();
    }
  }

  #refuse(cause: string, error: string, mistakes: readonly ConfigError[]): ReloadResult {
    const { logger } = this.#options;
    this.#wrong = [...new Set(mistakes.map(({ source }) => source).filter(isAbsolute))];
    logger.error({ cause, error }, 'not reloaded: the configuration in force stays');
    for (const mistake of mistakes) {
      logger.error({ place: formatPlace(mistake), fix: mistake.fix }, mistake.message);
    }
    return { ok: false, error, mistakes };
  }

  /** Reloads whenever one of the files changes. @param files what a reload would read, asked for anew after each */
  watch(files: () => Watched): void {
    const { logger } = this.#options;
    const watch = new FileWatch(
      () => void this.reload('a file changed'),
      (folder, error) => logger.error({ folder, error: error.message }, 'cannot watch a folder'),
    );
    this.#watch = () => {
      try {
        const known = files();
        watch.set({ files: [...known.files, ...this.#wrong], folders: known.folders });
      } catch (error) {
        logger.error({ error: (error as Error).message }, 'files are watched as before');
      }
    };
    this.#unwatch = () => watch.stop();
    this.#watch();
  }

  /** Ends it all: what is asked for from now on is refused. */
  stop(): void {
    this.#isOver = true;
    this.#unwatch();
  }
}

/** What is wrong with the files that a configuration names is a mistake in it. */
function mistakesOf(error: unknown): ConfigError[] {
  const mistake = (source: string, fix?: string) => [
    { source, line: 0, column: 0, text: '', width: 1, message: (error as Error).message, fix },
  ];
  if (error instanceof WafRulesError) return [...error.mistakes];
  if (error instanceof CertificateError) return mistake('tls', FILES_FIX);
  return error instanceof CountryDatabaseError ? mistake('geo.database', error.fix) : [];
}

function namesOf({ changed, needsRestart }: Changes): Record<string, unknown> {
  return needsRestart.length === 0 ? { changed } : { changed, needs_restart: needsRestart };
}

/** What a reload reads: the configuration, and files that it names. */
export function watchedFiles({ tls, sites, geo }: Config, file: string | undefined): Watched {
  const ofOrigins = sites.flatMap(({ originTls: { ca, cert, key } }) => [ca, cert, key]);
  const ofRules = sites.flatMap(({ waf }) => [...(waf?.setup ?? []), ...(waf?.rules ?? [])]);
  const plain = ofRules.filter((name) => !/[*?[]/.test(name));
  const ofClients = [geo.database, ...sites.flatMap(({ bots }) => bots?.files ?? [])];
  const own = file === undefined ? undefined : resolve(file);
  const named = [own, ...certificateFiles(tls), ...ofOrigins, ...plain, ...ofClients];
  return {
    files: [...new Set(named.filter((name) => name !== undefined))],
    folders: tls.folder === undefined ? [] : [tls.folder],
  };
}
