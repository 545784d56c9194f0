/** `lb waf install`. */

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fetch } from 'undici';
import { loadDataDir } from '../../config/load.ts';
import { installFolder } from '../../waf/ruleset/find.ts';
import {
  InstallError,
  type Installed,
  installArchive,
  installFolderCopy,
  LARGEST_ARCHIVE,
} from '../../waf/ruleset/install.ts';
import { EXIT, fail } from '../exit.ts';
import type { Io } from '../io.ts';
import type { InstallOptions } from '../waf-command.ts';

/** Where the rule set is published. LB_CRS_RELEASES names a mirror. */
const RELEASES = 'https://github.com/coreruleset/coreruleset';
/** How long a download may take, in ms. */
const PATIENCE = 120_000;

/** Installs a rule set and says what came of it. */
export async function installRules(options: InstallOptions, io: Io): Promise<void> {
  const { sha256, to, config, json } = options;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    fail(`--sha256 ${sha256}: 64 hexadecimal digits are wanted`, EXIT.usage);
  const target =
    to === undefined
      ? installFolder(loadDataDir({ flags: [], env: io.env, cwd: io.cwd, file: config }))
      : resolve(io.cwd, to);
  const installed = await install(options, target, io).catch((error: unknown) => {
    if (error instanceof InstallError) fail(`nothing was installed: ${error.message}`);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC')
      fail(`cannot write ${target}: ${message}; name another folder by --to`);
    throw error;
  });
  if (json) {
    const { keptSetup, ...rest } = installed;
    io.stdout.write(`${JSON.stringify({ ...rest, kept_setup: keptSetup }, null, 2)}\n`);
    return;
  }
  const { folder, version, files, keptSetup } = installed;
  io.stdout.write(`installed the OWASP Core Rule Set ${version} in ${folder} (${files} files)\n`);
  if (installed.sha256 !== undefined) io.stdout.write(`SHA-256 of the archive: ${installed.sha256}\n`);
  if (keptSetup) io.stdout.write('crs-setup.conf is the one that was there before\n');
}

async function install({ from, sha256 }: InstallOptions, target: string, io: Io): Promise<Installed> {
  if (from === undefined) return installArchive(await download(await latest(io), io), target, sha256);
  if (/^v?\d+\.\d+\.\d+$/.test(from))
    return installArchive(await download(releaseUrl(`v${from.replace(/^v/, '')}`, io), io), target, sha256);
  if (/^[a-z]+:\/\//i.test(from)) return installArchive(await download(checkedUrl(from, sha256), io), target, sha256);
  const path = resolve(io.cwd, from);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) fail(`--from ${from}: it is not there`, EXIT.usage);
  if (!found.isDirectory()) return installArchive(readFileSync(path), target, sha256);
  if (sha256 !== undefined) fail('--sha256 is for an archive, not for a folder', EXIT.usage);
  return installFolderCopy(path, target);
}

function checkedUrl(text: string, sha256: string | undefined): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) fail(`--from ${text}: write an https:// URL`, EXIT.usage);
  if (url.protocol === 'http:' && sha256 === undefined)
    fail(`--from ${text}: anyone on the way could change it: use https://, or give --sha256`, EXIT.usage);
  return url;
}

function releaseUrl(tag: string, io: Io): URL {
  return new URL(`${releases(io)}/archive/refs/tags/${tag}.tar.gz`);
}

function releases(io: Io): string {
  return (io.env.LB_CRS_RELEASES || RELEASES).replace(/\/$/, '');
}

/** The archive of the newest release, by where the page of it leads to. */
async function latest(io: Io): Promise<URL> {
  const page = `${releases(io)}/releases/latest`;
  const response = await ask(page, { redirect: 'manual' });
  await response.body?.cancel();
  const tag = /\/tag\/(v\d+\.\d+\.\d+)$/.exec(response.headers.get('location') ?? '')?.[1];
  if (tag === undefined)
    fail(`${page} does not tell the latest release: give its version by --from, such as v4.10.0`, EXIT.network);
  return releaseUrl(tag, io);
}

async function download(url: URL, io: Io): Promise<Uint8Array> {
  io.stderr.write(`downloading ${url.href}\n`);
  const response = await ask(url.href, {});
  if (!response.ok) fail(`${url.href}: ${response.status}: give another source by --from`, EXIT.network);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk as Uint8Array);
      length += (chunk as Uint8Array).byteLength;
      if (length > LARGEST_ARCHIVE) fail(`${url.href} is over 32 MB: that is no rule set`);
    }
  } catch (error) {
    throw failed(url.href, error);
  }
  return Buffer.concat(chunks);
}

async function ask(url: string, init: { redirect?: 'manual' }): ReturnType<typeof fetch> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    throw failed(url, error);
  }
}

function failed(url: string, error: unknown): Error {
  if (!(error instanceof Error) || error.name === 'CliError') return error as Error;
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return fail(`cannot download ${url}: ${reason}; fetch it elsewhere, and give the file by --from`, EXIT.network);
}
