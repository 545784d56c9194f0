import sax from 'sax';
import { type Bytes, SourceError } from './bytes.ts';

/** What a sitemap lists (sitemaps.org protocol 0.9). */
export interface Sitemap {
  readonly pages: string[];
  /** Of a sitemap index: further sitemaps. */
  readonly sitemaps: string[];
}

/** Characters of an address; longer ones are left out. */
const MAX_ADDRESS = 8192;

/**
 * Reads a sitemap or a sitemap index. What is defined in a DTD is not expanded, and nothing is loaded from elsewhere.
 *
 * @throws SourceError where it is not well-formed, or something else than a sitemap
 */
export async function parseSitemap(bytes: Bytes): Promise<Sitemap> {
  const sitemap: Sitemap = { pages: [], sitemaps: [] };
  const reader = readerInto(sitemap);
  const decoder = new TextDecoder();
  for await (const chunk of bytes) {
    reader.write(decoder.decode(chunk, { stream: true }));
    if (reader.failed !== undefined) throw reader.failed;
  }
  reader.end();
  if (reader.failed !== undefined) throw reader.failed;
  return sitemap;
}

/** Elements from the root on whose text is an address. */
const PLACES: Readonly<Record<string, keyof Sitemap>> = {
  'urlset/url/loc': 'pages',
  'sitemapindex/sitemap/loc': 'sitemaps',
};

/** Feeds XML to the list of addresses; `failed` says what went wrong first. */
function readerInto(sitemap: Sitemap) {
  const xml = sax.parser(true, { trim: true });
  const path: string[] = [];
  let text = '';
  let hasRoot = false;
  const reader = {
    failed: undefined as SourceError | undefined,
    write: (chunk: string) => void xml.write(chunk),
    end: () => {
      xml.close();
      if (!hasRoot) reader.failed ??= new SourceError('it is empty');
    },
  };
  xml.onerror = (error) => {
    reader.failed ??= new SourceError(`it is not well-formed: ${error.message.split('\n')[0]} (line ${xml.line + 1})`);
    xml.resume();
  };
  xml.onopentag = ({ name }) => {
    const local = name.slice(name.indexOf(':') + 1);
    if (path.length === 0 && local !== 'urlset' && local !== 'sitemapindex') {
      reader.failed ??= new SourceError(`it is no sitemap: its root is <${name}>, not <urlset> or <sitemapindex>`);
    }
    hasRoot = true;
    path.push(local);
    text = '';
  };
  xml.ontext = xml.oncdata = (part) => {
    if (text.length <= MAX_ADDRESS) text += part;
  };
  xml.onclosetag = () => {
    const place = PLACES[path.join('/')];
    if (place !== undefined && text.trim() !== '' && text.length <= MAX_ADDRESS) sitemap[place].push(text.trim());
    path.pop();
    text = '';
  };
  return reader;
}
