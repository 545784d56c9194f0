/**
 * A reporter for `node --test`: one JSON line for each finished test, in the shape of `TestRecord`. Suites are left
 * out, and so are tests that failed only because a part of them did: the part has its own line.
 */
import type { TestEvent } from 'node:test/reporters';

export interface TestRecord {
  outcome: 'passed' | 'failed' | 'skipped';
  name: string;
  /** `path:line`, absolute. */
  location: string;
  /** Why it failed, with the stack, or why it was skipped. */
  detail?: string;
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const record = recordOf(event);
    if (record) yield `${JSON.stringify(record)}\n`;
  }
}

function recordOf(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): TestRecord | undefined {
  const { data } = event;
  const { error } = data.details as { error?: Failure };
  if (data.details.type === 'suite' && error?.failureType !== 'hookFailed') return undefined;
  if (error?.failureType === 'subtestsFailed') return undefined;
  const record = { name: data.name, location: `${data.file}:${data.line}` };
  const reason = data.skip ?? data.todo;
  if (reason !== undefined && reason !== false) {
    return { ...record, outcome: 'skipped', detail: reason === true ? undefined : String(reason) };
  }
  if (event.type === 'test:pass') return { ...record, outcome: 'passed' };
  return { ...record, outcome: 'failed', detail: describe(error) };
}

interface Failure extends Error {
  failureType?: string;
}

function describe(error: Failure | undefined): string {
  const cause = error?.cause ?? error;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return typeof cause === 'string' ? cause : JSON.stringify(cause);
}
