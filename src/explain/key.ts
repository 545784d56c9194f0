import { selectionOf } from '../fill/judge.ts';
import type { StoredMeta } from '../fill/stored.ts';
import { bodyPart } from '../http/body-key.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { combineHeader, getHeader, type HeaderList } from '../http/headers.ts';
import { withoutClientClasses } from '../http/keyed-fields.ts';
import { normaliseSelecting } from '../http/vary.ts';
import type { HostEntry } from '../site/host-table.ts';
import { editPart } from '../site/key-plan.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Found } from './entry.ts';
import type { ExplainedRequest } from './request.ts';
import type { KeyPart, VaryPart } from './types.ts';

/** What tells a request apart, as the configuration has it. */
export interface RequestKey {
  host: HostEntry;
  /** Path and query. */
  target: string;
  /** What the configuration adds: fields, cookies, device, country, body; '' for nothing. */
  configured: string;
  /** The same for people, a line each. */
  configuredLines: string[];
  /** Fields as the origin may see them, from which the variant is selected. */
  headers: HeaderList;
  /** The body is a part of the key, so that the request is answered as a GET is. */
  hasBody: boolean;
}

/** The address of a client is not known here: the country is that of nobody. */
const NO_ADDRESS = '';

/** The key of a request, made as `src/request/lookup.ts` makes it. */
export function keyOf(
  request: ExplainedRequest,
  host: HostEntry,
  policy: CachePolicy,
  edits: HeaderEdits | undefined,
): RequestKey {
  const { path, query, headers: sent, method } = request;
  const { key } = policy;
  const headers = withoutClientClasses(sent);
  const field = (name: string): string => getHeader(headers, name) ?? '';
  const hasBody = isBodyKeyed(request, policy);
  const own = key?.parts(field, NO_ADDRESS) ?? '';
  const body = hasBody ? bodyPart(method, field('content-type'), field('content-encoding'), request.body) : '';
  return {
    host,
    target: key?.target(path, query) ?? (query === '' ? path : `${path}?${query}`),
    configured: own + body + (edits === undefined ? '' : editPart(edits)),
    configuredLines: [
      ...(key?.describe(field, NO_ADDRESS) ?? []),
      ...(hasBody ? [bodyLine(request, field, body)] : []),
      ...(edits?.describe().map((line) => `rules ${line}`) ?? []),
    ],
    headers: key?.forward(headers, NO_ADDRESS) ?? headers,
    hasBody,
  };
}

/** @param part of the key: `body=HASH:` */
function bodyLine({ body }: ExplainedRequest, field: (name: string) => string, part: string): string {
  const kind = [field('content-type') || 'no Content-Type', field('content-encoding')].filter((text) => text !== '');
  return `body: ${kind.join(', ')}, ${body.length} bytes, hash ${part.slice('body='.length, -1)}`;
}

function isBodyKeyed({ method, body, headers }: ExplainedRequest, { methods, bodyLimit }: CachePolicy): boolean {
  return methods.includes(method) && body.length <= bodyLimit && getHeader(headers, 'range') === undefined;
}

export function describeKey(
  scheme: string,
  method: string,
  { host, target, configuredLines, headers, hasBody }: RequestKey,
  { marker, key, variants }: Found,
): KeyPart {
  const vary = marker === undefined ? null : describeVary(marker, key.variant, variants, headers);
  const methods = hasBody ? method : 'GET, HEAD';
  return { scheme, host: host.authority, methods, target, configured: configuredLines, vary };
}

function describeVary(
  { vary = [], known = [] }: StoredMeta,
  chosen: string,
  stored: ReadonlySet<string>,
  headers: HeaderList,
): VaryPart {
  const selecting = vary.map((field) => [field, normaliseSelecting(field, combineHeader(headers, field)) ?? null]);
  const variants = known.map(({ name, etag }) => ({
    selection: selectionOf(name),
    etag: etag ?? null,
    stored: stored.has(name),
    chosen: chosen.endsWith(name),
  }));
  return { fields: vary, selecting: Object.fromEntries(selecting) as Record<string, string | null>, variants };
}
