/**
 * Which part of the program may import which, besides itself. A part is a folder of `src/`, or `main` (`src/main.ts`),
 * `workers`, `native-bindings`. `types` lists parts of which only types may be imported; `any` stands for every part.
 *
 * Tests, benchmarks and scripts may import whatever they need; the rule against cycles covers them too.
 */
export interface Rule {
  imports: readonly string[];
  types?: readonly string[];
}

export const IMPORT_TABLE: Readonly<Record<string, Rule>> = {
  base: { imports: [] },
  http: { imports: ['base'] },
  cache: { imports: ['base'] },
  disk: { imports: ['base', 'cache', 'stats', 'threads', 'native-bindings'] },
  stats: { imports: ['base'] },
  config: { imports: ['base', 'http'] },
  geo: { imports: ['base', 'http', 'config'] },
  tracing: { imports: ['base', 'http', 'config', 'stats'] },
  threads: { imports: ['base', 'config'], types: ['tls', 'compress', 'waf'] },
  ratelimit: { imports: ['base', 'http', 'config'] },
  bot: { imports: ['base', 'http', 'config'] },
  guard: { imports: ['base', 'http', 'config', 'ratelimit', 'waf', 'geo', 'bot', 'stats'] },
  site: { imports: ['base', 'http', 'config', 'cache'], types: ['guard'] },
  static: { imports: ['base', 'http', 'config'] },
  origin: { imports: ['base', 'http', 'config', 'stats', 'static'] },
  fill: { imports: ['base', 'http', 'cache', 'site', 'origin', 'stats', 'threads', 'disk'], types: ['tracing'] },
  compress: { imports: ['base', 'http', 'cache', 'config', 'fill', 'stats'] },
  request: {
    imports: ['base', 'http', 'cache', 'site', 'guard', 'origin', 'fill', 'compress', 'stats', 'threads', 'disk'],
    types: ['tracing', 'ratelimit'],
  },
  pool: { imports: ['base', 'cache', 'fill', 'compress'] },
  tls: { imports: ['base', 'http', 'config'] },
  transport: { imports: ['base', 'http', 'native-bindings'], types: ['request', 'config', 'threads', 'tls'] },
  explain: { imports: ['base', 'http', 'cache', 'config', 'site', 'fill', 'compress', 'ratelimit', 'geo', 'bot'] },
  admin: { imports: ['base', 'stats', 'config', 'cache'] },
  server: {
    imports: [
      'base',
      'http',
      'cache',
      'site',
      'fill',
      'stats',
      'config',
      'geo',
      'ratelimit',
      'waf',
      'origin',
      'threads',
      'transport',
      'explain',
      'admin',
      'pool',
      'compress',
      'disk',
      'acme',
      'tls',
      'supervisor',
      'native-bindings',
    ],
  },
  acme: { imports: ['base', 'config', 'tls'] },
  supervisor: { imports: ['base', 'native-bindings'] },
  waf: { imports: ['base', 'http', 'config'] },
  cli: { imports: ['any'] },
  main: { imports: ['any'] },
  workers: { imports: ['any'] },
  'native-bindings': { imports: ['base'] },
};

/** Parts that nothing may import, however wide its own rule. Threads are started by file name. */
export const NEVER_IMPORTED: readonly string[] = ['workers', 'main'];

/** Files of `src/request/` that are steps of the pipeline: only the step table names them, they never name each other. */
export const STEPS: readonly string[] = ['receive', 'route', 'guard', 'lookup', 'fill', 'respond', 'finish'];

/** Packages that only some parts may load, so that all other code runs without them. */
export const PACKAGE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  'uWebSockets.js': ['transport', 'main', 'workers'],
  undici: ['origin', 'static', 'fill', 'cli'],
  'mime-types': ['static'],
  '@opentelemetry/api': ['tracing'],
  '@opentelemetry/sdk-trace': ['tracing'],
  '@opentelemetry/resources': ['tracing'],
  '@opentelemetry/exporter-trace-otlp-proto': ['tracing'],
  'prom-client': ['stats', 'admin'],
  'mmdb-lib': ['geo'],
  commander: ['cli', 'main'],
  'modern-tar': ['waf'],
  sax: ['cli', 'waf'],
  '@datadog/native-appsec': ['waf'],
  isbot: ['bot'],
  'crawler-user-agents': ['bot'],
  piscina: ['pool', 'workers'],
  re2js: ['admin', 'waf'],
  'acme-client': ['acme'],
  '@peculiar/x509': ['acme'],
};

/** Parts that hold pure code: they import no package at all. */
export const NO_PACKAGES: readonly string[] = ['base', 'http', 'cache'];
