import { type DynamicLinks, readDynamicLinks, type VersionNeed } from './elf.ts';

const LIBRARY = 'libc.so.6';
const TOO_NEW = 'GLIBC_2.38';
const C23_PREFIX = '__isoc23_';
/** The first symbol version of glibc on each ELF machine (e_machine): what `strtol` and kin have carried ever since. */
const BASE_VERSIONS: ReadonlyMap<number, string> = new Map([
  [62, 'GLIBC_2.2.5'], // EM_X86_64
  [183, 'GLIBC_2.17'], // EM_AARCH64
]);

/**
 * Rewrites the C23 variants that glibc 2.38 introduced (`__isoc23_strtol` and kin) to the functions they replaced
 * (`strtol`), at the base version of the machine's glibc, so that an older glibc can load the object.
 *
 * The new name is the tail of the old one, so the string table stays as it is: a symbol's name offset moves forward by
 * the length of the prefix. The variants differ only in accepting `0b` prefixes and, for scanf, `%b`.
 *
 * @param image bytes of the shared object; left unchanged
 * @returns the edited bytes, and the names rewritten (none when the object does not need glibc 2.38)
 * @throws RangeError when the object is not ELF, or takes from glibc 2.38 something that no older name stands for
 */
export function relinkToOlderGlibc(image: Buffer): { image: Buffer; rewritten: string[] } {
  const links = readDynamicLinks(image);
  const tooNew = findNeed(links, TOO_NEW);
  if (!tooNew) return { image: Buffer.from(image), rewritten: [] };
  const base = findNeed(links, BASE_VERSIONS.get(links.machine));
  if (!base) throw new RangeError(`the file requires no base version of ${LIBRARY} to link to`);

  const edited = Buffer.from(image);
  const affected = links.symbols.filter((symbol) => symbol.versionIndex === tooNew.index);
  for (const symbol of affected) {
    if (!symbol.name.startsWith(C23_PREFIX)) throw new RangeError(`no older name is known for ${symbol.name}`);
    edited.writeUInt32LE(symbol.nameOffset + C23_PREFIX.length, symbol.offset);
    edited.writeUInt16LE(base.index, symbol.versionOffset);
  }
  // The loader checks every listed version, used or not, so the entry itself becomes a second one of the base version.
  edited.writeUInt32LE(base.hash, tooNew.offset);
  edited.writeUInt32LE(base.nameOffset, tooNew.offset + 8);
  return { image: edited, rewritten: affected.map((symbol) => symbol.name) };
}

function findNeed(links: DynamicLinks, version: string | undefined): VersionNeed | undefined {
  return links.needs.find((need) => need.library === LIBRARY && need.version === version);
}
