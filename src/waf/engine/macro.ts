/** Texts with macros (`%{tx.x}`, `%{MATCHED_VAR}`, `%{request_headers.host}`), compiled. */
import type { State } from './state.ts';
import type { TxNames } from './tx-store.ts';
import { entriesOf, VARIABLES } from './variables.ts';

export type Text = (state: State) => string;

const MACRO = /%\{([^{}]+)\}/g;

/** Undefined where the text has no macros. A macro that names nothing is empty. */
export function compileMacro(text: string, names: TxNames): Text | undefined {
  if (!text.includes('%{')) return undefined;
  const parts: (string | Text)[] = [];
  let from = 0;
  for (const found of text.matchAll(MACRO)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push(compileName(found[1].trim(), names));
    from = found.index + found[0].length;
  }
  if (from === 0) return undefined;
  if (from < text.length) parts.push(text.slice(from));
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'function') return only;
  return (state) => {
    let expanded = '';
    for (const part of parts) expanded += typeof part === 'string' ? part : part(state);
    return expanded;
  };
}

/** The text as a function, with or without macros. */
export function compileText(text: string, names: TxNames): Text {
  return compileMacro(text, names) ?? (() => text);
}

function compileName(name: string, names: TxNames): Text {
  const dot = name.search(/[.:]/);
  const variable = (dot === -1 ? name : name.slice(0, dot)).toLowerCase();
  const key = dot === -1 ? undefined : name.slice(dot + 1);
  if (variable === 'tx' && key !== undefined) {
    const slot = names.slot(key);
    return (state) => state.tx.values[slot] ?? '';
  }
  if (variable === 'matched_var') return (state) => state.matchedVar;
  if (variable === 'matched_var_name') return (state) => state.matchedName;
  if (variable === 'remote_addr') return (state) => state.request.clientAddress;
  const found = VARIABLES.get(variable);
  if (found === undefined) return () => '';
  if (key === undefined) return (state) => entriesOf(found, state)[0]?.value ?? '';
  const wanted = key.toLowerCase();
  return (state) => entriesOf(found, state).find((entry) => entry.key.toLowerCase() === wanted)?.value ?? '';
}
