/** What the process that is killed and the one that looks afterwards know of each other. */

export const NAMES = 200;
export const DISK_SIZE = 24 << 20;

export function nameOf(n: number): string {
  return `/${n}`;
}

/** The one body of a name in a version: it says what it is at its beginning, and every byte is of it. */
export function crashBody(name: string, version: number): Buffer {
  const mixed = Math.imul(version ^ (version >>> 7), 0x9e37_79b1) >>> 0;
  const length = 32 + (mixed % 7 === 0 ? mixed % 400_000 : mixed % 40_000);
  const body = Buffer.alloc(length, `${name} ${version}.`);
  body.writeUInt32LE(length, 28);
  return body;
}

/** The version in a body that `crashBody` made of a name; undefined where it is any other, or not whole. */
export function versionOf(name: string, body: Buffer): number | undefined {
  const match = /^(\/\d+) (\d+)\./.exec(body.toString('latin1', 0, 28));
  if (match === null || match[1] !== name) return undefined;
  const version = Number(match[2]);
  return crashBody(name, version).equals(body) ? version : undefined;
}

/** In place of a version. */
const UNKNOWN = 0;

/** What may be found after the events of a journal. */
export class CrashModel {
  /** The newest version that was put, by name; removed and purged ones count. */
  readonly #newest = new Map<string, number>();
  readonly #live = new Map<string, number>();
  /** Older versions must not be found. */
  readonly #least = new Map<string, number>();
  version = 0;

  /** Lines of the journal of one process; the last may be cut short. */
  follow(journal: string): void {
    // what the process before had not flushed may have been lost
    for (const name of this.#newest.keys()) this.#live.set(name, UNKNOWN);
    for (const line of journal.split('\n').slice(0, -1)) {
      const [what, subject, version] = line.split(' ');
      const name = `/${subject}`;
      if (what === 'put') this.#put(name, Number(version));
      else if (what === 'failed') this.#live.set(name, UNKNOWN);
      else if (what === 'remove') this.#live.delete(name);
      else if (what === 'purged') this.#purged(subject);
      else this.#flushed();
    }
  }

  /** What is wrong with a version that was found, if anything. */
  wrong(name: string, version: number): string | undefined {
    const least = this.#least.get(name) ?? 0;
    if (version < least) return `version ${version} of ${name}: nothing older than ${least} may be found`;
    const newest = this.#newest.get(name) ?? 0;
    if (version > newest) return `version ${version} of ${name} was never put: the newest is ${newest}`;
    return undefined;
  }

  #put(name: string, version: number): void {
    this.#newest.set(name, version);
    this.#live.set(name, version);
    this.version = version;
  }

  #purged(pattern: string): void {
    for (const [name, version] of this.#newest) {
      const isMeant = pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
      if (isMeant) this.#least.set(name, version + 1);
    }
  }

  #flushed(): void {
    for (const [name, version] of this.#newest) {
      const least = this.#live.get(name) === UNKNOWN ? 0 : this.#live.has(name) ? version : version + 1;
      this.#least.set(name, Math.max(least, this.#least.get(name) ?? 0));
    }
  }
}
