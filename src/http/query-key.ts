/** Query parameters by name: which ones stay in a request's target, and in which order. */

/**
 * `:tracking`: parameters that advertisers, newsletters and analytics append to links for scripts in the page to read.
 * Taken from what their makers document; names that sites use for purposes of their own (`ref`, `source`, `id`) are not here.
 */
const TRACKING: readonly string[] = [
  // Urchin and Google Analytics, Google Ads, its cross-domain linker, Search shopping results
  'utm_*',
  '_ga',
  '_gl',
  'dclid',
  'gad_campaignid',
  'gad_source',
  'gbraid',
  'gclid',
  'gclsrc',
  'srsltid',
  'wbraid',
  // Meta, Microsoft, X, TikTok, LinkedIn, Snap, Pinterest, Reddit, Yandex
  'fbclid',
  'igsh',
  'igshid',
  'msclkid',
  'twclid',
  'ttclid',
  'li_fat_id',
  'ScCid',
  'epik',
  'rdt_cid',
  'yclid',
  'ysclid',
  '_openstat',
  // Adobe, Matomo and its older name
  'ef_id',
  's_kwcid',
  'mtm_*',
  'pk_campaign',
  'pk_kwd',
  'piwik_campaign',
  'piwik_kwd',
  // HubSpot, Mailchimp, Marketo, Klaviyo, Omeda, Vero
  '__hsfp',
  '__hssc',
  '__hstc',
  '_hsenc',
  '_hsmi',
  'hsa_*',
  'hsCtaTracking',
  'mc_cid',
  'mc_eid',
  'mkt_tok',
  '_kx',
  'oly_anon_id',
  'oly_enc_id',
  'vero_id',
];

/** Named lists of parameters, by the name that stands in the configuration. */
export const QUERY_PRESETS: ReadonlyMap<string, readonly string[]> = new Map([[':tracking', TRACKING]]);

/** Whether a name, compared with its escapes decoded, is of a set. */
export type NameMatcher = (name: string) => boolean;

/** Compiles names, in which `*` stands for any characters, and presets into one matcher. Case counts. */
export function compileNames(patterns: readonly string[]): NameMatcher {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  const others: (readonly string[])[] = [];
  for (const pattern of patterns.flatMap((entry) => QUERY_PRESETS.get(entry) ?? [entry])) {
    const star = pattern.indexOf('*');
    if (star < 0) exact.add(pattern);
    else if (star === pattern.length - 1) prefixes.push(pattern.slice(0, -1));
    else others.push(pattern.split('*'));
  }
  return (name) => {
    if (exact.has(name)) return true;
    for (let i = 0; i < prefixes.length; i++) if (name.startsWith(prefixes[i])) return true;
    for (let i = 0; i < others.length; i++) if (hasChunks(others[i], name)) return true;
    return false;
  };
}

/** Whether a name is the chunks in order with anything between them: each is put as far left as it goes. */
function hasChunks(chunks: readonly string[], name: string): boolean {
  const last = chunks[chunks.length - 1];
  let at = chunks[0].length;
  const end = name.length - last.length;
  if (end < at || !name.startsWith(chunks[0]) || !name.endsWith(last)) return false;
  for (let i = 1; i < chunks.length - 1; i++) {
    const found = name.indexOf(chunks[i], at);
    if (found < 0) return false;
    at = found + chunks[i].length;
  }
  return at <= end;
}

/** What decides about a query: undefined `include` stands for every name. */
export interface QueryRules {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
  readonly sort: boolean;
}

interface Parameter {
  name: string;
  text: string;
}

/**
 * The query that counts of a query as sent. Parameters stand between ampersands; what stays is kept letter by letter,
 * with or without `=`, as often as it was sent. Names are compared with their escapes decoded.
 */
export class QueryFilter {
  readonly #included: NameMatcher | undefined;
  readonly #excluded: NameMatcher | undefined;
  readonly #sort: boolean;

  constructor({ include, exclude, sort }: QueryRules) {
    this.#included = include && compileNames(include);
    this.#excluded = exclude.length > 0 ? compileNames(exclude) : undefined;
    this.#sort = sort;
  }

  /** `query` without `?`, '' for none. Returns the very text where nothing is to be changed. */
  apply(query: string): string {
    let kept = query;
    if (this.#included !== undefined || this.#excluded !== undefined) kept = this.#select(query);
    return this.#sort ? sorted(kept) : kept;
  }

  #select(query: string): string {
    let kept: string | undefined;
    // from here on all parameters stay, as far as they have been looked at
    let from = 0;
    for (let at = 0; at <= query.length; ) {
      const end = endOf(query, at);
      if (!this.#counts(nameIn(query, at, end))) {
        if (at > from) kept = joined(kept, query.slice(from, at - 1));
        from = end + 1;
      }
      at = end + 1;
    }
    if (from === 0) return query;
    return from > query.length ? (kept ?? '') : joined(kept, query.slice(from));
  }

  #counts(name: string): boolean {
    if (this.#included !== undefined && !this.#included(name)) return false;
    return this.#excluded === undefined || !this.#excluded(name);
  }
}

function joined(query: string | undefined, more: string): string {
  return query === undefined ? more : `${query}&${more}`;
}

/** Where the parameter that begins at `at` ends. */
function endOf(query: string, at: number): number {
  const end = query.indexOf('&', at);
  return end < 0 ? query.length : end;
}

/** The name of the parameter query[at, end), decoded. */
function nameIn(query: string, at: number, end: number): string {
  const equals = query.indexOf('=', at);
  const name = query.slice(at, equals < 0 || equals > end ? end : equals);
  return name.includes('%') || name.includes('+') ? decoded(name) : name;
}

/** A name that is no valid UTF-8 when decoded stays as it was sent. */
function decoded(name: string): string {
  const spaced = name.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** The parameters by name, in the order of UTF-16 units; those of one name keep their order. */
function sorted(query: string): string {
  if (isSorted(query)) return query;
  const parameters: Parameter[] = [];
  for (let at = 0; at <= query.length; ) {
    const end = endOf(query, at);
    parameters.push({ name: nameIn(query, at, end), text: query.slice(at, end) });
    at = end + 1;
  }
  parameters.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return parameters.map(({ text }) => text).join('&');
}

function isSorted(query: string): boolean {
  let before = '';
  for (let at = 0; at <= query.length; ) {
    const end = endOf(query, at);
    const name = nameIn(query, at, end);
    if (name < before) return false;
    before = name;
    at = end + 1;
  }
  return true;
}
