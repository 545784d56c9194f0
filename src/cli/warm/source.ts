import { type Bytes, bounded, peek, SourceError, unpacked } from './bytes.ts';
import { parseList } from './list.ts';
import { parseSitemap } from './sitemap.ts';
import { parseTarget, type Target } from './target.ts';

/** What a source lists: a target, or something that is wrong. */
export type Entry = { target: Target } | { what: string; reason: string };

/** Gets a sitemap through lb. @throws SourceError */
export type OpenSitemap = (target: Target) => Bytes;

/** Bytes of one sitemap, unpacked: the protocol's own limit. */
const MAX_SITEMAP = 50 << 20;

/** Sitemaps read in all, and how deep indexes may lead to indexes. */
const MAX_SITEMAPS = 2000;
const MAX_DEPTH = 3;

/** White space, in bytes, before the first character of XML. */
const MAX_BLANK = 1024;

/** The targets of a file: a list with an address a line, or a sitemap, packed or not. */
export async function* readFile(bytes: Bytes, open: OpenSitemap): AsyncGenerator<Entry> {
  const { head, all } = await peek(unpacked(bytes), (head) => head.length >= MAX_BLANK || startOf(head) !== '');
  if (startOf(head) === '<') {
    yield* new Sitemaps(open).entries(all, '', 0);
    return;
  }
  for await (const { text, number } of parseList(all)) {
    const target = parseTarget(text);
    yield typeof target === 'string' ? { what: `line ${number}: ${text.slice(0, 200)}`, reason: target } : { target };
  }
}

/** The targets of a sitemap, and of those that it names. */
export function readSitemap(target: Target, open: OpenSitemap): AsyncGenerator<Entry> {
  return new Sitemaps(open).at(target, 0);
}

/** The first character that is no white space, which tells a list from XML; '' before it has come. */
function startOf(head: Uint8Array): string {
  return new TextDecoder().decode(head, { stream: true }).trimStart().slice(0, 1);
}

/** One walk through sitemaps: each is read once, however often it is named. */
class Sitemaps {
  readonly #open: OpenSitemap;
  readonly #seen = new Set<string>();

  constructor(open: OpenSitemap) {
    this.#open = open;
  }

  async *at(target: Target, depth: number): AsyncGenerator<Entry> {
    const place = target.host + target.path;
    if (this.#seen.has(place)) return;
    this.#seen.add(place);
    if (this.#seen.size > MAX_SITEMAPS) throw new SourceError(`there are more than ${MAX_SITEMAPS} sitemaps`);
    yield* this.entries(unpacked(this.#open(target)), place, depth);
  }

  /** `place` is '' for what is at hand; a nested sitemap that fails is an entry, the first one an error. */
  async *entries(bytes: Bytes, place: string, depth: number): AsyncGenerator<Entry> {
    const { pages, sitemaps } = await parseSitemap(bounded(bytes, MAX_SITEMAP));
    for (const page of pages) yield entryOf(page);
    if (sitemaps.length > 0 && depth >= MAX_DEPTH) {
      yield { what: place, reason: `indexes lead to indexes more than ${MAX_DEPTH} times` };
      return;
    }
    for (const address of sitemaps) yield* this.#nested(address, depth + 1);
  }

  async *#nested(address: string, depth: number): AsyncGenerator<Entry> {
    const target = parseTarget(address);
    if (typeof target === 'string') {
      yield { what: address, reason: target };
      return;
    }
    try {
      yield* this.at(target, depth);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      yield { what: address, reason: error.message };
    }
  }
}

function entryOf(address: string): Entry {
  const target = parseTarget(address);
  return typeof target === 'string' ? { what: address, reason: target } : { target };
}
