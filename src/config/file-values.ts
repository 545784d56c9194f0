/** Values in lb.json: scalars, lists and origins, each mistake noted where it stands. */

import { describeType } from './describe.ts';
import type { Document, Node } from './document.ts';
import { type ErrorList, Problem } from './errors.ts';
import { type Field, parseFieldKey, parseFieldText, parseFieldValue } from './field-values.ts';
import type { Files } from './files.ts';
import type { Setting } from './setting.ts';
import {
  type Item,
  isOfObjects,
  type Json,
  mayBeEmpty,
  parseItem,
  parseScalar,
  type Scalar,
  splitCommas,
  takesNumbers,
  wrongType,
} from './values.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads the object of one item of a list of objects; undefined when it is wrong. */
export type ReadObject = (node: Node) => Item | undefined;

export class ValueReader {
  readonly #document: Document;
  readonly #env: Env;
  readonly #errors: ErrorList;
  readonly #files: Files;

  /** `files`: those whose names stand in the document. */
  constructor(document: Document, env: Env, files: Files, errors: ErrorList) {
    this.#document = document;
    this.#env = env;
    this.#files = files;
    this.#errors = errors;
  }

  /** The value at `path`, or undefined after noting what is wrong. */
  scalar(setting: Setting, node: Node, path: string): Scalar | undefined {
    if (node.type !== 'string' && node.type !== 'number' && node.type !== 'boolean') {
      const { message } = wrongType(describeType(setting), jsonOf(node));
      const fix = node.type === 'null' ? 'leave the key out for the default' : `write ${describeType(setting)}`;
      this.add(node, `${path}: ${message}`, fix);
      return undefined;
    }
    const raw = this.#expand(node);
    if (raw === undefined) return undefined;
    const parsed = parseScalar(setting, raw, raw !== node.value);
    const value = isFileName(setting, parsed) ? this.#files.resolve(setting.type, parsed) : parsed;
    if (!(value instanceof Problem)) return value;
    this.problem(node, value, path, setting);
    return undefined;
  }

  /** An array or a text with commas. `readObject` is for lists whose items may be objects. */
  list(setting: Setting, node: Node, path: string, readObject?: ReadObject): Item[] | undefined {
    const before = this.#errors.errors.length;
    const items: Item[] = [];
    if (node.type === 'string' && !isOfObjects(setting)) {
      this.#commaList(setting, node, path, items);
    } else if (node.type === 'object' && (setting.type === 'fields' || setting.type === 'matches')) {
      this.#fields(setting, node, path, items);
    } else if (node.type === 'object' && (setting.type === 'conditions' || setting.type === 'limits')) {
      this.#item(setting, node, path, items, readObject);
    } else if (node.type === 'number' && takesNumbers(setting)) {
      this.#item(setting, node, path, items, readObject);
    } else if (node.type === 'array') {
      for (const item of node.children ?? []) this.#item(setting, item, path, items, readObject);
    } else {
      const { message } = wrongType(describeType(setting), jsonOf(node));
      const brackets = readObject && node.type === 'object';
      this.add(
        node,
        `${path}: ${message}`,
        brackets ? 'put the object into brackets: [{...}]' : `write ${describeType(setting)}`,
      );
    }
    if (this.#errors.errors.length > before) return undefined;
    if (items.length === 0 && !mayBeEmpty(setting)) {
      this.add(node, `${path}: the list is empty`, `write ${describeType(setting)}`);
      return undefined;
    }
    return items;
  }

  add(node: Node, message: string, fix?: string): void {
    this.#errors.add(this.#document.placeOf(node), message, fix);
  }

  problem(node: Node, problem: Problem, path: string, setting: Setting): void {
    this.#at(node, setting.secret ? withoutValue() : problem, path);
  }

  /** Narrows the place down to a part of a string, where the file has it letter by letter. */
  #at(node: Node, problem: Problem, path: string): void {
    const text = typeof node.value === 'string' ? node.value : undefined;
    const verbatim = text !== undefined && node.length === text.length + 2 && !text.includes('${');
    const narrowed = new Problem(
      `${path}: ${problem.message}`,
      problem.fix,
      verbatim ? problem.at : undefined,
      problem.length,
    );
    this.#errors.addProblem(this.#document.placeOf(node), narrowed, 1);
  }

  #item(setting: Setting, node: Node, path: string, items: Item[], readObject: ReadObject | undefined): void {
    if (node.type === 'string' && setting.type === 'fields') {
      this.#fieldLine(setting, node, path, items);
    } else if (node.type === 'string' && !isOfObjects(setting)) {
      this.#commaList(setting, node, path, items);
    } else if (node.type === 'object' && readObject) {
      const object = readObject(node);
      if (object) items.push(object);
    } else if (node.type === 'number' && takesNumbers(setting)) {
      const value = parseItem(setting, String(node.value));
      if (!(value instanceof Problem)) items.push(value);
      else this.problem(node, value, path, setting);
    } else {
      const expected = isOfObjects(setting) ? 'an object' : readObject ? 'a string or an object' : 'a string';
      const { message } = wrongType(expected, jsonOf(node));
      this.add(node, `${path}: ${message}`, `write ${describeType(setting)}`);
    }
  }

  /** Header fields as an object; a value may be a list of them. */
  #fields(setting: Setting, object: Node, path: string, items: Item[]): void {
    const names = new Map<string, Node>();
    for (const { children: [key, value] = [] } of object.children ?? []) {
      if (!key || !value) continue;
      const name = parseFieldKey(setting, String(key.value));
      const earlier = name instanceof Problem ? undefined : names.get(name);
      if (name instanceof Problem) this.#at(key, name, path);
      else if (earlier) this.add(key, `${path}: ${name} is given twice`, 'keep one, or give it an array of values');
      else {
        names.set(name, key);
        const values = value.type === 'array' ? (value.children ?? []) : [value];
        for (const node of values) this.#field(setting, name, node, path, items);
      }
    }
  }

  /** `name: value` in an array, in which commas are part of the value. */
  #fieldLine(setting: Setting, node: Node, path: string, items: Item[]): void {
    const text = this.#expand(node);
    if (typeof text !== 'string') return;
    const field = parseFieldText(setting, text);
    if (field instanceof Problem) this.problem(node, field, path, setting);
    else items.push(field);
  }

  #field(setting: Setting, name: string, node: Node, path: string, items: Item[]): void {
    if (node.type !== 'string' && node.type !== 'number') {
      this.add(node, `${path}: ${wrongType('a string', jsonOf(node)).message}`, 'write the value in double quotes');
      return;
    }
    const raw = this.#expand(node);
    if (raw === undefined) return;
    const value = parseFieldValue(setting, String(raw));
    if (value instanceof Problem) this.problem(node, value, path, setting);
    else items.push([name, value] satisfies Field);
  }

  #commaList(setting: Setting, node: Node, path: string, items: Item[]): void {
    const text = this.#expand(node);
    if (typeof text !== 'string') return;
    const parts = setting.type === 'texts' ? [{ item: text, at: 0 }] : splitCommas(text);
    for (const { item, at } of parts) {
      const parsed = parseItem(setting, item);
      const value = setting.type === 'paths' ? this.#files.resolveItem(parsed) : parsed;
      if (!(value instanceof Problem)) items.push(value);
      else this.problem(node, value.within(at, item.length), path, setting);
    }
  }

  /** The node's value, `${env:NAME}` in strings filled in; undefined when that fails. */
  #expand(node: Node): string | number | boolean | undefined {
    if (typeof node.value !== 'string' || !node.value.includes('${')) return node.value ?? undefined;
    let failed = false;
    const text = node.value.replace(/\$\{([^}]*)\}/g, (reference, inside: string) => {
      const name = /^env:([A-Za-z_]\w*)$/.exec(inside)?.[1];
      const value = name && Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
      if (value !== undefined) return value;
      failed = true;
      if (name) this.add(node, `the environment variable ${name} is not set`, `set it, or replace ${reference}`);
      else this.add(node, `${reference} is not understood`, `write \${env:NAME} for an environment variable`);
      return '';
    });
    return failed ? undefined : text;
  }
}

/** Whether a value is the name of a file, to be made absolute and looked for. */
export function isFileName(setting: Setting, value: Scalar | Problem): value is string {
  return typeof value === 'string' && (setting.type === 'file' || setting.type === 'folder' || setting.type === 'path');
}

/** What is said of a secret that cannot be used: nothing of the secret. */
export function withoutValue(): Problem {
  return new Problem('the value is not usable', 'give one line of text, at least one character');
}

/** The kind of value that a node is, for messages. */
export function jsonOf(node: Node): Json {
  return node.type === 'object' ? {} : node.type === 'array' ? [] : (node.value ?? null);
}
