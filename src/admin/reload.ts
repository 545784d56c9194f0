// POST /reload: reads the configuration anew; a wrong one changes nothing.
import type { ServerResponse } from 'node:http';
import type { ConfigError } from '../config/errors.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { AdminDeps } from './types.ts';

/** What came of a reload; after a refusal all is as it was. */
export type ReloadOutcome =
  | {
      readonly ok: true;
      readonly generation: number;
      /** What is in force now, in words. */
      readonly changed: readonly string[];
      /** Settings whose new values count from the next start on. */
      readonly needsRestart: readonly string[];
    }
  | { readonly ok: false; readonly error: string; readonly mistakes: readonly ConfigError[] };

/** A mistake in the configuration, as it is answered. Lines and columns from 1; 0 for flags and variables. */
export interface Mistake {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** `lb.json:5:15`, or the flag or variable. */
  readonly place: string;
  readonly message: string;
  readonly fix?: string;
}

export async function answerReload(deps: AdminDeps, response: ServerResponse): Promise<void> {
  const outcome = await deps.reload();
  if (outcome.ok) {
    const { generation, changed, needsRestart } = outcome;
    sendJson(response, 200, { ok: true, generation, changed, needs_restart: needsRestart });
    return;
  }
  sendProblem(response, 422, outcome.error, { errors: outcome.mistakes.map(mistakeOf) });
}

function mistakeOf({ source, line, column, message, fix }: ConfigError): Mistake {
  const place = line > 0 ? `${source}:${line}:${column}` : source;
  return { source, line, column, place, message, ...(fix === undefined ? {} : { fix }) };
}
