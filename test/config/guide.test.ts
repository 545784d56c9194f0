import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { QUERY_PRESETS } from '../../src/http/query-key.ts';
import { createAuthority } from '../dial/certificates.ts';
import { Folder } from './cli.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const guide = page('configuration.md');
const files = page('static-files.md');
const waf = page('waf.md') + page('waf-rules.md');
const limits = page('rate-limits.md');
const clients = [page('geo.md'), page('bots.md')];
const blocks = (language: string, pages = [guide, files]) =>
  pages.flatMap((text) => [...text.matchAll(/```(\w*)\n(.*?)```/gs)].filter(([, name]) => name === language));

test('every lb.json in the guide is valid', async () => {
  const examples = blocks('json', [guide, files, waf, limits, ...clients]).map(([, , text]) => text);
  assert.ok(examples.length >= 4);
  const pem = await (await createAuthority()).issue();
  for (const text of examples) {
    const named = [...text.matchAll(/"([\w-]+\.(crt|key))"/g)].map(([, name, kind]) => [
      name,
      kind === 'key' ? pem.key : pem.cert,
    ]);
    using folder = new Folder({ ...(Object.fromEntries(named) as Record<string, string>), 'lb.json': text });
    for (const name of ['certificates', 'public']) mkdirSync(join(folder.path, name));
    const { code, stderr } = await folder.lb(['check'], { COLLECTOR_TOKEN: 'a-token' });
    assert.equal(code, 0, `${text}\n${stderr}`);
  }
});

test('every command line in the guide is valid', async () => {
  for (const [, , text] of blocks('sh')) {
    using folder = new Folder({ token: 'a-token-of-enough-length', 'lb.json': '{"origins": ["a:80"]}' });
    mkdirSync(join(folder.path, 'public'));
    const words = (text.trim().match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
    const start = words.findIndex((word) => word === 'lb' || word === 'node');
    const env: Record<string, string> = Object.fromEntries(words.slice(0, start).map((word) => word.split('=')));
    if (env.LB_ADMIN_TOKEN_FILE) env.LB_ADMIN_TOKEN_FILE = 'token';
    const flags = words.slice(start + (words[start] === 'node' ? 2 : 1)).filter((word) => word !== 'serve');
    const { code, stderr } = await folder.lb(['check', ...flags], env);
    assert.equal(code, 0, `${text}\n${stderr}`);
  }
});

test('the error in the guide is what lb says', async () => {
  using folder = new Folder({
    'lb.json':
      '{\n  "origins": ["a:80"],\n  "cache": {\n    "static": {"match": "*.js"},\n\n    "api": {"match": "/api", "tll": 60}\n  }\n}',
  });
  const { stderr } = await folder.lb(['check']);
  assert.ok(guide.includes(stderr.split('\n\n')[0]), stderr);
});

test('the guide lists each preset in full', () => {
  for (const [preset, names] of QUERY_PRESETS) {
    const [, list] = new RegExp(`^\`${preset}\` stands for (.*?)\\. `, 'ms').exec(guide) ?? [];
    assert.deepEqual([...(list ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort(), [...names].sort());
  }
});
