/**
 * The suite of HTTP caching tests by Mark Nottingham and others (package `http-cache-tests`), as it comes from npm: its
 * tests, the results of other caches that it carries, and where its programs lie.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Kind = 'required' | 'optimal' | 'check';

/** In the order in which tables show them. */
export const KINDS: readonly Kind[] = ['required', 'optimal', 'check'];

/** A test as the suite lists it; fields that only its own client reads are left out. */
export interface SuiteTest {
  id: string;
  /** What it says of a cache, in Markdown. */
  name: string;
  kind?: Kind;
  /** Ids of tests without which the result of this one means nothing. */
  depends_on?: readonly string[];
  /** Is only for caches inside browsers. */
  browser_only?: boolean;
}

export interface SuiteGroup {
  id: string;
  name: string;
  tests: readonly SuiteTest[];
}

/** What the suite says of one test: true, or the class of the failure and a message. */
export type RawResult = true | readonly [string, string];

/** Raw results by test id. A test that was not run is not there. */
export type RawResults = Readonly<Record<string, RawResult>>;

/** Another cache, with the results that the suite's authors published. */
export interface PublishedCache {
  name: string;
  version: string;
  results: RawResults;
}

/** The group that the suite lists apart from all others: it is about a W3C note of 2001, not about the standard. */
export const APART = 'surrogate-control';

/** The folder of the package. */
export const SUITE = dirname(fileURLToPath(import.meta.resolve('http-cache-tests/package.json')));

/** The version of the package. */
export const SUITE_VERSION = (JSON.parse(readFileSync(join(SUITE, 'package.json'), 'utf8')) as { version: string })
  .version;

/** All groups, without the tests that are only for browsers; the one that stands apart comes last. */
export async function loadGroups(): Promise<SuiteGroup[]> {
  const listed = await importDefault<SuiteGroup[]>('tests/index.mjs');
  const apart = await importDefault<SuiteGroup>(`tests/${APART}.mjs`);
  return [...listed, apart].map((group) => ({
    ...group,
    tests: group.tests.filter(({ browser_only }) => browser_only !== true),
  }));
}

/** The proxies and CDNs of which the package carries results. */
export async function loadPublished(): Promise<PublishedCache[]> {
  const index =
    await importDefault<{ file: string; name: string; version: string; type: string }[]>('results/index.mjs');
  return index
    .filter(({ type }) => type !== 'browser')
    .map(({ file, name, version }) => ({
      name,
      version,
      results: JSON.parse(readFileSync(join(SUITE, 'results', file), 'utf8')) as RawResults,
    }));
}

/** The kind of a test; without one it is required. */
export function kindOf(test: SuiteTest): Kind {
  return test.kind ?? 'required';
}

async function importDefault<T>(path: string): Promise<T> {
  const module = (await import(join(SUITE, path))) as { default: T };
  return module.default;
}
