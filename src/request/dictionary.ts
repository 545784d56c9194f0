import type { FoundDictionary } from '../compress/dictionaries.ts';
import {
  availableDictionary,
  type DictionaryRule,
  dictionaryRules,
  isReadable,
  isSecureContext,
  mayUseDictionary,
  ruleOfDictionary,
} from '../compress/dictionary-rules.ts';
import type { CodingTerms } from '../compress/terms.ts';
import type { StoredView } from '../fill/stored.ts';
import { combineHeader, type HeaderList, hasHeader, splitList, withHeader } from '../http/headers.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Exchange } from './exchange.ts';

type CompressionConfig = NonNullable<CachePolicy['compression']>;

const NO_RULES: readonly DictionaryRule[] = [];

/** The rules about dictionaries that count for a request; none where its context is not secure. */
function rulesFor(x: Exchange, config: CompressionConfig): readonly DictionaryRule[] {
  if (config.dictionaries.length === 0 || !isSecureContext(x.scheme, x.host.authority)) return NO_RULES;
  return dictionaryRules(config.dictionaries);
}

/**
 * A stored response's fields, and what tells clients that it is a dictionary, and caches that it depends on one (RFC 9842
 * sections 2.1 and 6.2). The list itself where it has nothing to do with dictionaries.
 *
 * @param isCoded it is compressed for clients, so also by dictionaries
 */
export function dictionaryFields(
  x: Exchange,
  config: CompressionConfig,
  status: number,
  lines: HeaderList,
  isCoded: boolean,
): HeaderList {
  const rules = rulesFor(x, config);
  if (rules.length === 0 || status !== 200) return lines;
  const own = ruleOfDictionary(rules, x.path);
  let fields = lines;
  if (own !== undefined && !hasHeader(lines, 'use-as-dictionary')) fields = [...fields, 'use-as-dictionary', own.field];
  if (!isCoded || !mayUseDictionary(rules, x.path)) return fields;
  const vary = combineHeader(fields, 'vary') ?? '';
  if (splitList(vary.toLowerCase()).some((name) => name === '*' || name === 'available-dictionary')) return fields;
  return withHeader(fields, 'vary', vary === '' ? 'Available-Dictionary' : `${vary}, Available-Dictionary`);
}

/** Whether a response is a dictionary by the configuration: then `offerDictionary` is to be called once it is stored. */
export function isDictionary(x: Exchange, config: CompressionConfig): boolean {
  return ruleOfDictionary(rulesFor(x, config), x.path) !== undefined;
}

/** A stored response has gone out as a dictionary: has it kept as such. */
export function offerDictionary(x: Exchange, { meta, length }: StoredView, { stored }: CodingTerms): void {
  if (meta.status !== 200 || meta.content === undefined || stored === 'other') return;
  x.context.dictionaries?.offer(x.key, meta.content, stored, Math.max(0, length));
}

/**
 * The dictionary that this client and lb have in common for a response, which may be coded for it. Where there was a
 * look-up, the transient pin has ended.
 *
 * @param lines fields of the response
 */
export function dictionaryFor(
  x: Exchange,
  config: CompressionConfig,
  lines: () => HeaderList,
): FoundDictionary | undefined {
  const { dictionaries } = x.context;
  const rules = rulesFor(x, config);
  if (dictionaries === undefined || !mayUseDictionary(rules, x.path)) return undefined;
  const hash = availableDictionary(x.field('available-dictionary'));
  if (hash === undefined || !isReadable((name) => x.field(name), lines())) return undefined;
  const isMeant = (path: string) => rules.some((rule) => rule.isDictionary(path) && rule.isFor(x.path));
  return dictionaries.find(x.host.prefix, hash, isMeant);
}
