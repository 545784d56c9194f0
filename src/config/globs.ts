/** Globs of cache rules as configuration accepts them; http/glob.ts says what they match. */

import { Problem } from './errors.ts';

/** The glob, or what is wrong with it. */
export function parseGlob(text: string): string | Problem {
  if (/^[a-z]+:\/\//i.test(text)) {
    const path = text.replace(/^[a-z]+:\/\/[^/]*\/?/i, '/');
    return new Problem(`"${text}" is a URL`, `a glob is for the path alone: ${path}`);
  }
  const query = /\?(?=[^/]*[=&])/.exec(text);
  if (query) {
    const fix = `globs match the path without the query: ${text.slice(0, query.index)}`;
    return new Problem(`"${text}" has a query`, fix, query.index, text.length - query.index);
  }
  const odd = /[#[\]{}\s\\"<>^`|\x00-\x1f\x7f]/.exec(text);
  if (odd) return new Problem(`"${text}" has ${nameOf(odd[0])}`, fixFor(odd[0]), odd.index);
  if (/[^\x20-\x7e]/.test(text)) {
    return new Problem(`"${text}" has letters beyond ASCII`, `percent-encode them: ${encodeURI(text.toWellFormed())}`);
  }
  return text;
}

function nameOf(char: string): string {
  if (/\s/.test(char)) return 'a space';
  return char < ' ' || char === '\x7f' ? 'a control character' : `the character ${char}`;
}

function fixFor(char: string): string {
  if (/[{}]/.test(char)) return 'braces are not known here: list the globs, such as *.js,*.css';
  if (/[[\]]/.test(char)) return 'character sets are not known here: use ? or *, or list the globs';
  if (/\s/.test(char)) return 'separate globs with a comma; a space in a path is %20';
  return `percent-encode it: %${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
