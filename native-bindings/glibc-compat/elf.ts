/**
 * The parts of a 64-bit little-endian ELF shared object that say which symbols it takes from which version of which
 * library. Field offsets are those of the System V ABI (Elf64_Ehdr, Elf64_Shdr, Elf64_Sym) and of the Linux Standard
 * Base, "Symbol Versioning" (Elfxx_Verneed, Elfxx_Vernaux).
 */

const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
const ELF_IDENT = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
const SYMBOL_SIZE = 24;
const VERSION_INDEX_MASK = 0x7fff;

interface Section {
  type: number;
  offset: number;
  size: number;
  link: number;
  info: number;
}

/** One (library, version) pair that the object requires. `offset` is the file offset of its Vernaux record. */
export interface VersionNeed {
  library: string;
  version: string;
  /** What the symbol version table writes for symbols of this version. */
  index: number;
  hash: number;
  nameOffset: number;
  offset: number;
}

/** One dynamic symbol. `offset` and `versionOffset` are file offsets of its Sym and Versym records. */
export interface DynamicSymbol {
  name: string;
  nameOffset: number;
  versionIndex: number;
  offset: number;
  versionOffset: number;
}

export interface DynamicLinks {
  /** e_machine: the processor that the code is for. */
  machine: number;
  needs: VersionNeed[];
  symbols: DynamicSymbol[];
}

/**
 * Reads the dynamic symbols and version requirements of a shared object.
 *
 * @throws RangeError when the file is no 64-bit little-endian ELF object with versioned dynamic symbols
 */
export function readDynamicLinks(image: Buffer): DynamicLinks {
  if (!image.subarray(0, ELF_IDENT.length).equals(ELF_IDENT)) {
    throw new RangeError('not a 64-bit little-endian ELF file');
  }
  const sections = readSections(image);
  const dynsym = sectionOfType(sections, SHT_DYNSYM, 'dynamic symbol table');
  const versym = sectionOfType(sections, SHT_GNU_VERSYM, 'symbol version table');
  const verneed = sectionOfType(sections, SHT_GNU_VERNEED, 'version requirements');
  const strings = sections[dynsym.link];
  if (!strings) throw new RangeError('the dynamic symbol table names no string table');
  return {
    machine: image.readUInt16LE(0x12),
    needs: readNeeds(image, verneed, strings.offset),
    symbols: readSymbols(image, dynsym, versym, strings.offset),
  };
}

function readSections(image: Buffer): Section[] {
  const table = u64(image, 0x28);
  const entrySize = image.readUInt16LE(0x3a);
  const count = image.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * entrySize;
    return {
      type: image.readUInt32LE(at + 4),
      offset: u64(image, at + 24),
      size: u64(image, at + 32),
      link: image.readUInt32LE(at + 40),
      info: image.readUInt32LE(at + 44),
    };
  });
}

function sectionOfType(sections: Section[], type: number, what: string): Section {
  const found = sections.find((section) => section.type === type);
  if (!found) throw new RangeError(`the file has no ${what}`);
  return found;
}

/** Walks the two-level list: one Verneed per library, in it one Vernaux per version. `info` counts the libraries. */
function readNeeds(image: Buffer, verneed: Section, strings: number): VersionNeed[] {
  const needs: VersionNeed[] = [];
  let at = verneed.offset;
  for (let i = 0; i < verneed.info; i++) {
    const library = stringAt(image, strings + image.readUInt32LE(at + 4));
    let aux = at + image.readUInt32LE(at + 8);
    for (let k = image.readUInt16LE(at + 2); k > 0; k--) {
      const nameOffset = image.readUInt32LE(aux + 8);
      needs.push({
        library,
        version: stringAt(image, strings + nameOffset),
        index: image.readUInt16LE(aux + 6),
        hash: image.readUInt32LE(aux),
        nameOffset,
        offset: aux,
      });
      aux += image.readUInt32LE(aux + 12);
    }
    at += image.readUInt32LE(at + 12);
  }
  return needs;
}

function readSymbols(image: Buffer, dynsym: Section, versym: Section, strings: number): DynamicSymbol[] {
  return Array.from({ length: dynsym.size / SYMBOL_SIZE }, (_, i) => {
    const offset = dynsym.offset + i * SYMBOL_SIZE;
    const versionOffset = versym.offset + i * 2;
    const nameOffset = image.readUInt32LE(offset);
    return {
      name: stringAt(image, strings + nameOffset),
      nameOffset,
      versionIndex: image.readUInt16LE(versionOffset) & VERSION_INDEX_MASK,
      offset,
      versionOffset,
    };
  });
}

function u64(image: Buffer, at: number): number {
  return Number(image.readBigUInt64LE(at));
}

function stringAt(image: Buffer, at: number): string {
  const end = image.indexOf(0, at);
  if (end < 0) throw new RangeError('a name runs past the end of the file');
  return image.toString('latin1', at, end);
}
