import type { TextBody, Verdict } from '../guard/addon.ts';
import { prefersHtml } from '../http/accept.ts';
import { messagePage, PAGE_POLICY } from '../http/html.ts';
import { statusText } from '../http/status-text.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';

/**
 * What an addon says of a request, as the client is told: a problem document, or a page to those who ask for one. The answer
 * has the request's id.
 */
export function problemOf(x: Exchange, { status, fields, reason, problem, body }: Verdict): RequestProblem {
  const id = x.ownId();
  const { detail = '', ...members } = problem ?? {};
  if (body !== undefined) return { status, detail, lines: fields, reason, members, body };
  const isVarying = fields.some((line) => /^vary:/i.test(line));
  const lines = isVarying ? fields : [...fields, 'Vary: Accept'];
  if (!prefersHtml(x.field('accept'))) return { status, detail, lines, reason, members };
  const policy = `Content-Security-Policy: ${PAGE_POLICY}`;
  return { status, detail, lines: [...lines, policy], reason, members, body: pageOf(status, detail, id) };
}

function pageOf(status: number, detail: string, id: string): TextBody {
  const sentence = detail === '' ? '' : `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  const content = messagePage(statusText(status), sentence, `Request ${id}`);
  return { contentType: 'text/html; charset=utf-8', content };
}

/**
 * Whether the limits on origin fetches let a request ask its origin. Where they do not, something stale may do, or else the
 * client is told: `failure` says what.
 */
export function mayAskOrigin(x: Exchange): boolean {
  const { guard } = x.host.plan;
  if (guard === undefined || x.isOriginCounted) return true;
  const verdict = guard.checkOrigin(x);
  if (verdict !== undefined) x.failure = problemOf(x, verdict);
  else x.isOriginCounted = true;
  return verdict === undefined;
}
