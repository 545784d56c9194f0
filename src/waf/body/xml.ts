/** XML bodies as a small tree, and the location paths that rules ask of it (`/*`, `//@*`, `/a/b`, `//b/@c`, `text()`). */
import sax from 'sax';
import { type ParsedBody, parsedBody } from './parsed-body.ts';

export interface XmlElement {
  readonly name: string;
  /** Names and values in turn, in the order of the document. */
  readonly attributes: string[];
  /** Elements and text (CDATA too; comments left out). */
  readonly children: (XmlElement | string)[];
}

/** Elements and attributes that are kept; more is an error. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 256;

/**
 * Reads an XML text of UTF-8 or ISO 8859-1; values are UTF-8. Another encoding is an error, since an origin might read
 * something else. Entities that a DTD declares are never expanded: a reference to one is an error.
 */
export function parseXml(bytes: string, keepArguments: boolean): ParsedBody {
  const builder = new TreeBuilder();
  let error = '';
  try {
    builder.read(decoded(bytes));
  } catch {
    error = 'XML parsing error: XML: Failed parsing document.';
  }
  const list: string[] = [];
  if (keepArguments && builder.root !== undefined) collectArguments(builder.root, `xml.${builder.root.name}`, list, 0);
  return parsedBody({ xml: builder.root, error, arguments: list });
}

const ENCODING = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']*)/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws for bytes that are not of the encoding, and for one that is not known */
function decoded(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes) && !bytes.startsWith('<?xml')) return bytes;
  const encoding = (ENCODING.exec(bytes)?.[1] ?? 'utf-8').toLowerCase();
  if (encoding === 'iso-8859-1') return bytes;
  if (encoding !== 'utf-8' && encoding !== 'us-ascii') throw new Error('unknown encoding');
  return utf8.decode(Buffer.from(bytes, 'latin1'));
}

class TreeBuilder {
  root: XmlElement | undefined;
  readonly #open: XmlElement[] = [];
  #nodes = 0;

  read(text: string): void {
    const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions);
    parser.onopentag = (tag) => this.#begin(tag.name, tag.attributes as Record<string, string>);
    parser.onclosetag = () => this.#open.pop();
    parser.ontext = (value) => this.#text(value);
    parser.oncdata = (value) => this.#text(value);
    parser.onerror = (error) => {
      throw error;
    };
    parser.write(text).close();
    if (this.root === undefined) throw new Error('no root element');
  }

  #begin(name: string, attributes: Record<string, string>): void {
    const element: XmlElement = { name: asBytes(name), attributes: [], children: [] };
    for (const [key, value] of Object.entries(attributes)) element.attributes.push(asBytes(key), asBytes(value));
    this.#nodes += 1 + element.attributes.length / 2;
    if (this.#nodes > MAX_NODES || this.#open.length >= MAX_DEPTH) throw new Error('too many nodes');
    this.#open.at(-1)?.children.push(element);
    this.root ??= element;
    this.#open.push(element);
  }

  #text(value: string): void {
    this.#open.at(-1)?.children.push(asBytes(value));
  }
}

/** The UTF-8 of a text, a unit a byte. */
function asBytes(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/** All text of the element, as XPath's string value. */
export function textOf(element: XmlElement): string {
  let text = '';
  for (const child of element.children) text += typeof child === 'string' ? child : textOf(child);
  return text;
}

function collectArguments(element: XmlElement, path: string, list: string[], depth: number): void {
  const text = element.children.filter((child) => typeof child === 'string').join('');
  if (text !== '') list.push(path, text);
  for (const child of element.children) {
    if (typeof child !== 'string') collectArguments(child, `${path}.${child.name}`, list, depth + 1);
  }
}

/** One step of a location path. */
interface Step {
  readonly descendants: boolean;
  readonly kind: 'element' | 'attribute' | 'text';
  /** Undefined: any. */
  readonly name: string | undefined;
}

/** A location path compiled: the values that it selects. */
export type XmlPath = (root: XmlElement) => string[];

const STEP = /(\/\/?)(?:(text\(\))|(@)?(\*|[\w.:-]+))/y;

/** Undefined for what is no path of element names, `*`, `@name`, `@*` and `text()` after `/` or `//`. */
export function compileXmlPath(source: string): XmlPath | undefined {
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  for (let at = 0; at < source.length; at = STEP.lastIndex) {
    const found = STEP.exec(source);
    if (found === null) return undefined;
    const kind = found[2] !== undefined ? 'text' : found[3] !== undefined ? 'attribute' : 'element';
    const name = found[4] === '*' ? undefined : found[4];
    steps.push({ descendants: found[1] === '//', kind, name });
  }
  if (steps.length === 0 || steps.slice(0, -1).some((step) => step.kind !== 'element')) return undefined;
  return (root) => select({ name: '', attributes: [], children: [root] }, steps);
}

function select(document: XmlElement, steps: readonly Step[]): string[] {
  let context = [document];
  for (const step of steps) {
    const from = step.descendants ? context.flatMap(withDescendants) : context;
    if (step.kind === 'attribute') return from.flatMap((element) => attributesOf(element, step.name));
    if (step.kind === 'text') return from.flatMap((element) => element.children.filter((c) => typeof c === 'string'));
    context = [...new Set(from.flatMap((element) => elementsOf(element, step.name)))];
  }
  return context.map(textOf);
}

function withDescendants(element: XmlElement): XmlElement[] {
  const all = [element];
  for (const found of all) all.push(...found.children.filter((child) => typeof child !== 'string'));
  return all;
}

function elementsOf(element: XmlElement, name: string | undefined): XmlElement[] {
  return element.children.filter(
    (child) => typeof child !== 'string' && (name === undefined || child.name === name),
  ) as XmlElement[];
}

function attributesOf(element: XmlElement, name: string | undefined): string[] {
  return element.attributes.filter((_, i) => i % 2 === 1 && (name === undefined || element.attributes[i - 1] === name));
}
