import { keptBytes } from '../base/kept-bytes.ts';
import { CacheKey, USER_BORN } from '../cache/cache.ts';
import { type AnyCoding, dictionaryHeader, isMade, isMadeOnTheWay } from '../compress/by-dictionary.ts';
import { activeCoders, type Recoding } from '../compress/coder.ts';
import type { FoundDictionary } from '../compress/dictionaries.ts';
import { confirmedFields, recodedFields, variedFields } from '../compress/fields.ts';
import { type CodingTerms, codingTerms } from '../compress/terms.ts';
import { type VariantCoding, variantKey } from '../compress/variants.ts';
import { parseTail, tailOf } from '../fill/head.ts';
import type { StoredView } from '../fill/stored.ts';
import { parseRequestCacheControl } from '../http/cache-control.ts';
import { type Acceptance, acceptanceOf, chooseCoding, dictionaryCodings, isTaken } from '../http/coding-choice.ts';
import { ifRangeAllows } from '../http/conditional.ts';
import type { Coding, DictionaryCoding } from '../http/content-coding.ts';
import { combineHeader, getHeader, type HeaderList } from '../http/headers.ts';
import type { CachePolicy } from '../site/plan.ts';
import { SLOT } from '../stats/counters.ts';
import { dictionaryFields, dictionaryFor, isDictionary, offerDictionary } from './dictionary.ts';
import type { Exchange } from './exchange.ts';
import { variantFromDisk } from './variant-disk.ts';

type CompressionConfig = NonNullable<CachePolicy['compression']>;

/** Contents that one thread codes at a time; whoever comes then gets what is there, if that will do. */
const MAX_CODERS = 128;

/** Of such with a dictionary, each of which holds some megabytes beside the dictionary. */
const MAX_DICTIONARY_CODERS = 16;

/** The forms in which clients get a stored response, each with its head made once. */
class CodedForms {
  readonly config: CompressionConfig;
  readonly terms: CodingTerms;
  /** As it is stored, saying that there are others. */
  readonly asStored: StoredView;
  /** Made on the way to the client: heads without a body. */
  readonly recoded: { [coding in AnyCoding | 'identity']?: StoredView } = {};
  /** With the body of a stored variant. */
  readonly variants: { [coding in VariantCoding]?: { readonly source: StoredView; readonly view: StoredView } } = {};
  /** Codings that it was made in on its way. */
  readonly asked = new Set<VariantCoding>();
  /** Clients are told to use it as a dictionary. */
  readonly isDictionary: boolean;

  constructor(config: CompressionConfig, terms: CodingTerms, asStored: StoredView, isDictionary: boolean) {
    this.config = config;
    this.terms = terms;
    this.asStored = asStored;
    this.isDictionary = isDictionary;
  }
}

/** The forms of a stored response, as far as any client has been given one. */
export function formsOf({ forms }: StoredView): CodedForms | undefined {
  return forms instanceof CodedForms ? forms : undefined;
}

/** A response has gone out as a dictionary: it is kept as such, once it is stored. */
export function keepDictionary(x: Exchange, view: StoredView): void {
  const terms = formsOf(view)?.terms;
  if (terms !== undefined && (x.status === 200 || x.status === 304)) offerDictionary(x, view, terms);
}

/** What the configuration says about coding the answer, undefined where it is left as it is. */
export function compressionOf(x: Exchange): CompressionConfig | undefined {
  const { compression } = x.host.plan;
  return compression === 'by-path' ? x.policyOf().compression : compression;
}

/** Of the variant that is looked for. */
const key = new CacheKey();

/**
 * A stored response, or one that is being stored, in the form that this client gets: as stored, from a stored variant, or
 * with `x.recoding` set for what is to be done with its body. `origin` where the client takes no form that may be made of it;
 * `gone` where it has been replaced since the look-up. A variant takes the place of `x.entry`.
 */
export function formFor(x: Exchange, view: StoredView): StoredView | 'origin' | 'gone' {
  x.recoding = undefined;
  const config = compressionOf(x);
  // a body in slices is never in one place
  if (config === undefined || view.meta.slices !== undefined) return view;
  const forms =
    view.forms instanceof CodedForms && view.forms.config === config ? view.forms : makeForms(x, view, config);
  const { terms, asStored } = forms;
  if (terms.reason === 'status') return view;
  if (forms.isDictionary) x.dictionary = view;
  if (!terms.mayEncode && terms.stored === 'identity') return asStored;
  const acceptance = acceptanceOf(x.field('accept-encoding'));
  if (config.dictionaries.length > 0 && (acceptance.dcz > 0 || acceptance.dcb > 0)) {
    const form = formByDictionary(x, view, forms, acceptance);
    if (form !== undefined) return form;
  }
  const coding = codingFor(x, view, terms, acceptance, config);
  if (coding === terms.stored || coding === 'other') return isTaken(coding, acceptance) ? asStored : 'origin';
  if (coding !== 'identity' && x.flight === undefined && view.meta.content !== undefined) {
    const variant = variantOf(x, view, forms, coding);
    if (variant !== undefined) return variant;
    if (!isStillThere(x, view)) return 'gone';
  }
  if (activeCoders() >= MAX_CODERS && isTaken(terms.stored, acceptance)) return asStored;
  x.recoding = recodingOf(terms, coding);
  forms.recoded[coding] ??= recodedView(asStored, coding, -1, undefined);
  return forms.recoded[coding];
}

/**
 * As `formFor`, for a client that has a dictionary for the response (RFC 9842), and likes that as much as any other coding.
 * Undefined where it is to get another form; the transient pin is then as it was.
 */
function formByDictionary(
  x: Exchange,
  view: StoredView,
  forms: CodedForms,
  acceptance: Acceptance,
): StoredView | 'gone' | undefined {
  const { terms, config, asStored } = forms;
  const codings = dictionaryCodings(acceptance, config.encodings).filter(isMade);
  if (!terms.mayEncode || codings.length === 0 || x.field('available-dictionary') === '') return undefined;
  if (isPartOf(x, view, isTaken(terms.stored, acceptance)) || forbidsTransform(x)) return undefined;
  const found = dictionaryFor(x, config, () => parseTail(view.tail));
  const isHit = x.flight === undefined;
  if (found !== undefined && isHit && view.meta.content !== undefined) {
    const variant = variantOf(x, view, forms, `${codings[0]}:${found.hash}`);
    if (variant !== undefined) return variant;
  }
  if (isHit && !isStillThere(x, view)) return 'gone';
  if (found === undefined || activeCoders() >= MAX_DICTIONARY_CODERS) return undefined;
  if (isHit) wantByDictionary(x, view, forms, codings[0], found);
  // until the best one is there
  const coding = codings.find((each) => isMadeOnTheWay(each, found.bytes));
  if (coding === undefined) return undefined;
  const { hash, bytes } = found;
  const dictionary = { coding, header: dictionaryHeader(coding, Buffer.from(hash, 'hex')), bytes };
  x.recoding = { ...recodingOf(terms, 'identity'), dictionary };
  forms.recoded[coding] ??= recodedView(asStored, coding, -1, undefined);
  return forms.recoded[coding];
}

/** What is asked for a second time by the same dictionary is made well, and kept. */
function wantByDictionary(
  x: Exchange,
  view: StoredView,
  { asked, terms, config }: CodedForms,
  to: DictionaryCoding,
  found: FoundDictionary,
): void {
  const { content } = view.meta;
  const coding: VariantCoding = `${to}:${found.hash}`;
  if (!asked.has(coding)) asked.add(coding);
  else if (config.background && content !== undefined && terms.stored !== 'other') {
    x.context.dictionaries?.want({ key: x.key, content, from: terms.stored, length: view.length }, to, found);
  }
}

function codingFor(
  x: Exchange,
  view: StoredView,
  terms: CodingTerms,
  acceptance: Acceptance,
  config: CompressionConfig,
): ReturnType<typeof chooseCoding> {
  const { stored } = terms;
  const coding = chooseCoding(terms, stored, acceptance, config.encodings);
  if (coding === stored) return stored;
  return isPartOf(x, view, isTaken(stored, acceptance)) || forbidsTransform(x) ? stored : coding;
}

/** Whether a part of the response as it is stored is wanted: what is coded on its way has no parts that could be joined. */
function isPartOf(x: Exchange, view: StoredView, isStoredTaken: boolean): boolean {
  if (!isStoredTaken || x.method !== 'GET' || view.meta.status !== 200 || x.field('range') === '') return false;
  const condition = x.field('if-range');
  // all codings are of one date, and what the client has may be of another one
  if (condition !== '' && !condition.includes('"')) return false;
  return ifRangeAllows(condition || undefined, view.meta);
}

/** RFC 9111 section 5.2.1.6. */
function forbidsTransform(x: Exchange): boolean {
  const value = x.field('cache-control');
  return value !== '' && parseRequestCacheControl(value).noTransform;
}

function makeForms(x: Exchange, view: StoredView, config: CompressionConfig): CodedForms {
  const lines = parseTail(view.tail);
  const terms = codingTerms(config, view.meta.status, lines, view.length);
  const isNegotiated = terms.mayEncode || terms.stored !== 'identity';
  const varied = isNegotiated ? variedFields(lines) : lines;
  const told = dictionaryFields(x, config, view.meta.status, varied, isNegotiated);
  const asStored = told === lines ? view : { ...view, ...headOf(view, told) };
  const forms = new CodedForms(config, terms, asStored, isDictionary(x, config));
  view.forms = forms;
  return forms;
}

/** What of a view goes with its head. */
function headOf(view: StoredView, lines: HeaderList) {
  const head = keptBytes(view.head.subarray(0, view.meta.tail), tailOf(lines));
  const fresh = { notModified: undefined, dressed: undefined, forms: undefined };
  return { head, aged: head, age: -1, tail: head.subarray(view.meta.tail), ...fresh };
}

/** @param length of the body in that coding, -1 while it is not known */
function recodedView(
  view: StoredView,
  coding: AnyCoding | 'identity',
  length: number,
  body: Uint8Array | undefined,
): StoredView {
  const lines = recodedFields(parseTail(view.tail), coding === 'identity' ? undefined : coding);
  const { lastModified, date } = view.meta;
  // without a date Last-Modified is weak, as all codings, and all ways to make them, are of one: no If-Range goes by it
  const meta = { ...view.meta, etag: getHeader(lines, 'etag'), date: lastModified === undefined ? date : undefined };
  return { ...view, ...headOf(view, lines), meta, length, body };
}

function recodingOf({ stored }: CodingTerms, coding: Coding | 'identity'): Recoding {
  return {
    decode: stored === 'identity' || stored === 'other' ? undefined : stored,
    encode: coding === 'identity' ? undefined : coding,
  };
}

/** The response with the body of a stored variant, which has the transient pin then; else nothing has it. */
function variantOf(x: Exchange, view: StoredView, forms: CodedForms, coding: VariantCoding): StoredView | undefined {
  const { cache, stored } = x.context;
  const born = cache.word(x.entry, USER_BORN);
  const id = cache.lookup(variantKey(x.key, coding, key)) || variantFromDisk(x.context, key);
  const source = id === 0 ? undefined : stored.of(id);
  if (source === undefined || source.meta.original !== view.meta.content) return undefined;
  x.entry = id;
  x.context.counters.add(x.line, SLOT.variantHits, 1);
  // its age is the original's, which may have been confirmed since
  if (cache.word(id, USER_BORN) !== born) cache.setWord(id, USER_BORN, born);
  const known = forms.variants[coding];
  if (known?.source === source) return known.view;
  const made = recodedView(forms.asStored, codingOf(coding), source.length, source.body);
  forms.variants[coding] = { source, view: made };
  return made;
}

/** Without the dictionary's hash. */
function codingOf(coding: VariantCoding): AnyCoding {
  return coding.split(':', 1)[0] as AnyCoding;
}

/** Gives the response its transient pin back; false where it has been replaced meanwhile. */
function isStillThere(x: Exchange, view: StoredView): boolean {
  const { cache } = x.context;
  return cache.lookup(x.key) === x.entry && cache.generation(x.entry) === view.generation;
}

/** How a passed answer goes to its client. */
export interface PassedForm {
  headers: HeaderList;
  /** What is done with the body, undefined for nothing. */
  recoding: Recoding | undefined;
  /** The client takes no form that may be made of it. */
  isRefused: boolean;
}

/**
 * The form in which a client gets an answer of the origin's that is passed on.
 *
 * @param length what Content-Length says, -1 for nothing
 */
export function passedForm(x: Exchange, status: number, headers: HeaderList, length: number): PassedForm {
  const config = compressionOf(x);
  const plain: PassedForm = { headers, recoding: undefined, isRefused: false };
  if (config === undefined) return plain;
  if (status === 304) return { ...plain, headers: confirmedFields(headers, x.field('if-none-match')) };
  const terms = codingTerms(config, status, headers, length);
  if (terms.reason === 'status' || (!terms.mayEncode && terms.stored === 'identity')) return plain;
  const acceptance = acceptanceOf(combineHeader(x.headers ?? [], 'accept-encoding') ?? '');
  let coding = chooseCoding(terms, terms.stored, acceptance, config.encodings);
  if (coding !== terms.stored && (forbidsTransform(x) || activeCoders() >= 2 * MAX_CODERS)) coding = terms.stored;
  const isRefused = !isTaken(coding, acceptance);
  if (coding === terms.stored || coding === 'other') return { ...plain, headers: variedFields(headers), isRefused };
  const recoding = recodingOf(terms, coding);
  return { headers: recodedFields(headers, recoding.encode), recoding, isRefused: false };
}
