// GET /explain?url=URL&method=GET&header=Name: value: what lb would do with a request, and why.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson, sendProblem } from './respond.ts';
import type { AdminDeps } from './types.ts';

/** A request to be explained. */
export interface ExplainQuery {
  readonly url: string;
  readonly method: string;
  /** `Name: value`. */
  readonly headers: readonly string[];
  readonly body?: string;
}

/** An explanation, which becomes the JSON answer, or why there is none. */
export type ExplainAnswer = object | { readonly problem: string; readonly status: 400 | 404 };

const PARAMETERS: ReadonlySet<string> = new Set(['url', 'method', 'header', 'body']);
const USE = 'write /explain?url=URL, with method=METHOD and header=Name: value where wanted, percent-encoded';

export async function answerExplain(
  deps: AdminDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = parseQuery(request.url ?? '');
  if (typeof query === 'string') {
    sendProblem(response, 400, query);
    return;
  }
  const answer = await deps.explain(query);
  if ('problem' in answer) sendProblem(response, answer.status, answer.problem);
  else sendJson(response, 200, answer);
}

function parseQuery(target: string): ExplainQuery | string {
  const mark = target.indexOf('?');
  const parameters = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const unknown = [...parameters.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) return `unknown parameter "${unknown}": ${USE}`;
  const url = parameters.get('url');
  if (url === null || url === '') return `there is no url: ${USE}`;
  if (parameters.getAll('url').length > 1) return 'there are several urls: percent-encode & in a url as %26';
  return {
    url,
    method: parameters.get('method') ?? 'GET',
    headers: parameters.getAll('header'),
    body: parameters.get('body') ?? undefined,
  };
}
