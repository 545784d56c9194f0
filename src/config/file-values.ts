/** Values in lb.json: scalars, lists and origins, each mistake noted where it stands. */

import { parseHost } from './address.ts';
import type { OriginConfig } from './config.ts';
import type { Document, Node } from './document.ts';
import { type ErrorList, Problem } from './errors.ts';
import type { Setting } from './setting.ts';
import {
  describeType,
  type Json,
  mayBeEmpty,
  parseItem,
  parseScalar,
  type Scalar,
  splitCommas,
  wrongType,
} from './values.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads the object of one item of a list of objects; undefined when it is wrong. */
export type ReadObject = (node: Node) => OriginConfig | undefined;

export class ValueReader {
  readonly #document: Document;
  readonly #env: Env;
  readonly #errors: ErrorList;

  constructor(document: Document, env: Env, errors: ErrorList) {
    this.#document = document;
    this.#env = env;
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
    const value = parseScalar(setting, raw, raw !== node.value);
    if (!(value instanceof Problem)) return value;
    this.problem(node, value, path, setting);
    return undefined;
  }

  /** An array or a text with commas. `readObject` is for lists whose items may be objects. */
  list(setting: Setting, node: Node, path: string, readObject?: ReadObject): string[] | OriginConfig[] | undefined {
    const before = this.#errors.errors.length;
    const items: (string | OriginConfig)[] = [];
    if (node.type === 'string') {
      this.#commaList(setting, node, path, items);
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
    return items as string[] | OriginConfig[];
  }

  /** The `host` of an origin's object. */
  originHost(node: Node, text: string, path: string): string | undefined {
    const host = parseOriginHost(text);
    if (!(host instanceof Problem)) return host;
    this.#at(node, host, path);
    return undefined;
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

  #item(
    setting: Setting,
    node: Node,
    path: string,
    items: (string | OriginConfig)[],
    readObject: ReadObject | undefined,
  ): void {
    if (node.type === 'string') {
      this.#commaList(setting, node, path, items);
    } else if (node.type === 'object' && readObject) {
      const origin = readObject(node);
      if (origin) items.push(origin);
    } else {
      const { message } = wrongType(readObject ? 'a string or an object' : 'a string', jsonOf(node));
      this.add(node, `${path}: ${message}`, `write ${describeType(setting)}`);
    }
  }

  #commaList(setting: Setting, node: Node, path: string, items: (string | OriginConfig)[]): void {
    const text = this.#expand(node);
    if (typeof text !== 'string') return;
    for (const { item, at } of splitCommas(text)) {
      const value = parseItem(setting, item);
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

function parseOriginHost(text: string): string | Problem {
  if (/^[a-z]+:\/\//i.test(text)) {
    return new Problem(`"${text}" is a URL, not a host`, `write the URL alone in place of the object: "${text}"`);
  }
  const withPort = /^([^:[\]]+):(\d+)$/.exec(text);
  if (!withPort) return parseHost(text);
  const [, host, port] = withPort;
  return new Problem('the port stands in "port", not in "host"', `write "host": "${host}", "port": ${port}`);
}

/** What is said of a secret that cannot be used: nothing of the secret. */
export function withoutValue(): Problem {
  return new Problem('the value is not usable', 'give one line of text, at least one character');
}

/** The kind of value that a node is, for messages. */
export function jsonOf(node: Node): Json {
  return node.type === 'object' ? {} : node.type === 'array' ? [] : (node.value ?? null);
}
