/** Looks a setting up through the layers of its sources. */

import type { Address } from './config.ts';
import { formatValue } from './describe.ts';
import { formatPlace, type Place, Problem } from './errors.ts';
import type { Given, Layer } from './layer.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { type Item, isList, type Json, parseItem, parseScalar, type Value } from './values.ts';

/** One resolved value and where it came from. */
export interface Provenance {
  /** As in lb.json, such as `cache.static.ttl`; inside `sites`, `sites["example.com"].cache.static.ttl`. */
  readonly path: string;
  /** As it would be written in lb.json; of a secret, whether it is set. */
  readonly value: Json;
  /** `lb.json:5:15`, a flag, a variable, or `default`. */
  readonly from: string;
}

const ROWS = new Map(SETTINGS.map((setting) => [setting.path, setting]));

/** Looks values up through the layers of one site or of the process, and notes where each came from. */
export class Picker {
  readonly #layers: readonly Layer[];
  readonly #prefix: string;
  readonly #notes: Provenance[];

  /** `layers`: the strongest first. `prefix`: what stands before each path in the notes. */
  constructor(layers: readonly Layer[], prefix: string, notes: Provenance[]) {
    this.#layers = layers;
    this.#prefix = prefix;
    this.#notes = notes;
  }

  /** What a source says for a path, or for one of its `alternatives` on the same layer. */
  find(path: string, ...alternatives: string[]): Given | undefined {
    for (const layer of this.#layers) {
      for (const candidate of [path, ...alternatives]) {
        const given = layer.values.get(candidate);
        if (given) return given;
      }
    }
    return undefined;
  }

  /** Where an object such as `addons.waf` is given first. */
  findObject(path: string): Place | undefined {
    for (const layer of this.#layers) {
      const place = layer.objects.get(path);
      if (place) return place;
    }
    return undefined;
  }

  /** Whether something was given for the path, or an unknown key in its object, but wrong and reported already. */
  isBroken(path: string): boolean {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
    return this.#layers.some(({ broken }) => broken.has(path) || broken.has(parent));
  }

  /** The value of `path`, else `fallback`, else the row's default. `row` is the row's path where names are filled in. */
  value(path: string, row = path, fallback?: Value, ...alternatives: string[]): Value | undefined {
    const setting = rowOf(row);
    const given = this.find(path, ...alternatives);
    const value = given?.value ?? fallback ?? defaultOf(setting);
    if (value !== undefined) this.note(path, setting, value, given ? formatPlace(given.place) : 'default');
    return value;
  }

  note(path: string, setting: Setting, value: Value, from: string): void {
    this.#notes.push({ path: this.#prefix + path, value: formatValue(setting, value), from });
  }

  /** What a rule says for itself, else what its site says; only the former is noted. */
  own<V extends Value | undefined>(path: string, row: string, inherited: V): V {
    return this.find(path) === undefined ? inherited : (this.value(path, row) as V);
  }

  number(path: string, row = path, fallback?: number, ...alternatives: string[]): number {
    return this.value(path, row, fallback, ...alternatives) as number;
  }

  text(path: string): string {
    return this.value(path) as string;
  }

  boolean(path: string, row = path): boolean {
    return this.value(path, row) as boolean;
  }

  list(path: string, row = path): string[] {
    return [...((this.value(path, row) ?? []) as string[])];
  }

  address(path: string): Address {
    return this.value(path) as Address;
  }

  /** A list whose items are no texts. */
  items<I extends Item>(path: string): I[] {
    return [...((this.value(path) ?? []) as I[])];
  }

  /** A text that may be left out. */
  maybe(path: string): string | undefined {
    return this.value(path) as string | undefined;
  }
}

/** The row of a path. Asking for one that is not in the table is a bug. */
function rowOf(path: string): Setting {
  const setting = ROWS.get(path);
  if (!setting) throw new Error(`no setting ${path}`);
  return setting;
}

/** The table's default, read like any other value; undefined where it is computed. */
function defaultOf(setting: Setting): Value | undefined {
  if (setting.default === undefined) return undefined;
  if (isList(setting))
    return (setting.default as readonly string[]).map((item) => valid(setting, parseItem(setting, item)));
  return valid(setting, parseScalar(setting, setting.default as string | number | boolean, false));
}

function valid<T extends Item | Value>(setting: Setting, value: T | Problem): T {
  if (value instanceof Problem) throw new Error(`the default of ${setting.path}: ${value.message}`);
  return value;
}
