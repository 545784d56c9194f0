import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemJson } from './problem.ts';
import { reasonPhrase, statusText } from './status-text.ts';

test('a problem is JSON with the members of RFC 9457', () => {
  const text = new TextDecoder().decode(problemJson({ status: 502, detail: 'caf\u00e9', request_id: 'x' }));
  assert.equal(
    text,
    '{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"caf\u00e9","request_id":"x"}\n',
  );
  assert.deepEqual(
    JSON.parse(new TextDecoder().decode(problemJson({ status: 418, type: '/t', title: 'T', instance: '/i' }))),
    {
      type: '/t',
      title: 'T',
      status: 418,
      instance: '/i',
    },
  );
});

test('status lines', () => {
  assert.equal(statusText(404), '404 Not Found');
  assert.equal(reasonPhrase(299), 'Success');
  assert.equal(statusText(599), '599 Server Error');
  assert.equal(reasonPhrase(999), '');
});
