import { reasonPhrase } from './status-text.ts';

/** A problem as RFC 9457 describes it. Other members are extensions. */
export interface Problem {
  status: number;
  /** Default `about:blank`: the status says all, and `title` is its phrase (RFC 9457 section 4.2.1). */
  type?: string;
  title?: string;
  /** What happened in this case and what to do about it, for people. */
  detail?: string;
  instance?: string;
  [extension: string]: string | number | boolean | readonly string[] | undefined;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

const encoder = new TextEncoder();

/** A problem as UTF-8 JSON ending in a newline, members in the order type, title, status, detail, instance, extensions. */
export function problemJson(problem: Readonly<Problem>): Uint8Array {
  const { status, type = 'about:blank', title = reasonPhrase(status), detail, instance, ...extensions } = problem;
  return encoder.encode(`${JSON.stringify({ type, title, status, detail, instance, ...extensions })}\n`);
}
