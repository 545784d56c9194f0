// The JSON Schema takes what the loader takes, as far as a schema can tell.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { jsonSchema } from '../../src/config/json-schema.ts';

const validate = new Ajv({ strict: false, allErrors: true }).compile(jsonSchema());
const guide = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('every lb.json in the guide is valid by the schema', () => {
  const blocks = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text);
  assert.ok(blocks.length > 10);
  for (const text of blocks) assert.ok(validate(JSON.parse(text)), `${text}\n${JSON.stringify(validate.errors)}`);
});

test('what the schema takes and what it refuses', () => {
  const cases: [object, boolean][] = [
    [{ listen: 8080 }, true],
    [{ listen: [8080, '[::1]:81'] }, true],
    [{ origins: [{ unix: '/run/a.sock' }] }, true],
    [{ origins: [{ port: 80 }] }, false],
    [{ rules: [{ redirect: { status: 301 } }] }, false],
    [{ rules: [{ redirect: { to: '/', status: 200 } }] }, false],
    [{ rules: [{ request_headers: { set: { a: ['b', 'c'] }, add: ['d: e'] } }] }, true],
    [{ rules: [{ request_header: {} }] }, false],
    [{ rules: ['/a'] }, false],
    [{ tls: { certificates: [{ cert: 'a' }] } }, false],
    [{ tls: { min_version: 1.3 } }, true],
    [{ retries: { statuses: [502, '503'], budget: 2 } }, false],
    [{ health: { statuses: [200, '204-299'] } }, true],
    [{ sites: { 'a.com': { rules: [], hsts: { max_age: '1d' } } } }, true],
    [{ sites: { 'a.com': { tls: {} } } }, false],
    [{ static_root: './public', cache: { disk: ['/a', '/b'], disk_size: '1GB', slice: false } }, true],
    [{ sites: { 'a.com': { static_root: 'a' }, 'b.com': { cache: { disk: '/a' } } } }, false],
    [{ compression: true, upgrades: 'off' }, true],
    [{ compression: { encodings: ['br'], dictionaries: [{ match: '/a/*.js', id: 'a' }] } }, true],
    [{ compression: { encodings: ['brotli'] } }, false],
    [{ compression: { dictionaries: [{ use_for: '/a/*' }] } }, false],
    [{ cache: { slice: true } }, false],
    [{ cache: { static: { match: '*.js', preset: 'none', compress: false, slice: '1MB', immutable: 'on' } } }, true],
  ];
  for (const [file, isValid] of cases) assert.equal(validate(file), isValid, JSON.stringify(file));
});
