/** The text of lb.json: JSON with comments and trailing commas, its syntax errors, and where each part stands. */

import { type Node as JsoncNode, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type ErrorList, maskSecrets, type Place } from './errors.ts';

/** A value, key or property of the file. */
export interface Node extends Omit<JsoncNode, 'value' | 'parent' | 'children'> {
  readonly value?: string | number | boolean | null;
  readonly children?: readonly Node[];
}

/** A file's text, with places in it. */
export class Document {
  readonly name: string;
  readonly text: string;
  readonly #lines: string[];
  readonly #starts: number[];

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text.replace(/^\ufeff/, ' ');
    this.#starts = [0];
    for (const match of this.text.matchAll(/\r\n|\n|\r/g)) this.#starts.push(match.index + match[0].length);
    this.#lines = maskSecrets(this.text).split(/\r\n|\n|\r/);
  }

  /** The place of a stretch of text; one that goes over the end of its line is cut there. */
  place(offset: number, length: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    const text = this.#lines[low] ?? '';
    const column = Math.min(offset - this.#starts[low], text.length) + 1;
    const width = Math.max(1, Math.min(length, text.length - column + 1));
    return { source: this.name, line: low + 1, column, text, width };
  }

  /** The place of a node; of an object or array, its opening bracket. */
  placeOf(node: Node): Place {
    return this.place(node.offset, node.type === 'object' || node.type === 'array' ? 1 : node.length);
  }
}

/**
 * The tree of a document. Syntax errors go to `errors`; `soundUntil` is the offset of the first, before which the tree
 * is as written. No tree when the text is empty or nested too deeply.
 */
export function parseDocument(document: Document, errors: ErrorList): { tree: Node | undefined; soundUntil: number } {
  const found: ParseError[] = [];
  let tree: Node | undefined;
  try {
    tree = parseTree(document.text, found, { allowTrailingComma: true, disallowComments: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    errors.add(
      document.place(0, 1),
      'the file is nested too deeply to be read',
      'lb.json needs no more than five levels',
    );
    return { tree: undefined, soundUntil: 0 };
  }
  if (document.text.trim() === '') {
    errors.add(document.place(0, 1), 'the file is empty', '`lb init` writes one to start from');
    return { tree: undefined, soundUntil: 0 };
  }
  // UTF-16, read as UTF-8.
  if (/^\ufffd|^.{0,3}\0/s.test(document.text)) {
    errors.add(document.place(0, 1), 'the file is not UTF-8', 'save it as UTF-8');
    return { tree: undefined, soundUntil: 0 };
  }
  reportSyntax(document, found, endOf(document, tree), errors);
  return { tree, soundUntil: found.length > 0 ? found[0].offset : Infinity };
}

const MOST_SYNTAX_ERRORS = 5;

/** Mistakes that are told apart from the stumbling that an earlier one causes. */
const SELF_CONTAINED = new Set(['InvalidSymbol', 'CommaExpected', 'InvalidEscapeCharacter', 'InvalidCharacter']);

/** The first error, and later ones on other lines that are surely mistakes of their own. */
function reportSyntax(document: Document, found: readonly ParseError[], end: number, errors: ErrorList): void {
  const lines = new Set<number>();
  for (const error of found) {
    const place = document.place(error.offset, error.length);
    if (lines.has(place.line) || lines.size === MOST_SYNTAX_ERRORS) continue;
    if (lines.size > 0 && !SELF_CONTAINED.has(printParseErrorCode(error.error))) continue;
    lines.add(place.line);
    const isTrailing = error.offset >= end && !COMMENT_ERRORS.has(printParseErrorCode(error.error));
    const [message, fix] = isTrailing ? TRAILING : explain(document.text, error);
    errors.add(place, message, fix);
    if (isTrailing) return;
  }
}

const COMMENT_ERRORS = new Set(['UnexpectedEndOfComment', 'InvalidCommentToken']);

const TRAILING = ['there is more text after the end of the settings', 'remove what follows the closing }'] as const;

/** Where the object that is the whole file is closed; Infinity when it is not. */
function endOf({ text }: Document, tree: Node | undefined): number {
  if (tree?.type !== 'object') return Infinity;
  const end = tree.offset + tree.length;
  return text[end - 1] === '}' ? end : Infinity;
}

function explain(text: string, error: ParseError): [message: string, fix: string] {
  const word = /^[\w$.-]+|^[^\w\s]/.exec(text.slice(error.offset))?.[0] ?? '';
  if (word === "'") return ['strings and keys stand in double quotes', 'write " in place of \''];
  switch (printParseErrorCode(error.error)) {
    case 'InvalidSymbol':
    case 'ValueExpected':
      if (/^(?:True|False|None|undefined|NULL|yes|no|on|off)$/i.test(word))
        return [`${word} is no value of JSON`, 'write true, false, a number or a string in double quotes'];
      if (/^\w/.test(word)) return [`"${word}" stands without quotes`, `write "${word}" in double quotes`];
      return ['a value is missing', 'add it, or remove the key or the extra comma'];
    case 'PropertyNameExpected':
      return [
        word === '}' || word === '' ? 'a key is missing' : `a key in double quotes should stand here, not ${word}`,
        /^\w/.test(word) ? `write "${word}"` : 'write "key": value, or remove the extra comma',
      ];
    case 'ColonExpected':
      return ['a colon should stand here, between key and value', 'write "key": value'];
    case 'CommaExpected':
      return ['a comma is missing before this', 'end the entry before it with a comma'];
    case 'CloseBraceExpected':
      return ['an object is not closed', 'add } where it ends'];
    case 'CloseBracketExpected':
      return ['a list is not closed', 'add ] where it ends'];
    case 'EndOfFileExpected':
      return ['there is more text after the end of the settings', 'remove it; check for a } too many'];
    case 'UnexpectedEndOfComment':
      return ['a comment is not closed', 'end it with */'];
    case 'UnexpectedEndOfString':
      return ['a string is not closed', 'end it with " on the same line'];
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
      return ['an escape that JSON does not know', 'a backslash itself is written \\\\'];
    case 'InvalidCharacter':
      return ['a control character in a string', 'remove it, or write a tab as \\t'];
    default:
      return ['a number that JSON does not know', 'write digits, such as 10 or 0.5'];
  }
}
