/** Texts with variables, as site rules have them: `https://{host}/new{path}`. */

/** What a variable may be. `capture` is `{1}` to `{9}`. */
export type VariableKind =
  | 'client_ip'
  | 'host'
  | 'path'
  | 'query'
  | 'uri'
  | 'scheme'
  | 'method'
  | 'request_id'
  | 'country'
  | 'header'
  | 'cookie'
  | 'capture';

export interface Variable {
  readonly kind: VariableKind;
  /** Of a header, lowercase; of a cookie, as it stands; else empty. */
  readonly name: string;
  /** Of a capture, from 0; else -1. */
  readonly index: number;
}

/** A text taken apart: what stands for itself, and variables. */
export type Template = readonly (string | Variable)[];

/** What is wrong with a text, and where. */
export interface TemplateMistake {
  readonly message: string;
  readonly fix: string;
  readonly at: number;
  readonly length: number;
}

const PLAIN: readonly VariableKind[] = [
  'client_ip',
  'host',
  'path',
  'query',
  'uri',
  'scheme',
  'method',
  'request_id',
  'country',
];

/** All variables as they are written. */
export const VARIABLES: readonly string[] = [...PLAIN, 'header:NAME', 'cookie:NAME', '1'];

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * The parts of a text. `{name}` is a variable, `{{` a brace that begins none. A brace that is followed by anything but a
 * name stands for itself, as in JSON.
 */
export function parseTemplate(text: string): Template | TemplateMistake {
  const parts: (string | Variable)[] = [];
  let plain = '';
  let from = 0;
  for (const match of text.matchAll(/\{\{|\{(\w+)(?::([^{}]*))?\}/g)) {
    plain += text.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[0] === '{{') {
      plain += '{';
      continue;
    }
    const variable = variableOf(match[1], match[2]);
    if (typeof variable === 'string') {
      return { message: `{${match[1]}} ${variable}`, fix: fixOf(match[0]), at: match.index, length: match[0].length };
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push(variable);
  }
  plain += text.slice(from);
  if (plain !== '') parts.push(plain);
  return parts;
}

/** Whether parsing failed. */
export function isMistake(result: Template | TemplateMistake): result is TemplateMistake {
  return !Array.isArray(result);
}

/** The text of a template without variables, undefined of others. */
export function constantOf(template: Template): string | undefined {
  if (template.length === 0) return '';
  return template.length === 1 && typeof template[0] === 'string' ? template[0] : undefined;
}

/** The highest number among the template's `{1}` to `{9}`, 0 for none. */
export function capturesOf(template: Template): number {
  return Math.max(0, ...template.map((part) => (typeof part === 'string' ? 0 : part.index + 1)));
}

/** The variable, or why it is none. */
function variableOf(word: string, argument: string | undefined): Variable | string {
  if (/^[1-9]$/.test(word) && argument === undefined) return { kind: 'capture', name: '', index: Number(word) - 1 };
  if (word === 'header' || word === 'cookie') {
    if (argument === undefined || !TOKEN.test(argument)) return `names no ${word}`;
    return { kind: word, name: word === 'header' ? argument.toLowerCase() : argument, index: -1 };
  }
  const kind = PLAIN.find((known) => known === word);
  if (kind === undefined) return 'is no variable';
  return argument === undefined ? { kind, name: '', index: -1 } : 'takes no name';
}

function fixOf(written: string): string {
  const word = /^\{(\w+)/.exec(written)?.[1] ?? '';
  if (word === 'header') return 'write {header:NAME}, such as {header:user-agent}';
  if (word === 'cookie') return 'write {cookie:NAME}';
  if ((PLAIN as readonly string[]).includes(word)) return `write {${word}}`;
  const all = [...VARIABLES.slice(0, -1).map((name) => `{${name}}`), '{1} to {9}'].join(', ');
  return `use ${all}; a brace of the text itself is written {{`;
}
