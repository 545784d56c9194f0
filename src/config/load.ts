/** From flags, environment and lb.json to one checked configuration, or to all mistakes at once. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve as resolvePath } from 'node:path';
import type { Address, Config } from './config.ts';
import { Document, parseDocument } from './document.ts';
import { type ConfigError, ErrorList } from './errors.ts';
import { type FileSettings, readFileSettings } from './file.ts';
import { Files, type Inspect, inspectFile, reasonOf } from './files.ts';
import type { Provenance } from './picker.ts';
import { resolve } from './resolve.ts';
import { type FlagValue, hasVariables, readEnv, readFlags, textPlace } from './text-layers.ts';

export interface LoadOptions {
  /** In the order of the command line. */
  readonly flags: readonly FlagValue[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that file names are relative to, and where lb.json is looked for. */
  readonly cwd: string;
  /** The file given with `-c`, which must exist. */
  readonly file?: string;
  /** Reads a text file; for tests. */
  readonly readFile?: (path: string) => string;
  /** Tells whether a file or folder that a setting names can be read; for tests. */
  readonly inspect?: Inspect;
}

export interface Loaded {
  readonly config: Config;
  /** What the user should know: settings that are checked but have no effect in this version. */
  readonly announcements: readonly string[];
  /** Every value with where it came from, in the order of the table. */
  readonly origins: readonly Provenance[];
  /** The name of the file that was read. */
  readonly file: string | undefined;
}

export interface NotLoaded {
  readonly errors: readonly ConfigError[];
}

/** Precedence: flag, LB_ variable, lb.json, default. Never throws for what users write. */
export function loadConfig(options: LoadOptions): Loaded | NotLoaded {
  const errors = new ErrorList();
  const read = readerOf(options);
  const files = new Files(options.cwd, options.inspect ?? inspectFile);
  const flags = readFlags(options.flags, files, errors);
  const env = readEnv(options.env, read, files, errors);
  const found = findFile(options, read, errors);
  if (!found && nameGiven(options)) return { errors: inOrder(errors.errors) };
  const file = found && readSettings(new Document(found.name, found.text), options, errors);
  if (file === null) return { errors: inOrder(errors.errors) };
  const dataDir = defaultDataDir(options);
  const { config, notes, announcements } = resolve({ flags, env, file, fileName: found?.name, dataDir }, errors);
  if (errors.errors.length > 0) return { errors: inOrder(errors.errors) };
  return { config, announcements, origins: notes, file: found?.name };
}

/** Whether anything is configured at all: by a flag, a variable (also a misspelt one) or a file. */
export function hasSource(options: LoadOptions): boolean {
  if (options.flags.length > 0 || options.file || hasVariables(options.env)) return true;
  const errors = new ErrorList();
  const found = findFile(options, readerOf(options), errors);
  return found !== undefined || errors.errors.length > 0;
}

/** What the file says of where lb listens. */
export interface FileClient {
  /** Where clients connect. */
  readonly listen: Address | undefined;
  readonly admin: Address | undefined;
  readonly token: string | undefined;
  /** Why the file, or what it says here, does not count. */
  readonly problem: string | undefined;
}

/**
 * The addresses and the token of the file alone, for those who ask a running lb. Mistakes in its other parts do not matter.
 *
 * @param wanted the settings of which a mistake is a `problem`
 */
export function loadFileClient(
  options: LoadOptions,
  wanted: readonly ('listen' | 'admin' | 'admin_token')[],
): FileClient {
  const errors = new ErrorList();
  const found = findFile(options, readerOf(options), errors);
  if (!found) return { listen: undefined, admin: undefined, token: undefined, problem: errors.errors[0]?.message };
  const top = readSettings(new Document(found.name, found.text), options, errors)?.top;
  const isBroken = !top || wanted.some((path) => top.broken.has(path));
  return {
    listen: (top?.values.get('listen')?.value as Address[] | undefined)?.[0],
    admin: top?.values.get('admin')?.value as Address | undefined,
    token: top?.values.get('admin_token')?.value as string | undefined,
    problem: isBroken ? `${found.name} has mistakes (lb check shows them)` : undefined,
  };
}

/** Where lb keeps what is its own, by LB_DATA_DIR, the file or default. Mistakes in the file do not matter. */
export function loadDataDir(options: LoadOptions): string {
  if (options.env.LB_DATA_DIR) return resolvePath(options.cwd, options.env.LB_DATA_DIR);
  const errors = new ErrorList();
  const found = findFile(options, readerOf(options), errors);
  const top = found && readSettings(new Document(found.name, found.text), options, errors)?.top;
  return (top?.values.get('data_dir')?.value as string | undefined) ?? defaultDataDir(options);
}

function readerOf({ cwd, readFile }: LoadOptions): (name: string) => string {
  const read = readFile ?? ((path) => readFileSync(path, 'utf8'));
  return (name) => read(resolvePath(cwd, name));
}

/** The file of `-c`, else of LB_CONFIG, else lb.json where there is one. */
function findFile(
  options: LoadOptions,
  read: (name: string) => string,
  errors: ErrorList,
): { name: string; text: string } | undefined {
  const name = nameGiven(options);
  try {
    return { name: name ?? 'lb.json', text: read(name ?? 'lb.json') };
  } catch (error) {
    if (name === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const place = options.file
      ? textPlace('-c', ' ', options.file)
      : name
        ? textPlace('LB_CONFIG', '=', name)
        : textPlace('lb.json', '', '');
    errors.add(
      place,
      `cannot read ${name ?? 'lb.json'}: ${reasonOf(error)}`,
      'check the name; `lb init` writes a file to start from',
    );
    return undefined;
  }
}

/** Where lb keeps what is its own: what the system has for services, else for the user's programs (XDG). */
function defaultDataDir({ env, cwd }: LoadOptions): string {
  if (process.getuid?.() === 0) return '/var/lib/lb';
  const home = env.HOME || homedir();
  // XDG: a relative path is to be ignored
  const data = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join(home, '.local/share');
  return resolvePath(cwd, data, 'lb');
}

function nameGiven(options: LoadOptions): string | undefined {
  return options.file ?? (options.env.LB_CONFIG || undefined);
}

/** Null when the text is so broken that what it lacks says nothing. */
function readSettings(document: Document, options: LoadOptions, errors: ErrorList): FileSettings | null {
  const { env, cwd, inspect = inspectFile } = options;
  const files = new Files(cwd, inspect).within(document.name);
  const { tree, soundUntil } = parseDocument(document, errors);
  if (soundUntil === Infinity) return tree ? readFileSettings(document, tree, env, files, errors) : null;
  if (!tree) return null;
  const inside = new ErrorList();
  readFileSettings(document, tree, env, files, inside);
  const sound = document.place(soundUntil, 1);
  errors.errors.push(...inside.errors.filter((error) => error.line < sound.line));
  return null;
}

/** Of each source together, in the order of its lines. */
function inOrder(errors: readonly ConfigError[]): ConfigError[] {
  const sources = [...new Set(errors.map((error) => error.source))];
  return [...errors].sort(
    (a, b) => sources.indexOf(a.source) - sources.indexOf(b.source) || a.line - b.line || a.column - b.column,
  );
}
