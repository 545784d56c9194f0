/** Runs small rules of a test over one request. */
import { compileWaf } from '../../src/waf/engine/compile.ts';
import type { Outcome, WafOptions, WafPlan, WafRequest } from '../../src/waf/engine/waf.ts';
import { loadRules } from '../../src/waf/lang/load.ts';

export interface Sent extends Partial<WafRequest> {
  readonly body?: string;
  readonly response?: { readonly status: number; readonly headers: readonly string[]; readonly body?: string };
}

export function planOf(rules: string, options: WafOptions = {}): WafPlan {
  return compileWaf(loadRules([{ name: 'test.conf', text: rules }]), options);
}

/** What comes of a request; text is binary. A phase after a verdict is left out. */
export function send(plan: WafPlan, { body, response, ...request }: Sent = {}): Outcome {
  const tx = plan.begin({
    id: 'id-1',
    method: 'GET',
    target: '/',
    protocol: 'HTTP/1.1',
    headers: ['host', 'a.example'],
    clientAddress: '192.0.2.1',
    clientPort: 1234,
    serverAddress: '192.0.2.2',
    serverPort: 80,
    ...request,
  });
  let verdict = tx.headersPhase();
  if (verdict === undefined && body !== undefined) verdict = tx.body(Buffer.from(body, 'latin1'));
  verdict ??= tx.bodyPhase();
  if (verdict === undefined && response !== undefined) {
    verdict = tx.responseHeaders(response.status, response.headers);
    if (verdict === undefined && response.body !== undefined && tx.wantsResponseBody) {
      verdict = tx.responseBody(Buffer.from(response.body, 'latin1'));
    }
    if (verdict === undefined) tx.responseBodyPhase();
  }
  return tx.log();
}

/** Ids of the rules that matched, and of the verdict's rule after `!`. */
export function ids(outcome: Outcome): string {
  const matched = outcome.matched.map(({ id }) => id).join(' ');
  return outcome.verdict === undefined ? matched : `${matched} !${outcome.verdict.ruleId}`;
}

/** The messages of rules that matched. */
export function messages(outcome: Outcome): string[] {
  return outcome.matched.map(({ message }) => message);
}
