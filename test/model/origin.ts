/** The origin of a history: its resources change when a script says so, and its answers depend on nothing else. */
import type { Exchange, Script, Template } from './history.ts';
import { acceptedCodings, entityTags, httpDate, joined, type Lines, selection, valuesOf } from './reference-fields.ts';
import type { OriginAsk, OriginOutcome } from './reference-origin.ts';
import { type Place, placeIn, singleRange } from './reference-parts.ts';

interface Representation {
  body: string;
  etag: string | undefined;
  lastModified: string | undefined;
  made: number;
  status: number;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A date in the form that a template names. */
export function writeDate(form: string, seconds: number): string {
  const date = new Date(Math.floor(seconds) * 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = DAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const number = two(date.getUTCDate());
  const year = String(date.getUTCFullYear());
  switch (form) {
    case 'rfc850':
      return `${day}, ${number}-${month}-${year.slice(2)} ${time} GMT`;
    case 'asctime':
      return `${day.slice(0, 3)} ${month} ${number.replace(/^0/, ' ')} ${time} ${year}`;
    case 'zone':
      return `${day.slice(0, 3)}, ${number} ${month} ${year} ${time} +0000`;
    default:
      return `${day.slice(0, 3)}, ${number} ${month} ${year} ${time} GMT`;
  }
}

/** Fills in `@date(10)`, `@rfc850(-5)` and the like, relative to a time. */
export function filledIn(lines: Template, seconds: number): Template {
  return lines.map(([name, value]) => [
    name,
    value.replace(/@(\w+)\((-?\d+)\)/g, (_, form: string, offset: string) => writeDate(form, seconds + Number(offset))),
  ]);
}

/** Every body names the URL, the version and what the client asked for, so that a stray byte can be traced. */
export class Origin {
  readonly #versions = new Map<string, number>();
  readonly #representations = new Map<string, Representation>();
  #script!: Script;
  readonly #whole = new Map<string, string>();
  #exchanges = 0;

  /** Before each exchange. */
  begin(exchange: Exchange): void {
    this.#exchanges++;
    this.#script = exchange.origin;
    const version = this.#versions.get(exchange.target) ?? 0;
    if (exchange.origin.changes) this.#versions.set(exchange.target, version + 1);
  }

  /** All of what the answer of a serial number is of. */
  wholeOf(serial: string): string {
    return this.#whole.get(serial) ?? '';
  }

  /** Validators of the current representation, for clients that have it. */
  current(target: string): { etag: string | undefined; lastModified: string | undefined } | undefined {
    for (const [key, one] of [...this.#representations].reverse()) if (key.startsWith(`${target} `)) return one;
    return undefined;
  }

  /** Two equal requests in one exchange get equal answers. */
  readonly ask = (request: OriginAsk, at: number): OriginOutcome => {
    const script = this.#script;
    const arrived = at + script.delay / 1000;
    const times = { sent: at, arrived };
    if (script.fault === 'refused' || script.fault === 'reset') return { ...times, failure: 502 };
    const one = this.#representation(request, arrived);
    const validators: [string, string][] = [];
    if (one.etag !== undefined) validators.push(['etag', one.etag]);
    if (one.lastModified !== undefined) validators.push(['last-modified', one.lastModified]);
    const answer = { ...times, failure: undefined, complete: true, atOnce: !script.apart };
    if (script.honours && one.status === 200 && matches(request.lines, one)) {
      const lines = [...filledIn(script.lines304, arrived), ...validators304(script, validators)];
      return { ...answer, status: 304, lines: grouped(lines), body: '' };
    }
    const lines: [string, string][] = [...filledIn(script.lines, arrived), ...validators];
    const serial = `${this.#exchanges}.${Math.round(at * 1000)}.${request.method}`;
    lines.push(['x-serial', serial]);
    this.#whole.set(serial, one.body);
    const range = script.ranges !== 'no' && one.status === 200 && request.method === 'GET' && this.#range(request, one);
    const part = range ? one.body.slice(range[0], range[1] + 1) : one.body;
    if (range) lines.push(['content-range', `bytes ${range[0]}-${range[1]}/${one.body.length}`]);
    const status = range ? 206 : one.status;
    const bodyless = request.method === 'HEAD' || status === 204 || status === 304;
    if (script.declared && status !== 204 && status !== 304) lines.push(['content-length', String(part.length)]);
    const complete = bodyless || script.fault !== 'cut' || part === '';
    const sent = complete ? part : part.slice(0, part.length >> 1);
    return { ...answer, complete, status, lines: grouped(lines), body: bodyless ? '' : sent };
  };

  #representation(request: OriginAsk, now: number): Representation {
    const version = this.#versions.get(request.target) ?? 0;
    const seen = Object.values(classesOf(request.lines)).join('|');
    const key = `${request.target} ${version} ${seen}`;
    const known = this.#representations.get(key);
    if (known !== undefined) return known;
    const script = this.#script;
    const tag = `v${this.#representations.size}`;
    const etags = { strong: `"${tag}"`, weak: `W/"${tag}"`, bare: tag, none: undefined };
    const text = `<${request.target} ${seen} ${tag}>`;
    const one: Representation = {
      body: script.length === 0 ? '' : text.padEnd(script.length, tag),
      etag: etags[script.validators],
      lastModified: script.modified === undefined ? undefined : writeDate('imf', now - script.modified),
      made: now,
      status: script.status,
    };
    this.#representations.set(key, one);
    return one;
  }

  #range(request: OriginAsk, one: Representation): Place | undefined {
    const condition = joined(request.lines, 'if-range');
    const isAsked = condition !== undefined && this.#script.ranges !== 'always';
    if (isAsked && condition !== one.etag && condition !== one.lastModified) return undefined;
    const spec = singleRange(joined(request.lines, 'range') ?? '');
    return spec === undefined ? undefined : placeIn(spec, one.body.length);
  }
}

function validators304({ tag304 }: Script, validators: Template): Template {
  if (tag304 === 'same') return validators;
  const others = validators.filter(([name]) => name !== 'etag');
  return tag304 === 'none' ? others : [...others, ['etag', '"of another"']];
}

/** What the origin makes of the fields that may select a representation: several values for each lead to one. */
export function classesOf(request: Lines): Record<string, string> {
  const [[, language]] = JSON.parse(selection(['accept-language'], request)) as [
    [string, [string, number][] | string | null],
  ];
  const codings = acceptedCodings(joined(request, 'accept-encoding'));
  return {
    'accept-language': Array.isArray(language) ? (language[0]?.[0] ?? 'none') : (language ?? 'none'),
    'accept-encoding': codings.includes('br') ? 'br' : codings.includes('gzip') ? 'gzip' : 'identity',
    'x-flavour': (joined(request, 'x-flavour') ?? 'none').slice(0, 1).toLowerCase(),
  };
}

function matches(request: Lines, one: Representation): boolean {
  const list = joined(request, 'if-none-match');
  if (list !== undefined) {
    return one.etag !== undefined && entityTags(list).some(({ opaque }) => opaque === one.etag?.replace(/^W\//, ''));
  }
  const since = httpDate(joined(request, 'if-modified-since'), one.made);
  const modified = httpDate(one.lastModified, one.made);
  return since !== undefined && modified !== undefined && modified <= since;
}

/** Lines of one name together, as a client library hands them over. */
function grouped(lines: Template): Lines {
  const names = [...new Set(lines.map(([name]) => name))];
  return names.flatMap((name) => valuesOf(lines, name).map((value): [string, string] => [name, value]));
}
