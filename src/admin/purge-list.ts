// From the body of `POST /purge` to the purges it asks for:
//   {"purge": [{"url": "https://h/p?q"}, {"prefix": "/a/", "host": "h"}, {"tags": ["a", "b"]}], "soft": true}
import { nearest } from '../config/suggest.ts';
import { PurgeSyntaxError, type PurgeTarget, parseHost, parseTag, parseTarget } from './purge-target.ts';
import type { PurgeRequest } from './types.ts';

/** Purges in one list, each tag counted. */
export const MAX_PURGES = 1000;
/** Bytes of a list. */
export const MAX_LIST = 1 << 20;

type Item = Readonly<Record<string, unknown>>;

/** What a member that says what to purge makes of its value. */
type Parse = (value: unknown) => (PurgeTarget & { tag?: string })[];

const ALL = { scope: 'all', host: null, pattern: '/*' } as const;

const KINDS: Readonly<Record<string, Parse>> = {
  url: (value) => [withoutStar('url', parseTarget(text('url', value)))],
  prefix: (value) => [parsePrefix(text('prefix', value))],
  pattern: (value) => [parseTarget(text('pattern', value))],
  tag: (value) => [ofTag(text('tag', value))],
  tags: (value) => {
    if (!Array.isArray(value) || value.length === 0) throw new PurgeSyntaxError('"tags" must be a list of strings');
    return value.map((tag) => ofTag(text('tags', tag)));
  },
  all: (value) => {
    if (value !== true) throw new PurgeSyntaxError('"all" must be true');
    return [ALL];
  },
};
const MEMBERS = [...Object.keys(KINDS), 'host', 'site'];

/**
 * Reads a list of purges; nothing is purged unless all of it is right.
 * @throws PurgeSyntaxError that names the item
 */
export function parsePurgeList(body: string): PurgeRequest[] {
  const { purge, soft = false, ...rest } = parseObject(body);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new PurgeSyntaxError(`unknown member "${unknown}"; there are "purge" and "soft"`);
  if (typeof soft !== 'boolean') throw new PurgeSyntaxError('"soft" must be true or false');
  if (!Array.isArray(purge) || purge.length === 0) {
    throw new PurgeSyntaxError('"purge" must be a list such as [{"url": "https://shop.example/a"}]');
  }
  const purges: PurgeRequest[] = [];
  for (const [index, item] of purge.entries()) {
    for (const one of parseItem(item, index)) purges.push({ ...one, soft, item: index });
    if (purges.length > MAX_PURGES) {
      throw new PurgeSyntaxError(`a list may hold ${MAX_PURGES} purges (each tag is one): send several lists`);
    }
  }
  return purges;
}

function parseObject(body: string): Item {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new PurgeSyntaxError(`the body is not JSON (${(error as Error).message}); send {"purge": [...]}`);
  }
  if (!isObject(value))
    throw new PurgeSyntaxError('the body must be a JSON object such as {"purge": [{"tag": "news"}]}');
  return value;
}

function isObject(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseItem(item: unknown, index: number): Omit<PurgeRequest, 'soft'>[] {
  try {
    if (!isObject(item)) throw new PurgeSyntaxError('an item is an object such as {"url": "https://shop.example/a"}');
    for (const name of Object.keys(item)) if (!MEMBERS.includes(name)) throw unknownMember(name);
    const kinds = Object.keys(item).filter((name) => Object.hasOwn(KINDS, name));
    if (kinds.length > 1) throw new PurgeSyntaxError(`it has "${kinds.join('" and "')}": make them items of their own`);
    const host = item.host === undefined ? null : parseHost(text('host', item.host));
    const site = item.site === undefined ? undefined : text('site', item.site);
    if (kinds.length === 0 && host === null && site === undefined) {
      throw new PurgeSyntaxError(`it says nothing of what to purge: give one of ${MEMBERS.join(', ')}`);
    }
    const targets = kinds.length === 0 ? [ALL] : KINDS[kinds[0]](item[kinds[0]]);
    return targets.map((target) => {
      if (target.host !== null && host !== null) throw new PurgeSyntaxError('the URL names a host and so does "host"');
      return { ...target, host: target.host ?? host, ...(site === undefined ? {} : { site }) };
    });
  } catch (error) {
    if (error instanceof PurgeSyntaxError) error.message = `purge[${index}]: ${error.message}`;
    throw error;
  }
}

function unknownMember(name: string): PurgeSyntaxError {
  const meant = nearest(name, MEMBERS);
  const hint = meant === undefined ? `there are ${MEMBERS.join(', ')}` : `did you mean "${meant}"?`;
  return new PurgeSyntaxError(`unknown member "${name}"; ${hint}`);
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new PurgeSyntaxError(`"${name}" must be a string that is not empty`);
  return value;
}

function withoutStar(name: string, target: PurgeTarget): PurgeTarget {
  if (target.scope !== 'url') throw new PurgeSyntaxError(`a "${name}" has no wildcards: make it a "pattern"`);
  return target;
}

function parsePrefix(prefix: string): PurgeTarget {
  const { host, pattern } = withoutStar('prefix', parseTarget(prefix));
  return pattern === '/' ? { ...ALL, host } : { scope: 'pattern', host, pattern: `${pattern}*` };
}

function ofTag(tag: string): PurgeTarget & { tag: string } {
  return { ...ALL, scope: 'tag', tag: parseTag(tag) };
}
