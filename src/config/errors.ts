/** A mistake in the configuration: where it is, what is wrong, how to mend it; and how it is shown. */

/** A stretch of text in lb.json, in a flag or in a variable. */
export interface Place {
  /** A file's name as the user gave it, a flag such as `--listen`, or a variable such as `LB_LISTEN`. */
  readonly source: string;
  /** From 1; 0 for flags and variables. */
  readonly line: number;
  /** From 1, in UTF-16 units: where in `text` it begins. */
  readonly column: number;
  /** The whole source line, secrets masked. */
  readonly text: string;
  /** Length of the stretch, at least 1. */
  readonly width: number;
}

export interface ConfigError extends Place {
  readonly message: string;
  /** What to do about it. */
  readonly fix: string | undefined;
}

/** What is wrong with a value, before it is known where the value stands. `at` and `length` narrow it down. */
export class Problem {
  readonly message: string;
  readonly fix: string | undefined;
  readonly at: number | undefined;
  readonly length: number | undefined;

  constructor(message: string, fix?: string, at?: number, length?: number) {
    this.message = message;
    this.fix = fix;
    this.at = at;
    this.length = length;
  }

  /** The same problem of an item that begins at `offset` of a longer text. */
  within(offset: number, length: number): Problem {
    return new Problem(
      this.message,
      this.fix,
      offset + (this.at ?? 0),
      this.length ?? (this.at === undefined ? length : 1),
    );
  }
}

/** Collects mistakes, so that all are shown at once. */
export class ErrorList {
  readonly errors: ConfigError[] = [];

  add(place: Place, message: string, fix?: string): void {
    this.errors.push({ ...place, message, fix });
  }

  /** Adds the problem of a value. `inner` is where the value's text begins within the place. */
  addProblem(place: Place, problem: Problem, inner = 0): void {
    const narrowed =
      problem.at === undefined
        ? place
        : { ...place, column: place.column + inner + problem.at, width: Math.max(1, problem.length ?? 1) };
    this.add(narrowed, problem.message, problem.fix);
  }
}

/** `lb.json:5:15`, or the name of the flag or variable. */
export function formatPlace(place: Place): string {
  return place.line > 0 ? `${place.source}:${place.line}:${place.column}` : place.source;
}

/** How an error's parts are coloured; plain by default. */
export type Paint = (style: 'place' | 'error' | 'dim' | 'fix', text: string) => string;

/** The error in full: place and message, the source line with a caret below the mistake, and the fix. */
function formatError(error: ConfigError, paint: Paint = (_, text) => text): string {
  const lines = [`${paint('place', `${formatPlace(error)}:`)} ${paint('error', 'error:')} ${error.message}`];
  if (error.text !== '') {
    const number = error.line > 0 ? String(error.line) : '';
    const { text, start, width } = excerpt(error);
    const indent = text.slice(0, start).replace(/[^\t]/g, ' ');
    lines.push(`${paint('dim', `  ${number} |`)} ${text}`);
    lines.push(`${paint('dim', `  ${' '.repeat(number.length)} |`)} ${indent}${paint('error', '^'.repeat(width))}`);
  }
  if (error.fix) lines.push(`  ${paint('fix', 'fix:')} ${error.fix}`);
  return lines.join('\n');
}

/** All errors, with a blank line between them. */
export function formatErrors(errors: readonly ConfigError[], paint?: Paint): string {
  return errors.map((error) => formatError(error, paint)).join('\n\n');
}

const EXCERPT = 120;

/** The part of a long line around the mistake, control characters made visible. `start` counts from 0. */
function excerpt(place: Place): { text: string; start: number; width: number } {
  const clean = place.text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\u00b7');
  const start = Math.min(place.column - 1, clean.length);
  if (clean.length <= EXCERPT) return { text: clean, start, width: clampWidth(place.width, clean.length - start) };
  const from = Math.max(0, Math.min(start - EXCERPT / 3, clean.length - EXCERPT));
  const cut = Math.floor(from);
  const text = (cut > 0 ? '...' : '') + clean.slice(cut, cut + EXCERPT) + (cut + EXCERPT < clean.length ? '...' : '');
  const shifted = start - cut + (cut > 0 ? 3 : 0);
  return { text, start: shifted, width: clampWidth(place.width, text.length - shifted) };
}

function clampWidth(width: number, room: number): number {
  return Math.max(1, Math.min(width, room));
}

/**
 * Blanks what looks like a secret with asterisks of the same length, so that columns stay right: the value of a key
 * with token, secret, password, eab_key or authorization in its name (also a misspelt one), fields of such a name, and
 * passwords in URLs. `${env:NAME}` stays.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(
      /("[^"\n]*(?:tok|secret|passw|eab_?key|authoriz|api-?key)[^"\n]*"\s*:\s*)("(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[[{][^\n]*|[^\s,{}[\]"']+)/gi,
      (whole, key: string, value: string) => (/^"\$\{env:\w+\}"$/.test(value) ? whole : key + maskValue(value)),
    )
    .replace(
      /(["',][^"':,\n]*(?:tok|secret|authoriz|api-?key)[^"':,\n]*:\s*)([^"\n]+)(?=")/gi,
      (_, name: string, value: string) => name + '*'.repeat(value.length),
    )
    .replace(
      /(:\/\/[^\s"'/@:]*:)([^\s"'/@]+)(?=@)/g,
      (_, head: string, password: string) => head + '*'.repeat(password.length),
    );
}

function maskValue(value: string): string {
  const quoted = value.length > 1 && /^["']/.test(value);
  if (!quoted) return '*'.repeat(value.length);
  const closed = value.endsWith(value[0]);
  return value[0] + '*'.repeat(value.length - (closed ? 2 : 1)) + (closed ? value[0] : '');
}
