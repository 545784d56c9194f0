// The admin API's description against what is served: every route and method, and every answer by its schema.
import assert from 'node:assert/strict';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { after, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { openApiDocument } from '../../src/admin/openapi.ts';
import { servedRoutes } from '../../src/admin/routes.ts';
import { startAdmin } from '../../src/admin/server.ts';
import { counted, startScene } from '../caching/scene.ts';
import { adminDeps } from '../support/admin-deps.ts';

type Json = Record<string, unknown> & { $ref?: string };
interface Operation {
  responses: Record<string, { content: Record<string, { schema: Json }> }>;
  operationId: string;
}

const scene = await startScene({ after });
scene.on('/page', counted([['Cache-Control', 'max-age=60']]));
await scene.get('/page');
const document = openApiDocument() as { paths: Record<string, Record<string, Operation>> };
// OpenAPI's own keywords have no meaning for answers
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajvFormats.default(ajv);
ajv.addSchema(openApiDocument(), 'api');

interface Answer {
  status: number;
  type: string;
  text: string;
}

function send(method: string, path: string, body?: string, port = scene.lb.admin.port): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const asked = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const type = String(response.headers['content-type']).split(';')[0];
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type, text }));
    });
    asked.on('error', reject).end(body);
  });
}

function operationOf(method: string, path: string): Operation {
  const template = document.paths[path] === undefined ? '/cache/{target}' : path;
  return document.paths[template][method.toLowerCase()];
}

/** Fails where an answer is not what the document says. */
function checkAnswer(method: string, path: string, answer: { status: number; type: string; text: string }): void {
  const described = operationOf(method, path).responses[answer.status];
  assert.ok(described, `${method} ${path} answers ${answer.status}, which is not described`);
  const content = described.content[answer.type];
  assert.ok(content, `${method} ${path} answers ${answer.type}, which is not described`);
  if (answer.type.includes('json')) checkSchema(content.schema, JSON.parse(answer.text), `${method} ${path}`);
}

function checkSchema(schema: Json, value: unknown, what: string): void {
  const reference = schema.$ref === undefined ? schema : { $ref: `api${schema.$ref}` };
  const validate = ajv.compile(reference);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors, { separator: '\n' })}`);
}

test('the document is valid OpenAPI 3.1', async () => {
  const answer = await send('GET', '/openapi.json');
  assert.deepEqual(JSON.parse(answer.text), openApiDocument());
  assert.deepEqual(openApiDocument().servers, [{ url: '/' }], 'right for every admin address');
  const result = await new Validator().validate(openApiDocument());
  assert.ok(result.valid, JSON.stringify(result));
});

test('every route and method that is served is described, and no other', () => {
  const served = servedRoutes().flatMap(([path, methods]) => methods.map((method) => `${method} ${path}`));
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(described.sort(), served.sort());
});

const REQUESTS: [method: string, target: string, status: number, body?: string][] = [
  ['GET', '/livez', 200],
  ['GET', '/readyz', 200],
  ['GET', '/metrics', 200],
  ['GET', '/status', 200],
  ['GET', '/stats', 200],
  ['GET', '/cache', 200],
  ['GET', '/openapi.json', 200],
  ['GET', '/explain?url=/page', 200],
  ['GET', '/explain', 400],
  ['DELETE', '/cache/page', 200],
  ['DELETE', '/cache/a*?host=site.test', 200, '{"soft": true}'],
  ['DELETE', '/cache/*', 200, '{"tag": "news"}'],
  ['DELETE', '/cache/a', 400, '{"sofd": true}'],
  ['DELETE', '/cache/a', 413, ' '.repeat(20_000)],
  ['POST', '/purge', 200, '{"purge": [{"url": "/a"}, {"tags": ["a", "b"]}], "soft": true}'],
  ['POST', '/purge', 400, '{}'],
  ['POST', '/purge', 404, '{"purge": [{"site": "nowhere"}]}'],
  ['GET', '/logs?filter=stat', 400],
  ['GET', '/logs?sample=2', 400],
  ['POST', '/reload', 200],
  ['POST', '/upgrade', 409],
];

for (const [method, target, status, body] of REQUESTS) {
  test(`${method} ${target} answers ${status} as described`, async () => {
    const answer = await send(method, target, body);
    assert.equal(answer.status, status, answer.text);
    checkAnswer(method, target.split('?')[0], answer);
  });
}

test('a reload that is refused is answered as described', async (t) => {
  const mistake = { source: 'lb.json', line: 3, column: 5, text: '', width: 1, message: 'wrong', fix: undefined };
  const refusing = await startAdmin(
    adminDeps({ reload: async () => ({ ok: false, error: 'it has mistakes', mistakes: [mistake] }) }),
  );
  t.after(() => refusing.close());
  const answer = await send('POST', '/reload', undefined, refusing.address.port);
  assert.equal(answer.status, 422);
  checkAnswer('POST', '/reload', answer);
});

test('lines of the log are as described', async () => {
  const { port } = scene.lb.admin;
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ host: '127.0.0.1', port, path: '/logs' }, resolve),
  );
  const line = (async () => {
    for await (const chunk of response.setEncoding('utf8')) return String(chunk).split('\n')[0];
    return '';
  })();
  await scene.get('/page?a', [['User-Agent', 'test/1.0']]);
  const text = await line;
  response.destroy();
  checkSchema(
    operationOf('GET', '/logs').responses['200'].content['application/jsonl'].schema,
    JSON.parse(text),
    'a line',
  );
});
