/** What tests of the loader share. */

import assert from 'node:assert/strict';
import { formatErrors } from './errors.ts';
import { type Loaded, type LoadOptions, loadConfig } from './load.ts';

/** Loads with `files` as the only files there are. */
export function load(files: Record<string, string>, options: Partial<LoadOptions> = {}) {
  const readFile = (path: string) => {
    const name = path.replace('/folder/', '');
    if (!Object.hasOwn(files, name)) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    return files[name];
  };
  return loadConfig({ flags: [], env: {}, cwd: '/folder', readFile, ...options });
}

/** The same, where there must be no mistake. */
export function loaded(files: Record<string, string>, options: Partial<LoadOptions> = {}): Loaded {
  const result = load(files, options);
  assert.ok(!('errors' in result), 'errors' in result ? formatErrors(result.errors) : '');
  return result;
}

/** Flags and their values, one after the other. */
export function flags(...words: string[]): Pick<LoadOptions, 'flags'> {
  const pairs = [];
  for (let i = 0; i < words.length; i += 2) pairs.push({ flag: words[i], value: words[i + 1] });
  return { flags: pairs };
}
