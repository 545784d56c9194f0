/** Puts a release of the rule set into a folder: checked before anything that is there is replaced. */

import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { loadRules } from '../lang/load.ts';
import { RuleErrors } from '../lang/mistakes.ts';
import { rulesIn } from './find.ts';

/** Files by their names within the rule set. */
type Files = ReadonlyMap<string, Uint8Array>;

/** What was installed. */
export interface Installed {
  readonly folder: string;
  readonly version: string;
  readonly files: number;
  /** Of the archive, in hex; undefined where a folder was copied. */
  readonly sha256: string | undefined;
  /** Whether crs-setup.conf of the release before was taken over. */
  readonly keptSetup: boolean;
}

/** Why nothing was installed. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
}

/** Bytes of an archive, and of what it unpacks to. */
export const LARGEST_ARCHIVE = 32 * 1024 * 1024;
const LARGEST_CONTENT = 64 * 1024 * 1024;
const MOST_FILES = 5000;

/** What of a release is of use; anything else in it is left out, so that no name leads elsewhere. */
const WANTED = /^(?:crs-setup\.conf(?:\.example)?|LICENSE|(?:rules|plugins)\/[\w][\w.-]*\.(?:conf|data))$/;

/** Checks an archive (.tar.gz or .tar) and puts it in place of what `target` is. @throws InstallError */
export async function installArchive(archive: Uint8Array, target: string, expected?: string): Promise<Installed> {
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (expected !== undefined && expected.toLowerCase() !== sha256)
    throw new InstallError(`the archive is not what was expected: its SHA-256 is ${sha256}`);
  return put(await unpack(archive), target, sha256);
}

/** The same with a folder that has a release. @throws InstallError */
export function installFolderCopy(folder: string, target: string): Installed {
  const root = rulesIn(folder)?.folder;
  if (root === undefined) throw new InstallError(`there is no rule set in ${folder}`);
  const files = new Map<string, Uint8Array>();
  for (const name of globSync('{crs-setup.conf,crs-setup.conf.example,LICENSE,{rules,plugins}/*}', { cwd: root })) {
    if (WANTED.test(name) && statSync(join(root, name)).isFile()) files.set(name, readFileSync(join(root, name)));
  }
  // Debian has it elsewhere
  const [setup] = rulesIn(root)?.setup ?? [];
  if (setup !== undefined && !files.has('crs-setup.conf') && basename(setup) === 'crs-setup.conf')
    files.set('crs-setup.conf', readFileSync(setup));
  return put(files, target, undefined);
}

async function unpack(archive: Uint8Array): Promise<Files> {
  if (archive.byteLength > LARGEST_ARCHIVE) throw new InstallError('the archive is over 32 MB');
  const isZipped = archive[0] === 0x1f && archive[1] === 0x8b;
  const files = new Map<string, Uint8Array>();
  try {
    const tar = isZipped ? await promisify(gunzip)(archive, { maxOutputLength: LARGEST_CONTENT }) : archive;
    for (const { header, data } of await unpackTar(tar, { strict: true })) {
      const name = wantedName(header.name);
      if (name === undefined) continue;
      if (header.type !== 'file' || data === undefined)
        throw new InstallError(`${name} is no file in the archive but a ${header.type ?? 'link'}`);
      files.set(name, data);
      if (files.size > MOST_FILES) throw new InstallError(`the archive has over ${MOST_FILES} files`);
    }
  } catch (error) {
    if (error instanceof InstallError) throw error;
    throw new InstallError(`the archive cannot be read: ${(error as Error).message}`);
  }
  return files;
}

/** The name within the rule set of what stands in the one folder that a release is packed in, or in none. */
function wantedName(written: string): string | undefined {
  const name = posix.normalize(written.replace(/^\.\//, ''));
  if (WANTED.test(name)) return name;
  const inside = name.slice(name.indexOf('/') + 1);
  return /^[\w][\w.-]*\//.test(name) && WANTED.test(inside) ? inside : undefined;
}

/**
 * Writes files beside the target, reads them as rules, and makes the target lead to them in one step: it is a symbolic
 * link to a folder of this release, so that a reader meets one release or the other.
 */
function put(files: Files, target: string, sha256: string | undefined): Installed {
  const before = join(target, 'crs-setup.conf');
  const keptSetup = !files.has('crs-setup.conf') && existsSync(before);
  const all = keptSetup ? new Map([...files, ['crs-setup.conf', readFileSync(before)] as const]) : files;
  const digest = createHash('sha256');
  for (const [name, data] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) digest.update(name).update(data);
  const release = join(dirname(target), `${basename(target)}-${digest.digest('hex').slice(0, 12)}`);
  const staging = `${release}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  try {
    for (const [name, data] of all) {
      const path = join(staging, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, data, { mode: 0o644 });
    }
    const version = check(staging);
    const replaced = linkedFrom(target);
    if (!existsSync(release)) renameSync(staging, release);
    link(release, target);
    if (replaced !== undefined && replaced !== release) rmSync(replaced, { recursive: true, force: true });
    return { folder: target, version, files: all.size, sha256, keptSetup };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The version of a rule set whose rules can be read. */
function check(folder: string): string {
  const found = rulesIn(folder);
  if (found === undefined)
    throw new InstallError('there is no rule set in it: rules/REQUEST-901-INITIALIZATION.conf is not there');
  try {
    loadRules([...found.setup, ...found.rules].map((file) => ({ file })));
  } catch (error) {
    if (!(error instanceof RuleErrors)) throw error;
    throw new InstallError(`its rules cannot be used:\n${error.message.replaceAll(`${folder}/`, '')}`);
  }
  return found.version;
}

/** The release that the target is a link to. */
function linkedFrom(target: string): string | undefined {
  if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  const release = join(dirname(target), readlinkSync(target));
  return release.startsWith(`${target}-`) ? release : undefined;
}

function link(release: string, target: string): void {
  const isFolder = lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  // a folder cannot be replaced by a link in one step; lb makes none
  if (isFolder) renameSync(target, `${target}.before-${Date.now()}`);
  const next = `${target}.next.${process.pid}`;
  rmSync(next, { force: true });
  symlinkSync(basename(release), next);
  renameSync(next, target);
}
