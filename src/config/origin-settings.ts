/** The rows of the settings table about origins: where they are, which one is asked, and how lb speaks to them. */

import { FAILURE_SETTINGS } from './failure-settings.ts';
import { HOUR, type Setting } from './setting.ts';

const SERVERS: readonly Setting[] = [
  {
    path: 'origins',
    scope: 'site',
    type: 'origins',
    flag: '--origin',
    short: '-b',
    help: 'Server to fetch from; port 443 means TLS; http:// and https:// URLs too; repeats',
    placeholder: 'HOST:PORT',
    env: 'LB_ORIGINS',
    prose:
      'Servers that responses are fetched from: `HOST:PORT` (port 443 means TLS), an `http://` or `https://` URL, `unix:/path` of a socket, or an object. IPv6 addresses stand in brackets. The flag repeats; the variable takes a comma-separated list.',
  },
  {
    path: 'origins[].host',
    scope: 'site',
    type: 'string',
    defaultText: 'required, but with `unix`',
    prose: 'Name or IP address of the origin.',
  },
  {
    path: 'origins[].port',
    scope: 'site',
    type: 'integer',
    defaultText: '443 with `tls`, else 80',
    min: 1,
    max: 65535,
    prose: 'Port of the origin.',
  },
  {
    path: 'origins[].tls',
    scope: 'site',
    type: 'boolean',
    defaultText: 'true for port 443',
    prose: 'Whether lb speaks TLS to the origin.',
  },
  {
    path: 'origins[].unix',
    scope: 'site',
    type: 'path',
    defaultText: 'none',
    prose: 'Path of a unix socket to connect to, in place of `host` and `port`.',
  },
  {
    path: 'origins[].weight',
    scope: 'site',
    type: 'integer',
    default: 1,
    min: 1,
    max: 1000,
    prose: 'Its part of the requests, against the weights of the others.',
  },
  {
    path: 'origins[].backup',
    scope: 'site',
    type: 'boolean',
    default: false,
    prose: 'Whether it is asked only while no other origin is up.',
  },
  {
    path: 'origins[].proxy_protocol',
    scope: 'site',
    type: 'enum',
    values: ['off', 'v1', 'v2'],
    default: 'off',
    prose:
      'Version of the PROXY header that connections to it begin with. Such a connection is for one client, and is not shared.',
  },
  {
    path: 'origins[].server_name',
    scope: 'site',
    type: 'host-name',
    defaultText: 'the host',
    prose: 'Name for SNI and for the check of its certificate, where that is not `host`.',
  },
  {
    path: 'host_header',
    scope: 'site',
    type: 'string',
    default: 'auto',
    flag: '--host-header',
    placeholder: 'NAME',
    env: 'LB_HOST_HEADER',
    prose:
      "Host field sent to the origin: `client` passes what the client asked for, `origin` sends the origin's own name, `auto` passes the client's unless that is an address or localhost and the origin has a name; anything else is sent as it stands.",
  },
];

const TIMEOUTS: readonly Setting[] = [
  {
    path: 'timeouts.connect',
    scope: 'site',
    type: 'duration',
    default: '5s',
    min: 10,
    max: HOUR,
    unit: 'ms',
    env: 'LB_TIMEOUT_CONNECT',
    prose: 'How long connecting to an origin may take, TLS included.',
  },
  {
    path: 'timeouts.first_byte',
    scope: 'site',
    type: 'duration',
    default: '60s',
    min: 10,
    max: HOUR,
    unit: 'ms',
    env: 'LB_TIMEOUT_FIRST_BYTE',
    prose: "How long to wait for the head of an origin's response; then the client gets a 504.",
  },
  {
    path: 'timeouts.between_bytes',
    scope: 'site',
    type: 'duration',
    default: '30s',
    min: 10,
    max: HOUR,
    unit: 'ms',
    env: 'LB_TIMEOUT_BETWEEN_BYTES',
    prose: "How long an origin may pause in the middle of a response's body.",
  },
  {
    path: 'timeouts.total',
    scope: 'site',
    type: 'duration',
    default: 0,
    min: 0,
    max: 24 * HOUR,
    unit: 'ms',
    env: 'LB_TIMEOUT_TOTAL',
    prose: 'How long an origin may take from the request to the end of its response. 0 sets no limit.',
  },
];

const BALANCE: readonly Setting[] = [
  {
    path: 'balance.policy',
    scope: 'site',
    type: 'enum',
    values: ['round_robin', 'least_connections', 'p2c', 'hash'],
    default: 'round_robin',
    env: 'LB_BALANCE_POLICY',
    prose:
      'Which of several origins is asked: in turn, the one with the fewest requests, the better of two at random by latency and requests (`p2c`), or by a hash that keeps what is alike with one origin.',
  },
  {
    path: 'balance.hash_by',
    scope: 'site',
    type: 'hash-key',
    default: 'url',
    env: 'LB_BALANCE_HASH_BY',
    prose: 'What `hash` keeps with one origin: `url`, `path`, `ip`, `host`, `header:NAME` or `cookie:NAME`.',
  },
  {
    path: 'balance.sticky_cookie',
    scope: 'site',
    type: 'cookie',
    defaultText: 'none',
    env: 'LB_BALANCE_STICKY_COOKIE',
    prose: 'Name of a cookie by which a client stays with its origin.',
  },
];

const CONNECTIONS: readonly Setting[] = [
  {
    path: 'origin_tls.verify',
    scope: 'site',
    type: 'boolean',
    default: true,
    env: 'LB_ORIGIN_TLS_VERIFY',
    prose: 'Whether the certificates of origins are checked.',
  },
  {
    path: 'origin_tls.ca',
    scope: 'site',
    type: 'file',
    defaultText: 'the authorities that come with Node',
    env: 'LB_ORIGIN_TLS_CA',
    prose: 'PEM file by which the certificates of origins are checked.',
  },
  {
    path: 'origin_tls.cert',
    scope: 'site',
    type: 'file',
    defaultText: 'none',
    env: 'LB_ORIGIN_TLS_CERT',
    prose: 'PEM file with the certificate that lb shows to origins.',
  },
  {
    path: 'origin_tls.key',
    scope: 'site',
    type: 'file',
    defaultText: 'none',
    env: 'LB_ORIGIN_TLS_KEY',
    prose: 'PEM file with the private key of `origin_tls.cert`.',
  },
  {
    path: 'origin_http2',
    scope: 'site',
    type: 'enum',
    values: ['auto', 'on', 'off'],
    default: 'auto',
    env: 'LB_ORIGIN_HTTP2',
    prose:
      'Whether origins are spoken to by HTTP/2: `auto` where they offer it with TLS, `on` without TLS too, `off` never.',
  },
];

/** Settings of a site, in the order of the documentation. */
export const ORIGIN_SETTINGS: readonly Setting[] = [
  ...SERVERS,
  ...TIMEOUTS,
  ...BALANCE,
  ...FAILURE_SETTINGS,
  ...CONNECTIONS,
];

/** How names of origins are looked up, for all sites. */
export const DNS_SETTINGS: readonly Setting[] = [
  {
    path: 'dns.servers',
    scope: 'process',
    type: 'name-servers',
    default: [],
    env: 'LB_DNS_SERVERS',
    prose: 'Name servers that are asked for origins, as `ADDR` or `ADDR:PORT`. Without any, those of the system.',
  },
  {
    path: 'dns.min_ttl',
    scope: 'process',
    type: 'duration',
    default: '1s',
    min: 0,
    max: 24 * HOUR,
    unit: 'ms',
    env: 'LB_DNS_MIN_TTL',
    prose: 'Shortest time that an answer is used, whatever its own lifetime.',
  },
  {
    path: 'dns.max_ttl',
    scope: 'process',
    type: 'duration',
    default: '5m',
    min: 0,
    max: 24 * HOUR,
    unit: 'ms',
    env: 'LB_DNS_MAX_TTL',
    prose: 'Longest time that an answer is used.',
  },
];
