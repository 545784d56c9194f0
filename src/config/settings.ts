/**
 * The table of settings. The loader's checks, `--help`, docs/settings.md and the JSON Schema all come from it:
 * a new setting is one row here and one field of `Config`.
 */

import { ADDON_SETTINGS } from './addon-settings.ts';
import { CACHE_SETTINGS } from './cache-settings.ts';
import { CLIENT_SETTINGS } from './client-settings.ts';
import { COMPRESSION_SETTINGS } from './compression-settings.ts';
import { DNS_SETTINGS, ORIGIN_SETTINGS } from './origin-settings.ts';
import { RULE_SETTINGS } from './rule-settings.ts';
import { GB, MB, type Setting } from './setting.ts';
import { STATIC_SETTINGS } from './static-settings.ts';

const PROCESS_SETTINGS: readonly Setting[] = [
  {
    path: 'admin',
    scope: 'process',
    type: 'address',
    default: '127.0.0.1:9900',
    flag: '--admin',
    placeholder: 'ADDR:PORT',
    env: 'LB_ADMIN',
    prose: 'Address and port of purges, health and metrics. An address that is not loopback needs `admin_token`.',
  },
  {
    path: 'admin_token',
    scope: 'process',
    type: 'string',
    defaultText: 'none',
    env: 'LB_ADMIN_TOKEN',
    secret: true,
    prose:
      'Token that admin requests must bring (`Authorization: Bearer ...`). Keep it out of lb.json: write `$' +
      '{env:NAME}` there, or use the variable, or `LB_ADMIN_TOKEN_FILE` with the name of a file that holds it.',
  },
  {
    path: 'workers',
    scope: 'process',
    type: 'integer',
    defaultText: "one less than the machine's cores, at least 1",
    min: 1,
    max: 62,
    flag: '--workers',
    placeholder: 'N',
    env: 'LB_WORKERS',
    prose: 'Threads that serve requests.',
  },
  {
    path: 'shutdown_timeout',
    scope: 'process',
    type: 'duration',
    default: '30s',
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    env: 'LB_SHUTDOWN_TIMEOUT',
    prose: 'How long running requests may take to finish after SIGTERM.',
  },
  {
    path: 'background_cpu',
    scope: 'process',
    type: 'number',
    default: 0.25,
    min: 0.01,
    max: 64,
    env: 'LB_BACKGROUND_CPU',
    prose:
      'Processor cores that work in the background may take in all, at the lowest priority: compression at high levels (`compression.background`) and dictionaries. 0.25 is a quarter of one core.',
  },
  {
    path: 'multi_tenant',
    scope: 'process',
    type: 'boolean',
    default: false,
    env: 'LB_MULTI_TENANT',
    prose:
      'Whether whoever writes the sites is a stranger to whoever runs lb: origins whose address is loopback, link-local, private or that of cloud metadata are then refused, each time a connection is made.',
  },
  {
    path: 'data_dir',
    scope: 'process',
    type: 'path',
    defaultText: '`/var/lib/lb` for root, else `~/.local/share/lb`',
    env: 'LB_DATA_DIR',
    prose: 'Folder of what lb itself keeps: ACME accounts and certificates.',
  },
  {
    path: 'watch',
    scope: 'process',
    type: 'boolean',
    default: false,
    env: 'LB_WATCH',
    prose:
      'Whether lb loads its settings again when lb.json or a file changes that it names: certificates, those of `origin_tls` among them, rules of the WAF, `geo.database`, files of `addons.bots`.',
  },
  {
    path: 'geo.database',
    scope: 'process',
    type: 'file',
    defaultText: 'the one that comes with lb',
    env: 'LB_GEO_DATABASE',
    prose:
      'MMDB file that tells the country of an address, with a field `country_code` or `country.iso_code`. Read where an addon, a cache key or a rule asks for countries: at the start, and at a reload if the file is another one by then.',
  },
  {
    path: 'log.level',
    scope: 'process',
    type: 'enum',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    flag: '--log-level',
    placeholder: 'LEVEL',
    env: 'LB_LOG_LEVEL',
    prose: 'Least severity of the messages that are logged.',
  },
  {
    path: 'log.access',
    scope: 'process',
    type: 'boolean',
    default: true,
    flag: '--log-access',
    placeholder: 'on|off',
    env: 'LB_LOG_ACCESS',
    prose: 'Whether each request is logged, as one line of JSON on stdout.',
  },
  {
    path: 'log.sample',
    scope: 'process',
    type: 'number',
    default: 1,
    min: 0,
    max: 1,
    env: 'LB_LOG_SAMPLE',
    prose: 'Part of the requests that is logged: 1 is all, 0.01 one in a hundred.',
  },
  {
    path: 'log.redact',
    scope: 'process',
    type: 'strings',
    default: [],
    values: ['client_ip', 'host', 'path', 'user_agent', 'request_id'],
    env: 'LB_LOG_REDACT',
    prose: 'Fields left out of the access log: any of `client_ip`, `host`, `path`, `user_agent`, `request_id`.',
  },
  {
    path: 'tracing.endpoint',
    scope: 'process',
    type: 'url',
    defaultText: 'no tracing',
    env: 'LB_TRACING_ENDPOINT',
    prose: 'Base URL of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.',
  },
  {
    path: 'tracing.sample',
    scope: 'process',
    type: 'number',
    default: 0.1,
    min: 0,
    max: 1,
    env: 'LB_TRACING_SAMPLE',
    prose: 'Part of the traces that lb begins; what a client has begun keeps the decision made there.',
  },
  {
    path: 'tracing.service_name',
    scope: 'process',
    type: 'string',
    default: 'lb',
    env: 'LB_TRACING_SERVICE_NAME',
    prose: 'Name under which the collector shows lb.',
  },
  {
    path: 'tracing.headers',
    scope: 'process',
    type: 'fields',
    default: [],
    env: 'LB_TRACING_HEADERS',
    secret: true,
    prose:
      'Header fields of requests to the collector, as an object; as a variable, `name: value` with commas between them.',
  },
  {
    path: 'cache.memory',
    scope: 'process',
    type: 'size',
    defaultText: 'a quarter of the memory, at most 1GB',
    min: 8 * MB,
    max: 16 * GB,
    unit: 'B',
    flag: '--cache-memory',
    placeholder: 'SIZE',
    env: 'LB_CACHE_MEMORY',
    prose: 'Memory for cached responses and their index: a hard limit, shared by all sites and threads.',
  },
  {
    path: 'cache.disk',
    scope: 'process',
    type: 'paths',
    defaultText: 'none',
    flag: '--cache-disk',
    placeholder: 'DIR',
    env: 'LB_CACHE_DISK',
    help: 'Folder for cached responses that memory has no room for; repeats',
    prose:
      'Folders, one for each disk, that hold cached responses for which memory has no room, and keep them over restarts. A folder is made where there is none. It belongs to one lb alone.',
  },
  {
    path: 'cache.disk_size',
    scope: 'process',
    type: 'size',
    defaultText: '10GB',
    min: 16 * MB,
    max: 64 * 1024 * GB,
    unit: 'B',
    flag: '--cache-disk-size',
    placeholder: 'SIZE',
    env: 'LB_CACHE_DISK_SIZE',
    help: 'Limit for all files in each folder of --cache-disk',
    prose: 'Limit for all files in each folder of `cache.disk`, the index counted.',
  },
  {
    path: 'cache.eviction',
    scope: 'process',
    type: 'enum',
    values: ['s3fifo', 'lru'],
    default: 's3fifo',
    env: 'LB_CACHE_EVICTION',
    prose:
      'What makes room when the cache is full: S3-FIFO keeps what is asked for again, lru what was asked for last.',
  },
];

/** All of them, in the order of the documentation. */
export const SETTINGS: readonly Setting[] = [
  ...CLIENT_SETTINGS,
  ...PROCESS_SETTINGS,
  ...DNS_SETTINGS,
  {
    path: 'hosts',
    scope: 'site',
    type: 'host',
    defaultText: "the site's key in `sites`",
    prose: 'Further host names of a site, beside its key. Only inside `sites`.',
  },
  ...ORIGIN_SETTINGS,
  ...STATIC_SETTINGS,
  ...CACHE_SETTINGS,
  ...COMPRESSION_SETTINGS,
  ...RULE_SETTINGS,
  ...ADDON_SETTINGS,
];
