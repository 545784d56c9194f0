/** Items of lists that are objects in lb.json: origins, certificates and rules, made of their keys. */

import { capturesOf, isMistake, parseTemplate } from '../http/template.ts';
import { ORIGIN_DEFAULTS, parseHost, parseSocketPath } from './address.ts';
import type { DictionaryConfig, HeaderChanges, OriginConfig, SiteRule } from './config.ts';
import { type ErrorList, formatPlace, type Place, Problem } from './errors.ts';
import type { Field } from './field-values.ts';
import type { Layer } from './layer.ts';
import type { CertificateFiles, Value } from './values.ts';

/** One object of a list, its keys read. */
export class ListObject {
  readonly #layer: Layer;
  readonly #path: string;
  readonly #errors: ErrorList;
  /** Where the object begins. */
  readonly place: Place;

  constructor(layer: Layer, path: string, place: Place, errors: ErrorList) {
    this.#layer = layer;
    this.#path = path;
    this.place = place;
    this.#errors = errors;
  }

  get<V extends Value>(key: string): V | undefined {
    return this.#layer.values.get(`${this.#path}.${key}`)?.value as V | undefined;
  }

  has(key: string): boolean {
    const path = `${this.#path}.${key}`;
    return this.#layer.values.has(path) || this.#layer.objects.has(path);
  }

  /** Notes a mistake at the value of a key, or at the object. */
  fail(key: string, message: string, fix: string): undefined {
    const path = `${this.#path}.${key}`;
    const place = this.#layer.values.get(path)?.place ?? this.#layer.objects.get(path) ?? this.place;
    this.#errors.add(place, `${this.#path}${this.has(key) ? `.${key}` : ''}: ${message}`, fix);
    return undefined;
  }

  problem(key: string, problem: Problem): undefined {
    return this.fail(key, problem.message, problem.fix ?? '');
  }
}

const PROXY_VERSIONS: Readonly<Record<string, 0 | 1 | 2>> = { off: 0, v1: 1, v2: 2 };

export function buildOrigin(object: ListObject): OriginConfig | undefined {
  const name = object.get<string>('host');
  const socket = object.get<string>('unix');
  if (name === undefined && socket === undefined) {
    return object.fail('host', 'an origin without "host"', 'add it: {"host": "example.com", "port": 443}');
  }
  const host = parseOriginHost(name ?? 'localhost');
  if (host instanceof Problem) return object.problem('host', host);
  const unix = socket === undefined ? undefined : parseSocketPath(socket);
  if (unix instanceof Problem) return object.problem('unix', unix);
  if (unix !== undefined && object.has('port'))
    return object.fail('port', 'a unix socket has no port', 'remove "port" or "unix"');
  const given = object.get<boolean>('tls');
  const port = object.get<number>('port') ?? (given ? 443 : 80);
  return {
    host,
    port,
    tls: given ?? port === 443,
    unix,
    weight: object.get<number>('weight') ?? ORIGIN_DEFAULTS.weight,
    backup: object.get<boolean>('backup') ?? ORIGIN_DEFAULTS.backup,
    proxyProtocol: PROXY_VERSIONS[object.get<string>('proxy_protocol') ?? 'off'],
    serverName: object.get<string>('server_name'),
  };
}

function parseOriginHost(text: string): string | Problem {
  if (/^[a-z]+:\/\//i.test(text)) {
    return new Problem(`"${text}" is a URL, not a host`, `write the URL alone in place of the object: "${text}"`);
  }
  const withPort = /^([^:[\]]+):(\d+)$/.exec(text);
  if (!withPort) return parseHost(text);
  const [, host, port] = withPort;
  return new Problem('the port stands in "port", not in "host"', `write "host": "${host}", "port": ${port}`);
}

export function buildCertificate(object: ListObject): CertificateFiles | undefined {
  const cert = object.get<string>('cert');
  const key = object.get<string>('key');
  if (cert !== undefined && key !== undefined) return { cert, key };
  const missing = cert === undefined ? 'cert' : 'key';
  return object.fail(missing, `a certificate without "${missing}"`, 'write {"cert": "FILE", "key": "FILE"}');
}

export function buildDictionary(object: ListObject): DictionaryConfig | undefined {
  const match = object.get<string[]>('match');
  if (match === undefined)
    return object.fail('match', 'a dictionary without "match"', 'add it: {"match": "/app/*.js"}');
  const id = object.get<string>('id');
  if (id !== undefined && !/^[\x20-\x7e]{1,1024}$/.test(id))
    return object.fail('id', 'it is not 1 to 1024 characters of ASCII', 'give a shorter, plain one');
  const useFor = object.get<string>('use_for') ?? urlPatternOf(match[0]);
  if (/^\/(?!\/)[^\s"\\?#(){}:]*$/.test(useFor)) return { match: [...match], useFor, id };
  return object.fail('use_for', `"${useFor}" is no pattern of a path`, 'begin with one slash, such as "/app/*"');
}

/** The URL pattern of what a glob matches, or of a little more: in it `?` means something else. */
function urlPatternOf(glob: string): string {
  return `${glob.includes('/') ? '' : '/*'}${glob.replaceAll('?', '*')}`;
}

export function buildRule(object: ListObject): SiteRule | undefined {
  const to = object.get<string>('redirect.to');
  if (object.has('redirect') && to === undefined)
    return object.fail('redirect', 'it does not say where to', 'add "to": "/path" or a URL');
  const rule: SiteRule = {
    match: [...(object.get<string[]>('match') ?? [])],
    methods: [...(object.get<string[]>('methods') ?? [])],
    hosts: [...(object.get<string[]>('hosts') ?? [])],
    rewrite: object.get<string>('rewrite'),
    redirect: to === undefined ? undefined : { to, status: redirectStatus(object) },
    respond: object.has('respond') ? simpleResponse(object) : undefined,
    requestHeaders: changesOf(object, 'request_headers'),
    responseHeaders: changesOf(object, 'response_headers'),
    limits: [...(object.get<string[]>('limits') ?? [])],
    source: formatPlace(object.place),
  };
  checkAnswers(object, rule);
  checkVariables(object, rule);
  return rule;
}

function redirectStatus(object: ListObject): 301 | 302 | 303 | 307 | 308 {
  return Number(object.get<string>('redirect.status') ?? 302) as 301 | 302 | 303 | 307 | 308;
}

function simpleResponse(object: ListObject): NonNullable<SiteRule['respond']> {
  const status = object.get<number>('respond.status') ?? 200;
  const body = object.get<string>('respond.body') ?? '';
  if (body !== '' && (status === 204 || status === 205 || status === 304))
    object.fail('respond.body', `a ${status} has no body`, 'remove the body, or give another status');
  return { status, body, headers: fieldsOf(object, 'respond.headers') };
}

function changesOf(object: ListObject, key: string): HeaderChanges {
  return {
    remove: [...(object.get<string[]>(`${key}.remove`) ?? [])],
    set: fieldsOf(object, `${key}.set`),
    add: fieldsOf(object, `${key}.add`),
  };
}

function fieldsOf(object: ListObject, key: string): [string, string][] {
  return (object.get<Field[]>(key) ?? []).map(([name, value]) => [name, value]);
}

/** What can stand together: an answer of lb's own reaches no origin. */
function checkAnswers(object: ListObject, rule: SiteRule): void {
  const { rewrite, redirect, respond } = rule;
  if (redirect && respond) object.fail('respond', 'a rule has redirect or respond, not both', 'remove one of them');
  const answers = redirect ? 'redirect' : 'respond';
  if ((redirect || respond) && rewrite !== undefined)
    object.fail('rewrite', `it does nothing beside ${answers}: no origin is asked`, 'remove it');
  if ((redirect || respond) && object.has('request_headers'))
    object.fail('request_headers', `they do nothing beside ${answers}: no origin is asked`, 'remove them');
  const { requestHeaders: request, responseHeaders: response } = rule;
  const changes = [request, response].flatMap(({ remove, set, add }) => [...remove, ...set, ...add]);
  if (rewrite === undefined && !redirect && !respond && changes.length + rule.limits.length === 0) {
    const fix = 'give it rewrite, redirect, respond, request_headers, response_headers or limits';
    object.fail('', 'the rule does nothing', fix);
  }
}

/** The texts of a rule that may have variables, by the key that they stand under. */
function textsOf(rule: SiteRule): [key: string, text: string][] {
  const { requestHeaders: request, responseHeaders: response, respond, rewrite, redirect } = rule;
  const texts: [string, string][] = [];
  if (rewrite !== undefined) texts.push(['rewrite', rewrite]);
  if (redirect) texts.push(['redirect.to', redirect.to]);
  const fields: Record<string, [string, string][]> = {
    'request_headers.set': request.set,
    'request_headers.add': request.add,
    'response_headers.set': response.set,
    'response_headers.add': response.add,
    'respond.headers': respond?.headers ?? [],
  };
  for (const [key, list] of Object.entries(fields)) for (const [, value] of list) texts.push([key, value]);
  return texts;
}

/** `{2}` needs a glob with two stars, and what the origin is asked with cannot be new each time. */
function checkVariables(object: ListObject, rule: SiteRule): void {
  const stars = Math.min(9, ...(rule.match.length === 0 ? [''] : rule.match).map(starsOf));
  for (const [key, text] of textsOf(rule)) {
    const parsed = parseTemplate(text);
    if (isMistake(parsed)) continue;
    const highest = capturesOf(parsed);
    if (highest > stars) {
      const found = rule.match.length === 0 ? 'the rule has no match' : `a glob has ${stars || 'no'} *`;
      object.fail(key, `{${highest}} stands for nothing: ${found}`, 'give every glob in "match" as many *');
      return;
    }
    const isAsked = key === 'rewrite' || key.startsWith('request_headers');
    if (isAsked && parsed.some((part) => typeof part !== 'string' && part.kind === 'request_id')) {
      const message = '{request_id} is another one for each request, so that nothing could come from the cache';
      object.fail(key, message, 'leave it out; the origin gets it as X-Request-Id');
      return;
    }
  }
}

function starsOf(glob: string): number {
  return glob.match(/\*+/g)?.length ?? 0;
}
