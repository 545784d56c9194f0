/** The variables of SecLang: what each is made of. */
import type { UploadedFile } from '../body/parsed-body.ts';
import { Entry, NO_ENTRIES } from './entry.ts';
import { SCALARS } from './scalars.ts';
import type { State } from './state.ts';

/** How a variable comes to its entries. */
export interface Variable {
  /** In upper case, as MATCHED_VAR_NAME shows it. */
  readonly name: string;
  readonly number: number;
  /** Whether it changes only with the request's or response's head or body, so that what was found holds for the phase. */
  readonly fixed: boolean;
  readonly entries: (state: State) => readonly Entry[];
}

type Entries = (state: State) => readonly Entry[];

function renamed(list: readonly Entry[], collection: string): Entry[] {
  return list.map((entry) => new Entry(collection, entry.key, entry.value, entry));
}

function names(list: readonly Entry[], collection: string): Entry[] {
  return list.map((entry) => new Entry(collection, entry.key, entry.key));
}

function files(state: State, collection: string, value: (file: UploadedFile) => string): readonly Entry[] {
  const list = state.parsed?.files;
  if (list === undefined || list.length === 0) return NO_ENTRIES;
  return list.map((file) => new Entry(collection, file.field, value(file)));
}

function pairs(list: readonly string[], collection: string): readonly Entry[] {
  if (list.length === 0) return NO_ENTRIES;
  const entries: Entry[] = [];
  for (let i = 0; i < list.length; i += 2) entries.push(new Entry(collection, list[i], list[i + 1]));
  return entries;
}

function allArguments(state: State): readonly Entry[] {
  if (state.argsPost.length === 0) return state.argsGet;
  return [...state.argsGet, ...state.argsPost];
}

function persistent(kind: string): Entries {
  const collection = kind.toUpperCase();
  return (state) => {
    const entries: Entry[] = [];
    state.collections
      ?.get(kind)
      ?.each(state.shared.now(), (name, value) => entries.push(new Entry(collection, name, value)));
    return entries;
  };
}

/** Those that change only with heads and bodies. */
const FIXED: Readonly<Record<string, Entries>> = {
  args: allArguments,
  args_get: (state) => renamed(state.argsGet, 'ARGS_GET'),
  args_get_names: (state) => names(state.argsGet, 'ARGS_GET_NAMES'),
  args_names: (state) => names(allArguments(state), 'ARGS_NAMES'),
  args_post: (state) => renamed(state.argsPost, 'ARGS_POST'),
  args_post_names: (state) => names(state.argsPost, 'ARGS_POST_NAMES'),
  files: (state) => files(state, 'FILES', (file) => file.filename),
  files_names: (state) => files(state, 'FILES_NAMES', (file) => file.field),
  files_sizes: (state) => files(state, 'FILES_SIZES', (file) => String(file.content.length)),
  files_tmp_content: (state) => files(state, 'FILES_TMP_CONTENT', (file) => file.content),
  files_tmpnames: () => [],
  multipart_filename: (state) => files(state, 'MULTIPART_FILENAME', (file) => file.filename),
  multipart_name: (state) => {
    if (state.parsed === undefined) return NO_ENTRIES;
    const fields = new Set<string>();
    for (let i = 0; i < (state.parsed?.partHeaders.length ?? 0); i += 2) fields.add(state.parsed?.partHeaders[i] ?? '');
    return [...fields].map((field) => new Entry('MULTIPART_NAME', field, field));
  },
  multipart_part_headers: (state) => pairs(state.parsed?.partHeaders ?? [], 'MULTIPART_PART_HEADERS'),
  request_cookies: (state) => state.cookies,
  request_cookies_names: (state) => names(state.cookies, 'REQUEST_COOKIES_NAMES'),
  request_headers: (state) => state.headers,
  request_headers_names: (state) => names(state.headers, 'REQUEST_HEADERS_NAMES'),
  response_headers: (state) => state.responseHeaders,
  response_headers_names: (state) => names(state.responseHeaders, 'RESPONSE_HEADERS_NAMES'),
};

/** Those that rules change as they run. */
const CHANGING: Readonly<Record<string, Entries>> = {
  env: (state) => [...(state.environment ?? [])].map(([key, value]) => new Entry('ENV', key, value)),
  geo: (state) => (state.country === undefined ? [] : [new Entry('GEO', 'COUNTRY_CODE', state.country)]),
  global: persistent('global'),
  ip: persistent('ip'),
  matched_vars: (state) =>
    state.matchedVars.map(
      (entry) =>
        new Entry(
          'MATCHED_VARS',
          entry.key === '' ? entry.collection : `${entry.collection}:${entry.key}`,
          entry.value,
        ),
    ),
  matched_vars_names: (state) => state.matchedNames.map((name) => new Entry('MATCHED_VARS_NAMES', name, name)),
  resource: persistent('resource'),
  rule: ruleEntries,
  session: persistent('session'),
  tx: (state) => {
    const entries: Entry[] = [];
    state.tx.each((name, value) => entries.push(new Entry('TX', name, value)));
    return entries;
  },
  user: persistent('user'),
};

function ruleEntries(state: State): Entry[] {
  const { rule } = state;
  if (rule === undefined) return [];
  const fields: readonly (readonly [string, string])[] = [
    ['id', String(rule.id)],
    ['msg', state.ruleMessage === '' ? rule.msg : state.ruleMessage],
    ['logdata', state.ruleData === '' ? rule.logdata : state.ruleData],
    ['severity', rule.severity < 0 ? '' : String(rule.severity)],
    ['rev', rule.rev],
    ['ver', rule.ver],
  ];
  return fields.map(([key, value]) => new Entry('RULE', key, value));
}

/** Every variable by its lower-case name, but `xml`, whose entries depend on its path. */
export const VARIABLES: ReadonlyMap<string, Variable> = allVariables();

function allVariables(): Map<string, Variable> {
  const all = new Map<string, Variable>();
  const add = (name: string, fixed: boolean, entries: Entries) =>
    all.set(name, { name: name.toUpperCase(), number: all.size, fixed, entries });
  for (const [name, entries] of Object.entries(FIXED)) add(name, true, entries);
  for (const [name, entries] of Object.entries(CHANGING)) add(name, false, entries);
  for (const [name, { fixed, value }] of Object.entries(SCALARS)) {
    const shown = name.toUpperCase();
    add(name, fixed, (state) => {
      const text = value(state);
      return text === undefined ? NO_ENTRIES : [new Entry(shown, '', text)];
    });
  }
  return all;
}

/** The entries of a variable; of one that is fixed the same ones until the state forgets what it gathered. */
export function entriesOf(variable: Variable, state: State): readonly Entry[] {
  if (!variable.fixed) return variable.entries(state);
  let entries = state.gathered.variableEntries[variable.number];
  if (entries === undefined) {
    entries = variable.entries(state);
    state.gathered.variableEntries[variable.number] = entries;
  }
  return entries;
}
