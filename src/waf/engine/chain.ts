/**
 * Chains of transformations. Of most transformations it is known which bytes a value must have to be changed, so that
 * one mask tells for most values and chains that nothing happens.
 */
import { type Transformation, transformation } from '../transform/transformation.ts';
import type { ByteSets, Mask } from './byte-sets.ts';

export interface Chain {
  readonly index: number;
  readonly steps: readonly Transformation[];
  /** All steps but the last: what comes of them is shared with other chains; undefined of a chain without steps. */
  readonly before: Chain | undefined;
  /** Whether the last step changes nothing but the case of ASCII letters. */
  readonly changesCase: boolean;
  /** As `triggers`, of the last step alone. */
  readonly lastTriggers: Mask | undefined;
  /** A value whose mask has none of these bits comes out as it went in; undefined: nothing is known. */
  readonly triggers: Mask | undefined;
}

function bytes(text: string, ...ranges: readonly (readonly [number, number])[]): number[] {
  const list = Array.from(text, (char) => char.charCodeAt(0));
  for (const [from, to] of ranges) for (let byte = from; byte <= to; byte++) list.push(byte);
  return list;
}

const SPACE = bytes(' \x85\xa0\0', [9, 13]);
const UPPER = bytes('', [0x41, 0x5a]);
const COMMENTS = bytes('/*<>!-#');

/** By name: the bytes, without any of which a value stays as it is. */
export const TRIGGERS: Readonly<Record<string, readonly number[]>> = {
  cmdline: [...bytes('"\'\\^,;/( '), ...SPACE, ...UPPER],
  compresswhitespace: SPACE,
  cssdecode: bytes('\\'),
  escapeseqdecode: bytes('\\'),
  htmlentitydecode: bytes('&'),
  jsdecode: bytes('\\'),
  lowercase: UPPER,
  normalisepath: bytes('/.'),
  normalisepathwin: bytes('/.\\'),
  normalizepath: bytes('/.'),
  normalizepathwin: bytes('/.\\'),
  removecomments: COMMENTS,
  removecommentschar: COMMENTS,
  removenulls: [0],
  removewhitespace: SPACE,
  replacecomments: bytes('/*'),
  replacenulls: [0],
  sqlhexdecode: bytes('xX'),
  trim: SPACE,
  trimleft: SPACE,
  trimright: SPACE,
  uppercase: bytes('', [0x61, 0x7a]),
  urldecode: bytes('%+'),
  urldecodeuni: bytes('%+'),
  utf8tounicode: bytes('\0', [0x80, 0xff]),
};

const CASE: ReadonlySet<string> = new Set(['lowercase', 'uppercase']);

/** All chains of a plan, each once. */
export class Chains {
  readonly all: Chain[] = [];
  readonly #byNames = new Map<string, Chain>();
  readonly #sets: ByteSets;
  readonly #unicodeMap: ReadonlyMap<number, number> | undefined;

  constructor(sets: ByteSets, unicodeMap: ReadonlyMap<number, number> | undefined) {
    this.#sets = sets;
    this.#unicodeMap = unicodeMap;
  }

  /** @throws Error for a name that is no transformation */
  of(names: readonly string[]): Chain {
    const key = names.join();
    let chain = this.#byNames.get(key);
    if (chain === undefined) {
      const before = names.length === 0 ? undefined : this.of(names.slice(0, -1));
      const lastTriggers = this.#triggers(names.slice(-1));
      const steps = names.map((name) => this.#step(name));
      const changesCase = CASE.has(names.at(-1) ?? '');
      chain = { index: this.all.length, steps, before, changesCase, triggers: this.#triggers(names), lastTriggers };
      this.#byNames.set(key, chain);
      this.all.push(chain);
    }
    return chain;
  }

  #step(name: string): Transformation {
    const step = transformation(name, this.#unicodeMap);
    if (step === undefined) throw new Error(`there is no transformation ${name}`);
    return step;
  }

  #triggers(names: readonly string[]): Mask | undefined {
    let union: Mask = { a: 0, b: 0, c: 0 };
    for (const name of names) {
      const set = Object.hasOwn(TRIGGERS, name) ? this.#sets.bitOf(TRIGGERS[name]) : undefined;
      if (set === undefined) return undefined;
      union = { a: union.a | set.a, b: union.b | set.b, c: union.c | set.c };
    }
    return union;
  }
}
