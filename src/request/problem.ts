import { PROXY_NAME } from '../fill/head.ts';
import { PROBLEM_CONTENT_TYPE, problemJson } from '../http/problem.ts';
import { statusText } from '../http/status-text.ts';
import type { SimpleAnswer } from '../site/rule-compile.ts';
import { editRefusal, editTail } from './edit-tail.ts';
import type { Exchange } from './exchange.ts';
import type { RequestProblem } from './outcome.ts';
import { FINISH, RESPOND, type Step, WAIT } from './step.ts';

/** Answers with a problem document (RFC 9457). After a malformed request nothing more is read from the connection. */
export function sendProblem(x: Exchange): Step {
  if (x.problem?.status === 400) x.endConnection();
  return x.reply.closeAfter && !x.detached ? sendLater(x) : send(x);
}

/**
 * uWebSockets.js goes on with bytes that it has read already even when a response ends the connection: they could be a
 * smuggled request. While a response is owed it breaks the connection over them instead.
 */
function sendLater(x: Exchange): Step {
  const { reply } = x;
  x.detach();
  setImmediate(() => {
    if (!reply.closed) x.proceed(RESPOND);
  });
  return WAIT;
}

/** RFC 9111 section 5.2.1.7. */
export const NOT_CACHED: RequestProblem = {
  status: 504,
  detail: 'the request says only-if-cached, and nothing usable is stored',
};

const BUG: RequestProblem = { status: 500, detail: '' };

function send(x: Exchange): Step {
  const { status, detail, proxyStatus, lines: more = [], reason = 'refused', members, body: own } = x.problem ?? BUG;
  const ids = x.requestId === '' ? undefined : { request_id: x.requestId };
  const content = own?.content ?? problemJson({ ...members, status, detail, ...ids });
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  const lines = [`Content-Type: ${own?.contentType ?? PROBLEM_CONTENT_TYPE}`, 'Cache-Control: no-store', ...more];
  if (proxyStatus !== undefined) lines.push(`Proxy-Status: ${proxyStatus}`);
  if (x.requestId !== '') lines.push(`X-Request-Id: ${x.requestId}`);
  if (x.cacheStatus === '') x.cacheStatus = `${PROXY_NAME}; fwd=bypass; detail=${reason}`;
  return sendWhole(x, status, lines, body, editRefusal);
}

/** Answers as a rule says. */
export function sendAnswer(x: Exchange, answer: SimpleAnswer): Step {
  if (x.reply.closeAfter && !x.detached) return sendLater(x);
  const { status, headers, body } = answer;
  return sendWhole(
    x,
    status,
    headers.map(([name, value]) => `${name}: ${value}`),
    body,
    editTail,
  );
}

/** @param lines `Name: value` */
function sendWhole(
  x: Exchange,
  status: number,
  lines: readonly string[],
  body: Uint8Array | string,
  edit: typeof editRefusal,
): Step {
  x.status = status;
  x.held?.discard();
  const fields = lines.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
  const plain = [`1.1 ${PROXY_NAME}`, ...fields].join('\r\n');
  const tail = x.rules?.response === undefined ? plain : edit(plain, x.rules.response);
  const write = () => {
    x.reply.head(statusText(status), x.cacheStatus, tail, -1);
    x.headSent = true;
    // RFC 9110 section 8.6: no Content-Length in a 204, nor in a 304 that would tell another length than the 200
    if (status === 204 || status === 304) x.reply.endEmpty(-1);
    else if (x.method === 'HEAD') x.reply.endEmpty(body.length);
    else x.reply.end(body);
  };
  if (x.detached) x.reply.cork(write);
  else write();
  return FINISH;
}
