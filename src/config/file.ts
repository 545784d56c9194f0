/** lb.json, walked along the settings table: every key known, every value of its type, every mistake noted. */

import { parseHostPattern } from './address.ts';
import type { Document, Node } from './document.ts';
import { type ErrorList, formatPlace, Problem } from './errors.ts';
import { type Env, jsonOf, ValueReader } from './file-values.ts';
import type { Files } from './files.ts';
import { buildGeoPath } from './geo-objects.ts';
import { emptyLayer, type Layer } from './layer.ts';
import { buildLimit } from './limit-values.ts';
import { buildCertificate, buildDictionary, buildOrigin, buildRule, ListObject } from './list-objects.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { type Shape, SITE_SHAPE, switchOf, TOP_SHAPE } from './shape.ts';
import { nearest } from './suggest.ts';
import { type Item, isList, wrongType } from './values.ts';
import { buildCondition, buildCustomRule, buildExclusion, buildPathMode } from './waf-objects.ts';

export interface FileSite {
  /** The key under `sites`. */
  readonly name: string;
  readonly layer: Layer;
}

export interface FileSettings {
  /** What stands at the top: process settings, and site settings for all sites. */
  readonly top: Layer;
  /** Undefined when the file has no `sites`. */
  readonly sites: FileSite[] | undefined;
}

/** Reads a parsed file. Nothing is thrown: mistakes go to `errors`. `files`: those whose names stand in it. */
export function readFileSettings(
  document: Document,
  tree: Node,
  env: Env,
  files: Files,
  errors: ErrorList,
): FileSettings {
  const walker = new Walker(document, env, files, errors);
  const top = emptyLayer();
  if (!walker.isObject(tree, 'the file', '{"origins": ["example.com:443"]}')) {
    top.broken.add('origins');
    return { top, sites: undefined };
  }
  let sites: FileSite[] | undefined;
  for (const [key, value] of walker.entries(tree)) {
    if (key.value === '$schema') walker.schemaKey(value);
    else if (key.value === 'sites') sites = walker.sites(value);
    else walker.property(key, value, TOP_SHAPE, '', top, 'top');
  }
  return { top, sites };
}

/** Parts of a path: conditions may stand in conditions about twenty deep. */
const DEEPEST = 24;

class Walker {
  readonly #document: Document;
  readonly #errors: ErrorList;
  readonly #values: ValueReader;

  constructor(document: Document, env: Env, files: Files, errors: ErrorList) {
    this.#document = document;
    this.#errors = errors;
    this.#values = new ValueReader(document, env, files, errors);
  }

  /** Keys and values of an object, a key given twice noted. */
  *entries(object: Node): Generator<[key: Node, value: Node]> {
    const first = new Map<string, Node>();
    for (const property of object.children ?? []) {
      const [key, value] = property.children ?? [];
      if (!key || !value) continue;
      const name = nameOf(key);
      const earlier = first.get(name);
      if (earlier) {
        const line = this.#document.placeOf(earlier).line;
        this.#values.add(key, `the key "${name}" is given twice, first in line ${line}`, 'keep one of them');
        continue;
      }
      first.set(name, key);
      yield [key, value];
    }
  }

  isObject(node: Node, what: string, example: string, expected = 'an object'): boolean {
    if (node.type === 'object') return true;
    const { message } = wrongType(expected, jsonOf(node));
    this.#values.add(node, `${what}: ${message}`, `write ${example}`);
    return false;
  }

  schemaKey(value: Node): void {
    if (value.type === 'string') return;
    this.#values.add(value, '$schema: expected a string', 'write "./lb.schema.json" or remove it');
  }

  sites(node: Node): FileSite[] {
    const sites: FileSite[] = [];
    if (!this.isObject(node, 'sites', '"sites": {"example.com": {"origins": [...]}}')) return sites;
    for (const [key, value] of this.entries(node)) {
      const name = parseHostPattern(nameOf(key));
      if (name instanceof Problem) {
        this.#errors.addProblem(this.#document.placeOf(key), name, 1);
        continue;
      }
      const layer = emptyLayer();
      layer.objects.set('', this.#document.placeOf(key));
      sites.push({ name, layer });
      if (this.isObject(value, `sites["${nameOf(key)}"]`, `"${nameOf(key)}": {"origins": [...]}`)) {
        for (const [inner, given] of this.entries(value)) this.property(inner, given, SITE_SHAPE, '', layer, 'site');
      } else {
        layer.broken.add('origins');
      }
    }
    if ((node.children ?? []).length === 0) {
      this.#values.add(node, 'sites: there is no site in it', 'add one, such as "example.com": {"origins": ["..."]}');
    }
    return sites;
  }

  property(key: Node, value: Node, parent: Shape, parentPath: string, layer: Layer, scope: 'top' | 'site'): void {
    const name = nameOf(key);
    const path = parentPath === '' ? name : `${parentPath}.${name}`;
    const known = parent.keys.get(name);
    const shape = known ?? (value.type === 'object' ? parent.named : undefined);
    const refusal = known ? undefined : (misplaced(path, scope) ?? (shape && badRuleName(name)));
    if (refusal || !shape) {
      layer.broken.add(parentPath);
      const { message, fix } = refusal ?? unknownKey(name, parent, parentPath, value);
      this.#values.add(key, message, fix);
    } else if (shape.setting) {
      this.#value(shape.setting, shape, value, path, layer);
    } else if (switchOf(shape) && isSwitch(value)) {
      layer.objects.set(path, this.#document.placeOf(key));
      this.#value(switchOf(shape) as Setting, shape, value, `${path}.enabled`, layer);
    } else if (this.isObject(value, path, `"${name}": {...}`, switchOf(shape) && 'true, false or an object')) {
      layer.objects.set(path, this.#document.placeOf(key));
      for (const [inner, given] of this.entries(value)) this.property(inner, given, shape, path, layer, scope);
    } else {
      layer.broken.add(path);
    }
  }

  #value(setting: Setting, { items }: Shape, node: Node, path: string, layer: Layer): void {
    const readObject = items && ((object: Node) => this.#object(setting, object, items, path));
    const value = isList(setting)
      ? this.#values.list(setting, node, path, readObject)
      : this.#values.scalar(setting, node, path);
    if (value !== undefined) layer.values.set(path, { value, place: this.#document.placeOf(node) });
    else layer.broken.add(path);
  }

  /** An item of a list as an object; undefined after noting what is wrong. */
  #object(setting: Setting, node: Node, shape: Shape, path: string): Item | undefined {
    const layer = emptyLayer();
    const before = this.#errors.errors.length;
    if (path.split('.').length > DEEPEST) {
      this.#values.add(node, 'the conditions are nested too deeply', 'take some of them apart');
      return undefined;
    }
    for (const [key, value] of this.entries(node)) this.property(key, value, shape, path, layer, 'site');
    if (this.#errors.errors.length > before) return undefined;
    const object = new ListObject(layer, path, this.#document.placeOf(node), this.#errors);
    return BUILD[setting.type]?.(object);
  }
}

/** What an object in a list becomes. */
const BUILD: { readonly [type in Setting['type']]?: (object: ListObject) => Item | undefined } = {
  certificates: buildCertificate,
  conditions: buildCondition,
  'custom-rules': (object) => buildCustomRule(object, formatPlace(object.place)),
  dictionaries: buildDictionary,
  'geo-paths': buildGeoPath,
  limits: buildLimit,
  origins: buildOrigin,
  rules: buildRule,
  'waf-exclusions': (object) => buildExclusion(object, formatPlace(object.place)),
  'waf-paths': buildPathMode,
};

/** Whether a value may stand for `enabled` in place of an object. */
function isSwitch(value: Node): boolean {
  return value.type === 'boolean' || value.type === 'string';
}

function nameOf(key: Node): string {
  return String(key.value);
}

/** A key that is right, but in the other part of the file. */
function misplaced(path: string, scope: 'top' | 'site'): Problem | undefined {
  if (scope === 'site' && isOfProcess(path)) {
    return new Problem(`${path} is for all sites together`, 'move it out of "sites", to the top of the file');
  }
  if (scope === 'top' && path === 'hosts') {
    return new Problem('hosts is for one of several sites', 'write "sites": {"example.com": {"origins": [...]}}');
  }
  return undefined;
}

/** Whether it is a setting, or all settings under it are, of the process. */
function isOfProcess(path: string): boolean {
  const rows = SETTINGS.filter((setting) => setting.path === path || setting.path.startsWith(`${path}.`));
  return rows.length > 0 && rows.every(({ scope }) => scope === 'process');
}

function badRuleName(name: string): Problem | undefined {
  if (/^[A-Za-z][\w-]{0,63}$/.test(name)) return undefined;
  return new Problem(
    `${JSON.stringify(name)} cannot name a rule`,
    'begin with a letter; use letters, digits, hyphens and underscores',
  );
}

function unknownKey(name: string, parent: Shape, parentPath: string, value: Node): Problem {
  const ruleFix = `a rule is an object: "${name}": {"match": "*.js", "ttl": 60}`;
  if (parent.named && isUsualRule(`${parentPath}.${name}`)) {
    return new Problem(`${parentPath}.${name}: ${wrongType('an object', jsonOf(value)).message}`, ruleFix);
  }
  const where = parentPath === '' ? '' : ` in ${parentPath}`;
  const message = `unknown key ${JSON.stringify(name)}${where}`;
  const known = [...parent.keys.keys(), ...(parent === TOP_SHAPE ? ['sites'] : [])];
  const meant = nearest(name, known);
  if (meant) return new Problem(message, `did you mean "${meant}"?`);
  const home = homeOf(name);
  if (home !== undefined && home !== parentPath) {
    return new Problem(message, home === '' ? 'it stands at the top of the file' : `it belongs under ${home}`);
  }
  if (parent.named) return new Problem(message, ruleFix);
  return new Problem(message, `known keys are ${known.join(', ')}`);
}

/** Whether a rule of this path has flags of its own. */
function isUsualRule(path: string): boolean {
  return SETTINGS.some(({ shortcuts = [] }) => shortcuts.some((shortcut) => shortcut.path.startsWith(`${path}.`)));
}

/** The path under which a key of this name stands elsewhere, `''` for the top. */
function homeOf(name: string): string | undefined {
  for (const { path } of SETTINGS) {
    const parts = path.split('.');
    const at = parts.indexOf(name);
    if (at >= 0 && !path.includes('[')) return parts.slice(0, at).join('.').replace('*', 'NAME');
  }
  return undefined;
}
