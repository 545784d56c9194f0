/** The file that a path stands for: the one of that name, a folder's index, a compressed copy beside it. */

import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { acceptanceOf, chooseCoding } from '../http/coding-choice.ts';
import type { Coding } from '../http/content-coding.ts';
import { type Opened, openBeneath, type Refusal } from './beneath.ts';
import type { StaticTarget } from './target.ts';

/** A file that is open, and how it is to be called. */
export interface Found extends Opened {
  /** The name of the file itself, not of its compressed copy. */
  readonly name: string;
  readonly coding: Coding | undefined;
  /** Compressed copies are there, so that another client may get another one. */
  readonly varies: boolean;
}

/** `folder`: there is an index, but the path lacks its slash. */
export type NotFound = Refusal | 'folder';

/** Extensions of compressed copies. The smaller ones come first: all are made already. */
const COPIES: readonly [coding: Coding, extension: string][] = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
];

/** All types take the same copies. */
const ANY = { mayEncode: true, mayDecode: false };

/**
 * @param root real path of the folder
 * @param index names of files that stand for a folder
 * @param acceptEncoding of the client; '' for none
 * @throws as `openBeneath`
 */
export async function find(
  root: string,
  target: StaticTarget,
  index: readonly string[],
  acceptEncoding: string,
): Promise<Found | NotFound> {
  if (target.isFolder || target.names.length === 0) return findIndex(root, target.names, index, acceptEncoding);
  const opened = await openBeneath(root, target.names);
  if (typeof opened === 'string') return opened;
  if (opened.kind === 'file') return withCopies(root, target.names, opened, acceptEncoding);
  await opened.handle.close();
  const within = await findIndex(root, target.names, index, '');
  if (typeof within === 'string') return within;
  await within.handle.close();
  return 'folder';
}

async function findIndex(
  root: string,
  names: readonly string[],
  index: readonly string[],
  acceptEncoding: string,
): Promise<Found | Refusal> {
  for (const name of index) {
    const path = [...names, name];
    const opened = await openBeneath(root, path);
    if (opened === 'missing') continue;
    if (opened === 'forbidden') return opened;
    if (opened.kind === 'file') return withCopies(root, path, opened, acceptEncoding);
    await opened.handle.close();
  }
  return 'missing';
}

/** The compressed copy that the client likes best, else the file. A copy that is older than the file is of an older file. */
async function withCopies(
  root: string,
  names: readonly string[],
  original: Opened,
  acceptEncoding: string,
): Promise<Found> {
  const folder = names.slice(0, -1);
  const name = names[names.length - 1];
  try {
    const there = await Promise.all(
      COPIES.map((copy) => isCurrent([root, ...names].join('/') + copy[1], original.stats)),
    );
    const copies = COPIES.filter((_, at) => there[at]);
    const varies = copies.length > 0;
    const preference = copies.map(([coding]) => coding);
    const coding = varies ? chooseCoding(ANY, 'identity', acceptanceOf(acceptEncoding), preference) : 'identity';
    const extension = copies.find((copy) => copy[0] === coding)?.[1];
    const copy = extension === undefined ? 'missing' : await openBeneath(root, [...folder, name + extension]);
    if (typeof copy === 'string') return { ...original, name, coding: undefined, varies };
    if (copy.kind === 'file' && isNewEnough(copy.stats, original.stats)) {
      await original.handle.close();
      return { ...copy, name, coding: coding as Coding, varies };
    }
    await copy.handle.close();
    return { ...original, name, coding: undefined, varies };
  } catch (error) {
    await original.handle.close();
    throw error;
  }
}

async function isCurrent(path: string, original: BigIntStats): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats?.isFile() === true && isNewEnough(stats, original);
}

/** No copy of a file that is not empty is empty: one that is, is being written. */
function isNewEnough(copy: BigIntStats, original: BigIntStats): boolean {
  return copy.mtimeNs >= original.mtimeNs && (copy.size > 0n || original.size === 0n);
}
