import { type FSWatcher, readdirSync, readlinkSync, statSync, watch } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** What is watched: files, and folders of which every file counts, with those in the folders in them. Absolute paths. */
export interface Watched {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

interface FolderWatch {
  readonly watcher: FSWatcher;
  /** It was removed or moved away; another one may have come in its place. */
  isGone: boolean;
  /** Names that count; undefined where all do. */
  names: ReadonlySet<string> | undefined;
}

/** Links on the way to one file, as Linux counts them. */
const MAX_LINKS = 40;

/** How long files that change are left alone, in ms: editors and deployments write in several steps. */
const SETTLE = 100;

/**
 * Tells of changes of files, in whatever way they are made: written in place, replaced, or by another target of a symbolic
 * link on the way to them. It is their folders that are watched, since a file that is replaced is another one.
 */
export class FileWatch {
  readonly #changed: () => void;
  readonly #failed: (folder: string, error: Error) => void;
  readonly #folders = new Map<string, FolderWatch>();
  #settle: NodeJS.Timeout | undefined;

  /**
   * @param changed called once for changes that come close together
   * @param failed called for a folder that cannot be watched
   */
  constructor(changed: () => void, failed: (folder: string, error: Error) => void) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** From here on these count and no others. Changes that have been seen but not told of yet are told of all the same. */
  set(watched: Watched): void {
    const wanted = wantedNames(watched);
    for (const [folder, { isGone }] of this.#folders) if (isGone || !wanted.has(folder)) this.#end(folder);
    for (const [folder, names] of wanted) {
      const known = this.#folders.get(folder);
      if (known !== undefined) known.names = names;
      else this.#begin(folder, names);
    }
  }

  stop(): void {
    clearTimeout(this.#settle);
    for (const folder of this.#folders.keys()) this.#end(folder);
  }

  #begin(folder: string, names: ReadonlySet<string> | undefined): void {
    try {
      const watcher = watch(folder, (_event, name) => this.#hear(folder, name));
      watcher.on('error', (error) => this.#failed(folder, error));
      this.#folders.set(folder, { watcher: watcher.unref(), isGone: false, names });
    } catch (error) {
      this.#failed(folder, error as Error);
    }
  }

  #end(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }

  /** @param name of what has changed; of the folder itself where that has gone */
  #hear(folder: string, name: string | null): void {
    const known = this.#folders.get(folder);
    if (known === undefined) return;
    const { names } = known;
    const isItself = name === basename(folder);
    if (isItself) known.isGone = true;
    const counts = name === null || isItself || (names === undefined ? !isHidden(name) : names.has(name));
    if (!counts) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(this.#changed, SETTLE).unref();
  }
}

/** Which names count in which folder; undefined for all. */
function wantedNames({ files, folders }: Watched): Map<string, ReadonlySet<string> | undefined> {
  const wanted = new Map<string, ReadonlySet<string> | undefined>();
  for (const [folder, places] of Map.groupBy([...files, ...folders].flatMap(placesOf), dirname)) {
    wanted.set(folder, new Set(places.map((place) => basename(place))));
  }
  for (const folder of folders.flatMap(withFoldersIn)) wanted.set(folder, undefined);
  return wanted;
}

/** Where a file is, and every symbolic link on the way to it. */
function placesOf(file: string): string[] {
  const places = [file];
  let at: string = sep;
  let rest = partsOf(file);
  for (let links = 0; rest.length > 0 && links < MAX_LINKS; ) {
    const path = join(at, rest[0]);
    const target = targetOf(path);
    rest = rest.slice(1);
    if (target === undefined) at = path;
    else {
      links++;
      places.push(path);
      rest = [...partsOf(resolve(at, target)), ...rest];
      at = sep;
    }
  }
  return [...places, at];
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== '');
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function withFoldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder).filter((name) => !isHidden(name));
    return [folder, ...entries.map((name) => join(folder, name)).filter(isFolder)];
  } catch {
    return [folder];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Of editors; Kubernetes moves links whose names begin with two dots. */
function isHidden(name: string): boolean {
  return name.startsWith('.') && !name.startsWith('..');
}
