// JSON Schemas of what the admin API takes and answers.
import { CACHE_RESULTS } from '../stats/log-ring.ts';

/** A JSON Schema, draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

const text = (description?: string, more: Schema = {}): Schema => described({ type: 'string', ...more }, description);
const count = (description?: string): Schema => described({ type: 'integer', minimum: 0 }, description);
const amount = (description?: string): Schema => described({ type: 'number', minimum: 0 }, description);
const flag = (description?: string): Schema => described({ type: 'boolean' }, description);
const share = (description?: string): Schema => described({ type: 'number', minimum: 0, maximum: 1 }, description);
const list = (items: Schema, description?: string): Schema => described({ type: 'array', items }, description);
const texts = (description?: string): Schema => list(text(), description);
const time = (description?: string): Schema => text(description, { format: 'date-time' });
const oneOf = (values: readonly string[], description?: string): Schema => text(description, { enum: values });
const map = (values: Schema, description?: string): Schema =>
  described({ type: 'object', additionalProperties: values }, description);
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function described(schema: Schema, description: string | undefined): Schema {
  return description === undefined ? schema : { ...schema, description };
}

function nullable(schema: Schema): Schema {
  return { ...schema, type: [schema.type, 'null'] };
}

/** An object with these members and no others; all are required but those that end in `?`. */
function object(members: Record<string, Schema>, description?: string): Schema {
  const named = Object.entries(members).map(([name, schema]) => [name.replace(/\?$/, ''), schema] as const);
  const required = Object.keys(members).filter((name) => !name.endsWith('?'));
  const properties = Object.fromEntries(named);
  return described({ type: 'object', properties, required, additionalProperties: false }, description);
}

/** What other programs may find more in later on. */
function open(members: Record<string, Schema>, description?: string): Schema {
  return { ...object(members, description), additionalProperties: true };
}

const SCOPES = ['url', 'pattern', 'tag', 'all'];

const PURGE_MEMBERS = {
  id: text('Identifies the purge in logs.'),
  scope: oneOf(SCOPES, 'One target, targets that match a pattern, whatever has a tag, or everything.'),
  host: nullable(text('Host that it is for; null for any.')),
  site: nullable(text('Name of the site that was named or that the host belongs to; null for every site.')),
  pattern: text('Path and query; `*` stands for any number of characters.'),
  'tag?': text(),
  soft: flag('Whether what matches is marked stale instead of removed.'),
  time: time('When it took effect.'),
  'objects?': count('How many responses it matched, where that is known at once.'),
  'warning?': text('What is not as it should be: a disk has not kept the purge for good yet.'),
};

const PURGE_ITEM = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  description:
    'One of `url`, `prefix`, `pattern`, `tag`, `tags` and `all`, narrowed by `host` and `site`; or these two alone.',
  properties: {
    url: text('A URL, or path and query on any host.'),
    prefix: text('All that begins with it.'),
    pattern: text('With `*` for any number of characters.'),
    tag: text(),
    tags: { type: 'array', items: text(), minItems: 1 },
    all: { const: true },
    host: text(),
    site: text(),
  },
};

const ORIGIN = object(
  {
    site: text('Name of the site.'),
    url: text(),
    state: oneOf(
      ['up', 'down', 'ejected', 'open', 'unknown'],
      '`down`: its health check fails; `ejected`: too many requests to it failed in a row; `open`: its circuit breaker keeps requests away; `unknown`: nothing has told yet.',
    ),
    reason: nullable(text('Why, in words.')),
    backup: flag('Asked only while no other is up.'),
    weight: count(),
    last_check: nullable(time('Of the last health check.')),
    latency_ms: nullable(
      amount('Moving average of the time to the head of an answer; null where none has come since a request failed.'),
    ),
    under_way: nullable(count('Requests.')),
    connections: nullable(count()),
    requests: nullable(count('Since the start.')),
    errors: nullable(count('Since the start.')),
  },
  'How an origin of a site is. What is not known or not counted is null.',
);

const STATUS = object({
  version: text(),
  node: text(),
  pid: count(),
  started: time(),
  uptime_seconds: amount(),
  ready: flag(),
  reasons: texts('Why it is not ready.'),
  generation: count('Of the configuration: 1 at the start, one more with each reload.'),
  listeners: list(object({ address: text(), tls: flag() }), 'Where clients connect.'),
  workers: list(
    object({
      id: count(),
      up: flag(),
      restarts: count(),
      uptime_seconds: amount(),
      busy: share('Share of the last second in which the thread was busy.'),
      active_requests: count('Requests that were not answered at once.'),
      heap_bytes: count(),
    }),
    'Edge threads.',
  ),
  sites: list(
    object({
      name: text(),
      requests: count('Since the start.'),
      errors: count('Answers of 500 and over.'),
      hit_ratio: nullable(share('Part of the answers that came from the cache, of those that could have.')),
    }),
  ),
  origins: list(ref('Origin')),
  limits: list(
    object({
      site: text(),
      name: text(),
      passed: count('Requests since the start.'),
      refused: count(),
      would_refuse: count('By a limit that only logs.'),
      allowed: count('Of clients on its list.'),
    }),
    'Rate limits.',
  ),
  firewalls: list(
    object({
      site: text(),
      blocked: count('Requests since the start, and responses.'),
      would_block: count('Where it only logs.'),
      passed: count('Below the threshold.'),
    }),
    'Sites in whose requests rules of the firewall have fired.',
  ),
  countries: list(
    object({ site: text(), refused: count('Requests since the start.') }),
    'Sites that have refused requests for the country of their client.',
  ),
  bots: list(
    object({
      site: text(),
      class: text(),
      allowed: count('Requests since the start, logged ones too.'),
      rate_limited: count(),
      challenged: count(),
      challenge_passed: count('With a cookie of the challenge.'),
      blocked: count(),
      would_refuse: count('In log mode.'),
    }),
    'Classes of clients that sites with `addons.bots` have seen.',
  ),
  cache: object({
    memory_bytes: count('The limit.'),
    used_bytes: count(),
    objects: count(),
    evictions: count('Since the start.'),
    flights: count('Fetches under way that fill the cache.'),
    pins: count(),
    hit_ratio: nullable(share()),
  }),
  disks: list(
    object({
      folder: text(),
      state: oneOf(['opening', 'loading', 'ready', 'failed', 'closed']),
      reason: nullable(text('Why it failed, or does not write.')),
      limit_bytes: count('Of all files together.'),
      used_bytes: count(),
      objects: count(),
      writes: count("Since the disk's thread began."),
      evictions: count("Since the disk's thread began."),
    }),
    'Folders for what memory has no room for.',
  ),
  memory: object({ resident_bytes: count(), heap_bytes: count() }, 'Of the process.'),
});

const STATS = object({
  time: time(),
  uptime_seconds: amount('Of the process; counters begin at zero with it.'),
  process: map(ref('StatValue')),
  sites: map(map(ref('StatValue')), 'By name of the site.'),
  workers: map(map(ref('StatValue')), 'By number of the edge thread.'),
});

const STAT_VALUE = {
  description:
    'A number, or numbers by label. Metrics have the names that `/metrics` gives them, without `lb_`; what ends in `_total` is a counter. Histograms have `count`, `sum` in seconds, and `buckets` with all that took at most so many seconds.',
  anyOf: [{ type: 'number' }, { type: 'object', additionalProperties: ref('StatValue') }],
};

const ACCESS_LINE = object({
  time: time('When the request arrived.'),
  event: { const: 'access' },
  'request_id?': text(),
  'site?': text(),
  'client_ip?': text(),
  method: text(),
  'host?': text(),
  'path?': text('Without the query.'),
  status: count(),
  bytes: count('Of the body.'),
  duration_ms: amount('From the request head to the end of the answer.'),
  cache: oneOf(CACHE_RESULTS),
  'user_agent?': text(),
  'sample?': share('Share of requests that there are lines of, where that is below 1.'),
});

/** By name, for `#/components/schemas`. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: open(
    { type: text(), title: text(), status: count(), detail: text('What is wrong, and what to do.') },
    'Problem details (RFC 9457).',
  ),
  ReloadProblem: open({
    type: text(),
    title: text(),
    status: count(),
    detail: text(),
    errors: list(
      object({
        source: text('File, flag or variable.'),
        line: count('From 1; 0 for flags and variables.'),
        column: count('From 1; 0 for flags and variables.'),
        place: text('`lb.json:5:15`, or the flag or variable.'),
        message: text(),
        'fix?': text('What to do about it.'),
      }),
      'Mistakes in the configuration, all at once.',
    ),
  }),
  Live: object({ live: { const: true } }),
  Ready: object({ ready: flag(), reasons: texts('Why it is not ready.') }),
  Status: STATUS,
  Origin: ORIGIN,
  Stats: STATS,
  StatValue: STAT_VALUE,
  LogLine: { anyOf: [ref('AccessLine'), ref('LostLines')] },
  AccessLine: ACCESS_LINE,
  LostLines: object(
    { time: time(), event: { const: 'lost' }, lines: count('How many.') },
    'The reader, or lb itself, was too slow for these lines.',
  ),
  Reloaded: object({
    ok: { const: true },
    generation: count('Of the configuration now in force.'),
    changed: texts('What is in force now, in words.'),
    needs_restart: texts('Settings whose new values count from the next start on.'),
  }),
  Upgraded: object({ pid: count('Of the process that took over.') }),
  Cache: open(
    {
      memory: count('Bytes.'),
      used: count('Bytes.'),
      objects: count(),
      evictions: count(),
      flights: count(),
      pins: count(),
      eviction: oneOf(['s3fifo', 'lru']),
      sites: list(object({ name: text(), objects: count() })),
    },
    'Statistics of the cache.',
  ),
  Explanation: open(
    {
      time: time(),
      request: open({ method: text(), host: text(), target: text(), fields: texts() }),
      decision: open({
        action: oneOf(['hit', 'stale', 'revalidate', 'miss', 'pass', 'refuse', 'answer']),
        status: nullable(count()),
        cache_status: text(),
        why: texts('In words, the decisive one first.'),
      }),
      site: open({ name: text(), matched: text(), origins: texts() }),
      key: open({ scheme: text(), host: text(), methods: text(), target: text(), configured: texts() }),
    },
    'What would become of a request, and why; docs/explain.md has all members.',
  ),
  Purge: object(PURGE_MEMBERS),
  PurgeList: object({
    purge: { type: 'array', items: ref('PurgeItem'), minItems: 1, maxItems: 1000 },
    'soft?': flag(),
  }),
  PurgeItem: PURGE_ITEM,
  PurgeBody: object({
    'soft?': flag('Mark stale instead of removing.'),
    'site?': text('Only of this site.'),
    'tag?': text('Whatever has this tag; the path is then `/cache/*`.'),
  }),
  Purged: object({ purged: list(object({ item: count('Position in the list sent.'), ...PURGE_MEMBERS })) }),
};
