import assert from 'node:assert/strict';
import type { Response } from '../support/client.ts';

/** A problem document with all that helps to find the cause. */
export function checkProblem(response: Response, status: number, error: string, detail: RegExp): void {
  assert.equal(response.status, status);
  assert.equal(response.complete, true);
  assert.equal(response.get('content-type'), 'application/problem+json');
  assert.equal(response.get('proxy-status'), `lb; error=${error}`);
  assert.match(response.get('cache-status') ?? '', /^lb; fwd=/);
  assert.equal(response.get('cache-control'), 'no-store');
  const problem = response.json();
  assert.equal(problem.status, status);
  assert.match(String(problem.detail), detail);
  assert.match(String(problem.request_id), /^[0-9a-f]{32}$/);
}
