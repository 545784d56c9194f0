/** From rule files to one set of rules, or to all mistakes in them at once. */

import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { nearest } from '../../config/suggest.ts';
import { buildRule, type Draft } from './build.ts';
import { DIRECTIVE_NAMES } from './directive-names.ts';
import { RULE_DIRECTIVES, RuleBook } from './directives.ts';
import {
  DEFAULT_ENGINE,
  ENGINE_DIRECTIVES,
  IGNORED_DIRECTIVES,
  type MutableEngine,
  mutableEngine,
  REFUSED_DIRECTIVES,
} from './engine-directives.ts';
import { logicalLines, unescaped, type Word, wordsOf } from './lines.ts';
import { Mistakes, Misuse } from './mistakes.ts';
import type { EngineSettings, Marker, Place, Rule, RuleSet } from './rule.ts';
import { parseUnicodeMap } from './unicode-map.ts';
import { applyUpdates } from './updates.ts';

/**
 * What rules are read from: a file by its absolute name, files by one that may have `*`, as the setting `from` names
 * them, or text under a name, and of which line, for messages.
 */
export type RuleSource =
  | { readonly file: string }
  | { readonly files: string; readonly from: string }
  | { readonly name: string; readonly text: string; readonly line?: number };

/** How files are reached. */
export interface RuleFiles {
  /** The bytes of a file, one character each. */
  read(path: string): string;
  /** The files that a name with `*`, `?` and `[]` stands for, sorted; for a plain name that name where it is there. */
  find(pattern: string): string[];
}

/** The files of this machine. */
export const REAL_FILES: RuleFiles = {
  read: (path) => readFileSync(path, 'latin1'),
  find: (pattern) => {
    const isGlob = /[*?[]/.test(pattern);
    const found = isGlob ? globSync(pattern) : [pattern];
    return found.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()).sort();
  },
};

/** Files may include others so deeply. */
const DEEPEST = 16;
/** Characters of all files together. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Reads rules in the order of their sources.
 *
 * @param engine what holds where no directive says
 * @throws RuleErrors and nothing else
 */
export function loadRules(
  sources: readonly RuleSource[],
  { files = REAL_FILES, engine = DEFAULT_ENGINE }: { files?: RuleFiles; engine?: EngineSettings } = {},
): RuleSet {
  const reader = new Reader(files, engine);
  for (const source of sources) {
    if ('file' in source) reader.file(source.file, { file: source.file, line: 1 });
    else if ('files' in source) reader.files(source.files, { file: source.from, line: 0 });
    else reader.text(source.text, source.name, source.line);
  }
  return reader.finish();
}

class Reader {
  readonly #files: RuleFiles;
  readonly #engine: MutableEngine;
  readonly #mistakes = new Mistakes();
  readonly #book = new RuleBook();
  readonly #read: string[] = [];
  /** The files that are being read, each included by the one before it. */
  readonly #stack: string[] = [];
  #length = 0;

  constructor(files: RuleFiles, engine: EngineSettings) {
    this.#files = files;
    this.#engine = mutableEngine(engine);
  }

  /** @param from where it is asked for */
  file(path: string, from: Place): void {
    if (this.#stack.length >= DEEPEST || this.#stack.includes(path)) {
      this.#mistakes.add(from, `${path} includes itself`, 'remove one of the Include directives');
      return;
    }
    const text = this.#contents(path, from);
    if (text === undefined) return;
    this.#stack.push(path);
    this.text(text, path);
    this.#stack.pop();
  }

  /** @param from what has named them */
  files(pattern: string, from: Place): void {
    const found = this.#mistakes.at(from, () => this.#find(pattern)) ?? [];
    if (found.length === 0) this.#mistakes.add(from, `there is no file ${pattern}`, 'check the name');
    for (const path of found) this.file(path, from);
  }

  #contents(path: string, from: Place): string | undefined {
    try {
      const text = this.#files.read(path);
      this.#length += text.length;
      this.#read.push(path);
      if (this.#length <= LONGEST) return text;
      this.#mistakes.add(from, 'the rules are over 64 MB', 'leave out what are no rules');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const reason = code === 'ENOENT' ? 'it is not there' : code === 'EISDIR' ? 'it is a folder' : (code ?? 'no text');
      this.#mistakes.add(from, `cannot read ${path}: ${reason}`, 'check the name and the permissions');
    }
    return undefined;
  }

  /** @param only the line that all of it counts as */
  text(text: string, file: string, only?: number): void {
    for (const { text: directive, line } of logicalLines(text)) {
      const place = { file, line: only ?? line };
      this.#mistakes.at(place, () => this.#directive(directive, place));
    }
    const open = this.#book.openChain;
    if (open !== undefined) {
      this.#mistakes.add(open, 'the chain has no further rule', 'add the rule that it goes on with, or remove chain');
      this.#book.closeChain();
    }
  }

  #directive(text: string, place: Place): void {
    const space = text.search(/\s/);
    const written = space < 0 ? text : text.slice(0, space);
    const name = written.toLowerCase();
    if (IGNORED_DIRECTIVES.has(name)) return;
    const words = wordsOf(space < 0 ? '' : text.slice(space));
    if (Object.hasOwn(RULE_DIRECTIVES, name)) {
      const { least, most, run } = RULE_DIRECTIVES[name];
      if (words.length < least) throw new Misuse(`${written} is not complete`, usage(name));
      if (words.length > most) throw new Misuse(`too many words for ${written}`, 'put each part in "..."');
      run(this.#book, words, place, name);
    } else if (name === 'include' || name === 'includeoptional') {
      this.#include(words, place, written, name === 'includeoptional');
    } else this.#setting(words, place, written, name);
  }

  #setting(words: readonly Word[], place: Place, written: string, name: string): void {
    const args = words.map(({ text }) => unescaped(text, '"'));
    if (name === 'secresponsebodymimetypesclear') {
      this.#engine.responseBody.mimeTypes = [];
    } else if (Object.hasOwn(REFUSED_DIRECTIVES, name)) {
      throw new Misuse(`${written} is not supported`, REFUSED_DIRECTIVES[name]);
    } else if (!Object.hasOwn(ENGINE_DIRECTIVES, name) && name !== 'secunicodemapfile') {
      throw unknownDirective(written);
    } else if (args.length === 0) {
      throw new Misuse(`${written} has no value`, `write ${written} VALUE`);
    } else if (name === 'secunicodemapfile') {
      const path = resolveFrom(place.file, args[0]);
      const text = this.#contents(path, place);
      if (text !== undefined) this.#engine.unicodeMap = parseUnicodeMap(text, Number(args[1] ?? 20127));
    } else ENGINE_DIRECTIVES[name](this.#engine, args, written);
  }

  #include(words: readonly Word[], place: Place, written: string, isOptional: boolean): void {
    if (words.length !== 1) throw new Misuse(`${written} takes one name of files`, 'put names with spaces in "..."');
    const pattern = resolveFrom(place.file, words[0].text);
    const found = this.#find(pattern);
    if (found.length === 0 && !isOptional)
      throw new Misuse(`there is no file ${pattern}`, 'check the name, or write IncludeOptional');
    for (const path of found) this.file(path, place);
  }

  #find(pattern: string): string[] {
    try {
      return this.#files.find(pattern);
    } catch (error) {
      throw new Misuse(`cannot look for ${pattern}: ${(error as Error).message}`, 'check the name and the permissions');
    }
  }

  /** @throws RuleErrors */
  finish(): RuleSet {
    const drafts = this.#book.items.filter((item): item is Draft => !('marker' in item));
    const left = new Set(applyUpdates(drafts, this.#book.updates));
    const items: (Rule | Marker)[] = [];
    const labels = new Set<string>();
    for (const item of this.#book.items) {
      if ('marker' in item) {
        items.push({ kind: 'marker', name: item.marker, place: item.place });
        labels.add(item.marker);
      } else labels.add(String(item.id));
      if ('marker' in item || !left.has(item)) continue;
      const rule = this.#mistakes.at(item.place, () => buildRule(item));
      if (rule !== undefined) items.push(rule);
    }
    for (const item of items) {
      if (item.kind === 'marker' || item.skipAfter === '' || labels.has(item.skipAfter)) continue;
      const fix = 'add "SecMarker NAME" where to go on, or correct the name: all further rules would be passed over';
      this.#mistakes.add(item.place, `skipAfter:${item.skipAfter} leads nowhere`, fix);
    }
    this.#mistakes.throwIfAny();
    return { items, engine: this.#engine, files: this.#read };
  }
}

function resolveFrom(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}

function usage(name: string): string {
  if (name === 'secrule') return 'write SecRule VARIABLES "@OPERATOR VALUE" "id:NUMBER,ACTIONS"';
  return name.startsWith('secruleupdate') ? 'write which rules, and what of them' : 'write what it is about';
}

function unknownDirective(written: string): Misuse {
  if (written.startsWith('<'))
    return new Misuse(`${written.slice(0, 40)} is of Apache`, 'write SecLang alone, without sections');
  const meant = nearest(written, DIRECTIVE_NAMES);
  const fix =
    meant === undefined ? 'remove it; a line is continued by a backslash at its end' : `did you mean ${meant}?`;
  return new Misuse(`unknown directive ${written.slice(0, 60)}`, fix);
}
