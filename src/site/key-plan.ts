import type { KeyConfig } from '../config/config.ts';
import { selectCookies } from '../http/cookies.ts';
import { DeviceClasses } from '../http/device-class.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { getHeader, type HeaderList, splitList } from '../http/headers.ts';
import { COUNTRY_FIELD, DEVICE_FIELD } from '../http/keyed-fields.ts';
import { unmaskedName } from '../http/masked-names.ts';
import { QueryFilter } from '../http/query-key.ts';

/** Country of an address: two letters, 'XX' where it is not known. */
export type CountryOf = (address: string) => string;

/** What is asked where no site needs countries. */
export const NO_COUNTRIES: CountryOf = () => 'XX';

/** What the configuration adds to a key, as it stands in front of a variant's name: its length, then itself; '' for nothing. */
export function keyParts(parts: string): string {
  return parts === '' ? '' : prefixed(parts);
}

/** What rules change of the fields of a request, as a part of its key: the origin may answer by it. */
export function editPart(edits: HeaderEdits): string {
  return `rules=${edits.text}`;
}

/** Shared by the plans of a thread. */
const devices = new DeviceClasses();

/**
 * What tells the requests of a site or rule apart beside host and path, compiled once. The origin is asked for exactly
 * what the key says: by `target` and `forward`, which two requests with one key get equal.
 */
export class KeyPlan {
  /** Lowercase names of the fields that `parts` reads. */
  readonly fields: readonly string[];
  /** Whether `parts` uses the client's address. */
  readonly needsAddress: boolean;
  /** Whether `forward` changes anything. */
  readonly rewrites: boolean;
  readonly #query: QueryFilter | undefined;
  readonly #headers: readonly string[];
  readonly #cookies: readonly string[] | undefined;
  readonly #device: boolean;
  readonly #country: CountryOf | undefined;
  /** Fields of the client's that are replaced by what was keyed, by unmaskedName. */
  readonly #replaced: ReadonlySet<string>;

  constructor(config: KeyConfig, countryOf: CountryOf) {
    const { queryInclude, queryExclude, querySort, headers, cookies, device, country } = config;
    const filters = queryInclude !== undefined || queryExclude.length > 0 || querySort;
    this.#query = filters
      ? new QueryFilter({ include: queryInclude, exclude: queryExclude, sort: querySort })
      : undefined;
    this.#headers = [...new Set(headers)].sort();
    this.#cookies = cookies && [...new Set(cookies)].sort();
    this.#device = device;
    this.#country = country ? countryOf : undefined;
    this.needsAddress = country;
    this.fields = [
      ...this.#headers,
      ...(cookies?.length ? ['cookie'] : []),
      ...(device ? ['user-agent', 'sec-ch-ua-mobile'] : []),
    ];
    this.rewrites = headers.length > 0 || cookies !== undefined || device || country;
    this.#replaced = new Set([
      ...this.#headers.map(unmaskedName),
      ...(cookies === undefined ? [] : ['cookie']),
      ...(device ? [DEVICE_FIELD] : []),
      ...(country ? [COUNTRY_FIELD] : []),
    ]);
  }

  /** Whether the configuration says anything about keys; else everything counts as sent. */
  static isNeeded({ queryInclude, queryExclude, querySort, headers, cookies, device, country }: KeyConfig): boolean {
    const query = queryInclude !== undefined || queryExclude.length > 0 || querySort;
    return query || headers.length > 0 || cookies !== undefined || device || country;
  }

  /** The target to key and to ask the origin for. `query` as sent, without `?`; '' for none. */
  target(path: string, query: string): string {
    const kept = this.#query === undefined ? query : this.#query.apply(query);
    return kept === '' ? path : `${path}?${kept}`;
  }

  /**
   * Headers, cookies, device and country as text for the key, each with its length before it; '' where the
   * configuration names none.
   *
   * @param field the first line of a request field, latin1, '' where it is absent
   * @param address of the client; read only where `needsAddress`
   */
  parts(field: (name: string) => string, address: string): string {
    let text = '';
    for (const name of this.#headers) text += prefixed(field(name));
    if (this.#cookies !== undefined && this.#cookies.length > 0)
      text += prefixed(selectCookies(field('cookie'), this.#cookies));
    if (this.#device) text += prefixed(devices.of(field('user-agent'), field('sec-ch-ua-mobile')));
    if (this.#country !== undefined) text += prefixed(this.#country(address));
    return text;
  }

  /** What `parts` takes of a request, a line each for people: `header x-tenant: a`, `cookie lang: de`, `device: mobile`. */
  describe(field: (name: string) => string, address: string): string[] {
    const named = (kind: string, name: string, value: string): string =>
      value === '' ? `${kind} ${name} (absent)` : `${kind} ${name}: ${value}`;
    const lines = this.#headers.map((name) => named('header', name, field(name)));
    for (const name of this.#cookies ?? []) {
      const pairs = selectCookies(field('cookie'), [name]).split('; ');
      lines.push(...pairs.map((pair) => named('cookie', name, pair.slice(name.length + 1))));
    }
    if (this.#device) lines.push(`device: ${devices.of(field('user-agent'), field('sec-ch-ua-mobile'))}`);
    if (this.#country !== undefined) lines.push(`country: ${this.#country(address)}`);
    return lines;
  }

  /**
   * The headers to ask the origin with, of those of the client: fields and cookies as they were keyed, and the class of
   * device and country where they were. Connection keeps none of these fields from the origin.
   */
  forward(headers: HeaderList, address: string): HeaderList {
    if (!this.rewrites) return headers;
    const out: HeaderList = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i];
      if (name === 'connection') this.#pushConnection(out, headers[i + 1]);
      else if (!this.#replaced.has(unmaskedName(name))) out.push(name, headers[i + 1]);
    }
    const field = (name: string) => getHeader(headers, name) ?? '';
    for (const name of this.#headers) push(out, name, field(name));
    if (this.#cookies !== undefined) push(out, 'cookie', selectCookies(field('cookie'), this.#cookies));
    if (this.#device) push(out, DEVICE_FIELD, devices.of(field('user-agent'), field('sec-ch-ua-mobile')));
    if (this.#country !== undefined) push(out, COUNTRY_FIELD, this.#country(address));
    return out;
  }

  /** A Connection that nominates a keyed field would take away from the request what its key says. */
  #pushConnection(out: HeaderList, value: string): void {
    const options = splitList(value);
    const kept = options.filter((option) => !this.#replaced.has(unmaskedName(option.toLowerCase())));
    push(out, 'connection', kept.length === options.length ? value : kept.join(', '));
  }
}

function prefixed(value: string): string {
  return `${value.length}:${value}`;
}

function push(headers: HeaderList, name: string, value: string): void {
  if (value !== '') headers.push(name, value);
}
