/** From a request's head to arguments, cookies, header fields and parts of the target, as ModSecurity v3 reads them. */
import { decodePercent, parseArguments } from '../body/urlencoded.ts';
import { Entry } from './entry.ts';
import type { RequestPath, State } from './state.ts';

/** The parts of a request target. The path ends at the first `?` of the decoded target, as in ModSecurity v3. */
export function requestPath(target: string): RequestPath {
  const decoded = decodePercent(target);
  const mark = target.indexOf('?');
  const end = decoded.indexOf('?');
  const filename = end === -1 ? decoded : decoded.slice(0, end);
  const slash = Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\'));
  return {
    uri: decoded.startsWith('/') ? decoded : withoutAuthority(decoded),
    filename,
    basename: slash === -1 ? '' : filename.slice(slash + 1),
    query: mark === -1 ? '' : target.slice(mark + 1),
  };
}

function withoutAuthority(target: string): string {
  const found = /^[^:]*:\/\/[^/]*(?=\/)/.exec(target);
  return found === null ? target : target.slice(found[0].length);
}

export function readHead(state: State): void {
  const { headers } = state.request;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    const value = headers[i + 1];
    state.headers.push(new Entry('REQUEST_HEADERS', name, value));
    if (name.length === 6 && name.toLowerCase() === 'cookie') readCookies(value, state.cookies);
    else if (name.length === 12 && name.toLowerCase() === 'content-type') readContentType(state, value);
  }
  const { query } = state.path;
  if (query !== '') addArguments(state, query, 'ARGS_GET');
}

/** Adds the arguments of a query or form. */
export function addArguments(state: State, text: string, collection: 'ARGS_GET' | 'ARGS_POST'): void {
  const { argumentsLimit, argumentSeparator } = state.shared.settings;
  const room = argumentsLimit - state.argsGet.length - state.argsPost.length;
  const { list, invalid, cut } = parseArguments(text, argumentSeparator, room);
  state.urlencodedError ||= invalid;
  state.argumentsCut ||= cut;
  pushArguments(state, list, collection);
}

export function pushArguments(state: State, list: readonly string[], collection: 'ARGS_GET' | 'ARGS_POST'): void {
  const into = collection === 'ARGS_GET' ? state.argsGet : state.argsPost;
  for (let i = 0; i < list.length; i += 2) {
    into.push(new Entry('ARGS', list[i], list[i + 1]));
    state.argsSize += list[i].length + list[i + 1].length;
  }
}

/** A cookie without `=` is a name; blanks before a name are dropped, an empty name is none. */
function readCookies(field: string, into: Entry[]): void {
  for (let from = 0; from < field.length; ) {
    let to = field.indexOf(';', from);
    if (to === -1) to = field.length;
    let start = from;
    while (start < to && isSpace(field.charCodeAt(start))) start++;
    const equals = field.indexOf('=', start);
    const nameEnd = equals === -1 || equals > to ? to : equals;
    if (nameEnd > start) {
      const value = nameEnd < to ? field.slice(nameEnd + 1, to) : '';
      into.push(new Entry('REQUEST_COOKIES', field.slice(start, nameEnd), value));
    }
    from = to + 1;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 9 && code <= 13);
}

function readContentType(state: State, value: string): void {
  state.contentType = value;
  const type = value.toLowerCase();
  if (type.startsWith('multipart/form-data')) state.processor = 'MULTIPART';
  else if (type.startsWith('application/x-www-form-urlencoded')) state.processor = 'URLENCODED';
}
