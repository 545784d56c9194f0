/** The preset `static`: what a cache rule for files that seldom change says where nobody does. */

import type { PresetKey } from './config.ts';
import { formatPlace } from './errors.ts';
import type { Picker } from './picker.ts';
import { SETTINGS } from './settings.ts';
import type { Value } from './values.ts';

/** Seconds of freshness. */
const TTL = 86_400;

/** The usual names of what pages are made of. */
const MATCH = [
  ...['css', 'js', 'mjs', 'map', 'wasm'],
  ...['avif', 'bmp', 'gif', 'ico', 'jpeg', 'jpg', 'png', 'svg', 'webp'],
  ...['eot', 'otf', 'ttf', 'woff', 'woff2'],
  ...['mp3', 'mp4', 'ogg', 'wav', 'webm', 'pdf'],
].map((extension) => `*.${extension}`);

/** The preset for one rule. It goes over defaults, and under whatever the rule or its site says. */
export class Preset {
  /** What came from it. */
  readonly made: PresetKey[] = [];
  readonly #pick: Picker;
  readonly #path: string;
  readonly #isOn: boolean;

  /** @param path that of the rule, such as `cache.static` */
  constructor(pick: Picker, path: string, name: string) {
    this.#pick = pick;
    this.#path = path;
    this.#isOn = pick.own(`${path}.preset`, 'cache.*.preset', name === 'static' ? 'static' : 'none') === 'static';
  }

  /** Where it is switched on for a site that has no such rule. */
  get source(): string {
    const place = this.#pick.find('cache.preset')?.place;
    return place ? formatPlace(place) : 'cache.preset';
  }

  /** @param isUsual no globs are given: the usual names */
  match(isUsual: boolean): string[] {
    const path = `${this.#path}.match`;
    return isUsual ? [...this.#make('match', MATCH)] : this.#pick.list(path, 'cache.*.match');
  }

  ttl(otherwise: number): number {
    const path = `${this.#path}.ttl`;
    const isGiven = this.#pick.find(path, 'cache.*.ttl') !== undefined;
    if (this.#isOn && !isGiven) return this.#make('ttl', TTL);
    return this.#pick.number(path, 'cache.*.ttl', otherwise, 'cache.*.ttl');
  }

  /** The value of a setting that sites have too, by its key under the rule; undefined where it is not the preset's. */
  caching(key: string): Value | undefined {
    if (!this.#isOn) return undefined;
    if (key === 'immutable' && !this.#isSaid(key)) return this.#make(key, true);
    const isQuery = key === 'key.query_exclude' && !this.#isSaid(key) && !this.#isSaid('key.query_include');
    return isQuery ? this.#make(key, [':tracking']) : undefined;
  }

  compress(otherwise: boolean): boolean {
    const path = `${this.#path}.compress`;
    const isSaid = this.#pick.find(path) !== undefined || this.#pick.find('compression.enabled') !== undefined;
    if (this.#isOn && !isSaid && !otherwise) return this.#make('compress', true);
    return this.#pick.own(path, 'cache.*.compress', otherwise);
  }

  /** Whether the rule or its site says it. */
  #isSaid(key: string): boolean {
    return this.#pick.find(`${this.#path}.${key}`) !== undefined || this.#pick.find(`cache.${key}`) !== undefined;
  }

  #make<V extends Value>(key: PresetKey, value: V): V {
    this.made.push(key);
    const row = SETTINGS.find(({ path }) => path === `cache.*.${key}`);
    if (row) this.#pick.note(`${this.#path}.${key}`, row, value, 'the preset static');
    return value;
  }
}
