/** The request that curl would send for a command line. */

import { nearest } from '../../config/suggest.ts';
import { BodyParts, type ReadFile } from './curl-body.ts';
import { type Flag, flagOption, OPTION_NAMES, type ValuedOption, valuedOption } from './curl-options.ts';
import { RequestError, type TestedRequest, wire } from './tested-request.ts';

/** What curl calls itself, where -A says nothing. */
const AGENT = 'curl/8.14.1';

/**
 * Reads a command line of curl, with or without `curl` in front. The path stays as it is written (`--path-as-is`).
 *
 * @param own host of a URL that is a path alone @throws RequestError
 */
export function curlRequest(words: readonly string[], own: string, readFile: ReadFile): TestedRequest {
  const line = new CurlLine(readFile);
  for (let rest = words[0] === 'curl' ? words.slice(1) : words; rest.length > 0; ) rest = line.take(rest);
  return line.request(own);
}

class CurlLine {
  readonly #parts: BodyParts;
  readonly #flags = new Set<Flag>();
  readonly #headers: string[] = [];
  readonly #cookies: string[] = [];
  readonly #query: string[] = [];
  readonly #single = new Map<ValuedOption, string>();
  #url: string | undefined;

  constructor(readFile: ReadFile) {
    this.#parts = new BodyParts(readFile);
  }

  /** Takes the first of some words with its value. @returns what is left */
  take(words: readonly string[]): readonly string[] {
    const [word, ...rest] = words;
    if (!word.startsWith('-') || word === '-') {
      this.#takeUrl(word);
      return rest;
    }
    if (word === '--') {
      for (const url of rest) this.#takeUrl(url);
      return [];
    }
    if (word === '--next' || word === '-:') throw new RequestError(`${word}: one request is tested at a time`);
    const name = word.startsWith('--') ? word : word.slice(0, 2);
    const attached = word.slice(name.length);
    const valued = valuedOption(name);
    if (valued !== undefined) {
      const value = attached === '' ? rest[0] : attached;
      if (value === undefined) throw new RequestError(`${name} needs a value${OWN.get(name) ?? ''}`);
      this.#option(valued, name, value);
      return attached === '' ? rest.slice(1) : rest;
    }
    const flag = flagOption(name);
    if (flag === undefined) throw unknown(name);
    this.#flags.add(flag);
    return attached === '' ? rest : [`-${attached}`, ...rest];
  }

  #option(option: ValuedOption, name: string, value: string): void {
    switch (option) {
      case 'nothing':
        return;
      case 'header':
        if (!/^[^\s:;]+(?::|;$)/.test(value))
          throw new RequestError(`${name} ${value}: write "Name: value"; "Name:" leaves a field out`);
        this.#headers.push(value);
        return;
      case 'cookie':
        if (!value.includes('='))
          throw new RequestError(`${name} ${value}: files of cookies are not read, write name=value`);
        this.#cookies.push(value);
        return;
      case 'url':
        this.#takeUrl(value);
        return;
      case 'url-query':
        this.#query.push(value.startsWith('+') ? value.slice(1) : this.#parts.encoded(value));
        return;
      case 'method':
      case 'agent':
      case 'referer':
      case 'user':
      case 'bearer':
      case 'range':
        this.#single.set(option, value);
        return;
      default:
        this.#parts.add(option, value);
    }
  }

  #takeUrl(word: string): void {
    if (this.#url !== undefined)
      throw new RequestError(`${word}: one URL is tested at a time, and ${this.#url} is one; is a quote missing?`);
    this.#url = word;
  }

  request(own: string): TestedRequest {
    if (this.#url === undefined) throw new RequestError('no URL: write one, such as https://shop.example/search?q=1');
    const { scheme, host, target } = targetOf(this.#url, own);
    const isGet = this.#flags.has('get');
    const body = this.#parts.body();
    const query = [...this.#query, ...(isGet && body !== undefined ? [body.bytes.toString('latin1')] : [])];
    const sent = isGet ? undefined : body;
    return {
      scheme,
      protocol: this.#flags.has('http2') ? '2' : this.#flags.has('http10') ? '1.0' : '1.1',
      method: this.#single.get('method') ?? (this.#flags.has('head') ? 'HEAD' : (sent?.method ?? 'GET')),
      target: withQuery(target, query),
      headers: this.#fields(host, sent),
      body: sent?.bytes ?? Buffer.alloc(0),
    };
  }

  #fields(host: string, body: ReturnType<BodyParts['body']>): string[] {
    const user = this.#single.get('user');
    const bearer = this.#single.get('bearer');
    const range = this.#single.get('range');
    const referer = this.#single.get('referer')?.replace(/;auto$/, '');
    const usual: [string, string | undefined][] = [
      ['host', host],
      ['authorization', user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`],
      ['authorization', bearer === undefined ? undefined : `Bearer ${bearer}`],
      ['range', range === undefined ? undefined : `bytes=${range}`],
      ['user-agent', this.#single.get('agent') ?? AGENT],
      ['accept', body?.accept ?? '*/*'],
      ['accept-encoding', this.#flags.has('compressed') ? 'deflate, gzip, br, zstd' : undefined],
      ['referer', referer || undefined],
      ['cookie', this.#cookies.length === 0 ? undefined : this.#cookies.join('; ')],
    ];
    const own = this.#headers.map(fieldOf);
    const isChunked = own.some(({ name }) => name === 'transfer-encoding');
    if (body !== undefined) {
      usual.push(['content-length', isChunked ? undefined : String(body.bytes.length)], ['content-type', body.type]);
    }
    const said = new Set(own.map(({ name }) => name));
    const kept = usual.filter(([name, value]) => value !== undefined && value !== '' && !said.has(name));
    const given = own.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
    return [...kept, ...given].flatMap(([name, value]) => [name ?? '', wire(value ?? '')]);
  }
}

/** Why an option of lb is not one here. */
const OWN = new Map([['--json', "; lb's own --json stands in front of the request"]]);

/** `Name: value`; `Name:` is a field that is left out, `Name;` one without a value. */
function fieldOf(text: string): { name: string; value: string | undefined } {
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text.slice(0, -1).toLowerCase(), value: '' };
  const value = text.slice(colon + 1).trim();
  return { name: text.slice(0, colon).toLowerCase(), value: value === '' ? undefined : value };
}

interface UrlTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly target: string;
}

/** Scheme, host and target of a URL, whose path is not normalised as URL does. */
function targetOf(url: string, own: string): UrlTarget {
  const found = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const [, scheme = 'http', authority = '', written = ''] = found;
  if (!/^https?$/i.test(scheme)) throw new RequestError(`${url}: write an http:// or https:// URL`);
  const host = authority === '' ? own : authority.slice(authority.lastIndexOf('@') + 1);
  if (authority !== '' && !/^(?:\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::\d{1,5})?$/i.test(host))
    throw new RequestError(`${url}: "${host}" is no host; write https://host/path, or a path that begins with /`);
  return {
    scheme: scheme.toLowerCase() as 'http' | 'https',
    host: host.toLowerCase(),
    target: ascii(written.startsWith('/') ? written : `/${written}`),
  };
}

/** What may not stand in a target is percent-encoded, as browsers do. */
function ascii(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function withQuery(target: string, more: readonly string[]): string {
  if (more.length === 0) return target;
  return `${target}${target.includes('?') ? '&' : '?'}${ascii(more.join('&'))}`;
}

function unknown(name: string): RequestError {
  const meant = nearest(name, [...OPTION_NAMES]);
  return new RequestError(
    `${name} is no option of curl that lb waf test knows${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}
