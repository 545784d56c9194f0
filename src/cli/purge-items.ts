/** What `lb purge` is told to purge, as the items of `POST /purge`. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { EXIT, fail } from './exit.ts';
import type { Io } from './io.ts';

/** One item of `POST /purge`, and what it is called in messages. */
export interface PurgeItem {
  readonly name: string;
  readonly members: Readonly<Record<string, string | boolean>>;
}

export interface PurgeScope {
  readonly host?: string;
  readonly site?: string;
  readonly tag?: readonly string[];
  readonly all?: boolean;
  readonly file?: string;
}

const TAG = 'tag:';
const FULL_URL = /^https?:\/\/([^/?#]*)/i;

/** The items that arguments, tags and a list ask for, or the one for everything; wrong use ends the command. */
export async function purgeItems(paths: readonly string[], scope: PurgeScope, io: Io): Promise<PurgeItem[]> {
  const { host, site, all } = scope;
  const narrowed = { ...(host === undefined ? {} : { host }), ...(site === undefined ? {} : { site }) };
  const listed = scope.file === undefined ? [] : await readList(scope.file, io);
  const items = [
    ...paths.map((text) => pathItem(text, host)),
    ...(scope.tag ?? []).map((tag) => ({ name: `tag ${tag}`, members: { tag } })),
    ...listed.map(({ text, where }) => (text.startsWith(TAG) ? tagItem(text) : pathItem(text, host, where))),
  ];
  if (all && items.length > 0) fail('give paths, tags or --all, not both', EXIT.usage);
  if (items.length > 0) return items.map(({ name, members }) => ({ name, members: { ...narrowed, ...members } }));
  if (scope.file !== undefined && !all) fail(`${scope.file} lists nothing to purge`, EXIT.usage);
  if (!all && host === undefined && site === undefined) {
    fail('say what to purge: a path such as "/images/*", --tag, --host, --site or --all', EXIT.usage);
  }
  return [{ name: '/*', members: { ...narrowed, all: true } }];
}

/** Whether a list has an item that is for everything of lb, of a host or of a site. */
export function purgesAll(items: readonly PurgeItem[]): boolean {
  return items.some(({ members }) => members.all === true || members.pattern === '/*');
}

interface Line {
  readonly text: string;
  /** `list.txt:3: `. */
  readonly where: string;
}

/** The lines of a file, `-` for standard input, without empty ones and comments. */
async function readList(file: string, io: Io): Promise<Line[]> {
  let content: string;
  try {
    content = file === '-' ? await readText(process.stdin) : await readFile(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    return fail(`--file: ${(error as Error).message}`, EXIT.usage);
  }
  const lines = content.split('\n').map((line, index) => ({ text: line.trim(), where: `${file}:${index + 1}: ` }));
  return lines.filter(({ text }) => text !== '' && !text.startsWith('#'));
}

function tagItem(text: string): PurgeItem {
  const tag = text.slice(TAG.length).trim();
  return { name: `tag ${tag}`, members: { tag } };
}

function pathItem(text: string, host: string | undefined, where = ''): PurgeItem {
  const url = FULL_URL.exec(text);
  if (url && host !== undefined && host !== url[1]) {
    fail(`${where}"${text}" names a host and so does --host`, EXIT.usage);
  }
  if (!url && !text.startsWith('/')) {
    fail(`${where}"${text}" is not a path: begin with /, such as "/${text}"`, EXIT.usage);
  }
  if (text.includes('#')) {
    fail(`${where}"${text}" has a fragment, which no request carries: leave out what follows #`, EXIT.usage);
  }
  // Not the URL class: it would resolve dot segments and re-encode, and a purge names a target byte by byte.
  const rest = url ? text.slice(url[0].length) : text;
  const path = (rest.startsWith('/') ? rest : `/${rest}`).replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  const kind = path.includes('*') ? 'pattern' : 'url';
  return { name: url ? text : path, members: { [kind]: path, ...(url ? { host: url[1] } : {}) } };
}
