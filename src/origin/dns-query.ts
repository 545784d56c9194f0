import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

/** How long one name server has for an answer, in ms, and how often each is asked. */
const QUERY = { timeout: 1000, tries: 2 };

/** How long the other family's answer is waited for when one is there, in ms (RFC 8305 section 3). */
const RESOLUTION_DELAY = 50;

/** How long an answer of the system's resolver is used, which tells no TTL, in ms. */
const SYSTEM_TTL = 5000;

const HOSTS_FILE = '/etc/hosts';

/** A name's addresses and how long they may be used, in ms. */
export interface ResolvedName {
  addresses: LookupAddress[];
  ttl: number;
}

/** Why a name has no address. The codes are those of getaddrinfo and c-ares. */
export class DnsError extends Error {
  readonly code: string;

  constructor(code: string, name: string) {
    super(`${name} does not resolve (${code})`);
    // name servers that nobody can reach are silent ones; the code would be taken for the origin's
    this.code = code.startsWith('ECONN') ? 'ETIMEOUT' : code;
  }
}

/** Whether the name servers said nothing about the name, as opposed to that it has no address. */
export function isSilence({ code }: DnsError): boolean {
  return code !== 'ENOTFOUND' && code !== 'ENODATA';
}

/**
 * A function that asks for a name's addresses.
 * @param servers as of `dns.servers`; where there are none, the system's, and its own resolver has the last word
 */
export function queryNames(servers: readonly string[]): (name: string) => Promise<ResolvedName> {
  const resolver = new Resolver(QUERY);
  if (servers.length > 0) resolver.setServers(servers);
  return async (name) => {
    if (isLocal(name) || (await hostsFile()).has(name.toLowerCase())) return querySystem(name);
    try {
      return await queryServers(resolver, name);
    } catch (error) {
      // search domains, mDNS and the like
      if (servers.length === 0) return querySystem(name);
      throw error;
    }
  };
}

/** Names that name servers know nothing of: single labels, and numbers in forms that resolvers take for addresses. */
function isLocal(name: string): boolean {
  return !name.includes('.') || /(?:^|\.)localhost\.?$/i.test(name) || /(?:^|\.)(?:0x[0-9a-f]*|\d+)$/i.test(name);
}

/** The names in the hosts file. */
async function hostsFile(): Promise<ReadonlySet<string>> {
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/));
  return new Set(lines.flatMap(([, ...names]) => names));
}

async function querySystem(name: string): Promise<ResolvedName> {
  try {
    return { addresses: await lookup(name, { all: true }), ttl: SYSTEM_TTL };
  } catch (error) {
    throw new DnsError((error as NodeJS.ErrnoException).code ?? 'ENOTFOUND', name);
  }
}

/** Asks for both families at once; IPv4 is preferred, since a machine without a way for IPv6 still resolves it. */
async function queryServers(resolver: Resolver, name: string): Promise<ResolvedName> {
  const settled = (query: Promise<{ address: string; ttl: number }[]>, family: 4 | 6) =>
    query.then(
      (records) => records.map(({ address, ttl }) => ({ address, family, ttl })),
      (error: unknown) => new DnsError((error as NodeJS.ErrnoException).code ?? 'ESERVFAIL', name),
    );
  const ipv4 = settled(resolver.resolve4(name, { ttl: true }), 4);
  const ipv6 = settled(resolver.resolve6(name, { ttl: true }), 6);
  const first = await Promise.race([ipv4, ipv6]);
  const answers = await (first instanceof DnsError ? Promise.all([ipv4, ipv6]) : both(ipv4, ipv6));
  const records = answers.flatMap((answer) => (answer instanceof DnsError ? [] : answer));
  if (records.length === 0) throw worst(answers as DnsError[]);
  records.sort((a, b) => a.family - b.family);
  const addresses = records.map(({ address, family }) => ({ address, family }));
  // a machine without a way for IPv6 could do nothing with what there is while IPv4 is late: soon again
  const isHalf = answers.length < 2 && addresses[0].family === 6;
  return { addresses, ttl: isHalf ? 0 : Math.min(...records.map(({ ttl }) => ttl)) * 1000 };
}

/** Two answers, but the later one only if it comes soon. */
async function both<T>(a: Promise<T>, b: Promise<T>): Promise<T[]> {
  const known: T[] = [];
  const all = Promise.all([a.then((answer) => known.push(answer)), b.then((answer) => known.push(answer))]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, RESOLUTION_DELAY);
  });
  await Promise.race([all, late]);
  clearTimeout(timer);
  return [...known];
}

/** Of two failures, the one that does not say that the name has no address. */
function worst(errors: DnsError[]): DnsError {
  return errors.find(isSilence) ?? errors[0];
}
