/** The rows of the settings table about clients: where lb listens, TLS, certificates, and what a client may take. */

import { GB, HOUR, KB, MB, type Setting } from './setting.ts';

const LISTEN: readonly Setting[] = [
  {
    path: 'listen',
    scope: 'process',
    type: 'addresses',
    default: ['0.0.0.0:8080'],
    flag: '--listen',
    placeholder: 'ADDR:PORT',
    env: 'LB_LISTEN',
    prose:
      'Address and port that clients connect to, or a list of them; the flag repeats. Port 0 lets the system choose one.',
  },
  {
    path: 'proxy_protocol',
    scope: 'process',
    type: 'networks',
    default: [],
    env: 'LB_PROXY_PROTOCOL',
    prose:
      'Addresses and networks, such as `10.0.0.0/8`, whose connections begin with a PROXY header, version 1 or 2: load balancers in front of lb. Others may not send one.',
  },
  {
    path: 'trusted_proxies',
    scope: 'process',
    type: 'networks',
    default: [],
    env: 'LB_TRUSTED_PROXIES',
    prose:
      'Addresses and networks of proxies in front of lb, whose `X-Forwarded-For` and `X-Forwarded-Proto` say who the client is. Those of others are dropped.',
  },
  {
    path: 'h2c',
    scope: 'process',
    type: 'boolean',
    default: false,
    env: 'LB_H2C',
    prose: 'Whether listeners without TLS take HTTP/2 too, from clients that know it beforehand.',
  },
];

const TLS: readonly Setting[] = [
  {
    path: 'tls.listen',
    scope: 'process',
    type: 'addresses',
    defaultText: '`0.0.0.0:8443` when there is a certificate, a folder of them or a domain for ACME, else none',
    flag: '--tls-listen',
    placeholder: 'ADDR:PORT',
    env: 'LB_TLS_LISTEN',
    prose: 'Address and port that clients connect to with TLS, or a list of them.',
  },
  {
    path: 'tls.cert',
    scope: 'process',
    type: 'file',
    defaultText: 'none',
    flag: '--tls-cert',
    placeholder: 'FILE',
    env: 'LB_TLS_CERT',
    prose: 'PEM file with the certificate and those of its issuers, in this order.',
  },
  {
    path: 'tls.key',
    scope: 'process',
    type: 'file',
    defaultText: 'none',
    flag: '--tls-key',
    placeholder: 'FILE',
    env: 'LB_TLS_KEY',
    prose: 'PEM file with the private key of `tls.cert`.',
  },
  {
    path: 'tls.certificates',
    scope: 'process',
    type: 'certificates',
    defaultText: 'none',
    prose:
      'Further certificates, as objects with `cert` and `key`. A client gets the one that is for the name it asks for, or else the first.',
  },
  {
    path: 'tls.certificates[].cert',
    scope: 'process',
    type: 'file',
    defaultText: 'required',
    prose: 'PEM file with the certificate and those of its issuers.',
  },
  {
    path: 'tls.certificates[].key',
    scope: 'process',
    type: 'file',
    defaultText: 'required',
    prose: 'PEM file with the private key.',
  },
  {
    path: 'tls.folder',
    scope: 'process',
    type: 'folder',
    defaultText: 'none',
    env: 'LB_TLS_FOLDER',
    prose:
      'Folder of certificates: `NAME.crt` and `NAME.key`, `NAME.pem` with both, or `NAME/fullchain.pem` and `NAME/privkey.pem`.',
  },
  {
    path: 'tls.min_version',
    scope: 'process',
    type: 'enum',
    values: ['1.2', '1.3'],
    default: '1.2',
    env: 'LB_TLS_MIN_VERSION',
    prose: 'Oldest version of TLS that clients may use.',
  },
  {
    path: 'tls.http2',
    scope: 'process',
    type: 'boolean',
    default: true,
    env: 'LB_TLS_HTTP2',
    prose: 'Whether clients may use HTTP/2 on the TLS listeners.',
  },
  {
    path: 'tls.client_ca',
    scope: 'process',
    type: 'file',
    defaultText: 'none',
    env: 'LB_TLS_CLIENT_CA',
    prose: "PEM file with the certificates that clients' certificates are checked against.",
  },
  {
    path: 'tls.client_auth',
    scope: 'process',
    type: 'enum',
    values: ['off', 'request', 'require'],
    default: 'off',
    env: 'LB_TLS_CLIENT_AUTH',
    prose: 'Whether clients are asked for a certificate, and whether they need one. Needs `tls.client_ca`.',
  },
];

const ACME: readonly Setting[] = [
  {
    path: 'acme.domains',
    scope: 'process',
    type: 'domains',
    default: [],
    env: 'LB_ACME_DOMAINS',
    prose:
      'Host names for which lb gets certificates from a certificate authority (RFC 8555), and renews them. They have to lead to lb.',
  },
  {
    path: 'acme.email',
    scope: 'process',
    type: 'string',
    defaultText: 'none',
    env: 'LB_ACME_EMAIL',
    prose: 'Where the certificate authority may write to.',
  },
  {
    path: 'acme.directory',
    scope: 'process',
    type: 'url',
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    env: 'LB_ACME_DIRECTORY',
    prose: 'URL of the directory of the certificate authority. The default is that of Let’s Encrypt.',
  },
  {
    path: 'acme.agree_tos',
    scope: 'process',
    type: 'boolean',
    default: false,
    env: 'LB_ACME_AGREE_TOS',
    prose: 'Whether you agree to the terms of service of the certificate authority. Required with `acme.domains`.',
  },
  {
    path: 'acme.challenge',
    scope: 'process',
    type: 'enum',
    values: ['auto', 'http-01', 'tls-alpn-01'],
    default: 'auto',
    env: 'LB_ACME_CHALLENGE',
    prose:
      'How lb proves that a name is its own: `http-01` needs port 80 to lead to lb, `tls-alpn-01` port 443; `auto` takes what works.',
  },
  {
    path: 'acme.ca_file',
    scope: 'process',
    type: 'file',
    defaultText: "the system's authorities",
    env: 'LB_ACME_CA_FILE',
    prose: "PEM file by which the directory's own TLS is checked, for a certificate authority of your own.",
  },
  {
    path: 'acme.eab_kid',
    scope: 'process',
    type: 'string',
    defaultText: 'none',
    env: 'LB_ACME_EAB_KID',
    prose: 'Key identifier of an external account, where the certificate authority wants one.',
  },
  {
    path: 'acme.eab_key',
    scope: 'process',
    type: 'string',
    defaultText: 'none',
    env: 'LB_ACME_EAB_KEY',
    secret: true,
    prose: 'Key of the external account, in base64url.',
  },
];

const count = (path: string, env: `LB_${string}`, prose: string): Setting => ({
  path,
  scope: 'process',
  type: 'integer',
  default: 0,
  min: 0,
  max: 10_000_000,
  env,
  prose,
});

const time = (path: string, value: string, env: `LB_${string}`, prose: string): Setting => ({
  path,
  scope: 'process',
  type: 'duration',
  default: value,
  min: 0,
  max: HOUR,
  unit: 'ms',
  env,
  prose,
});

const rate = (path: string, env: `LB_${string}`, prose: string): Setting => ({
  path,
  scope: 'process',
  type: 'size',
  default: '256B',
  min: 0,
  max: GB,
  unit: 'B',
  env,
  prose,
});

const LIMITS: readonly Setting[] = [
  count('limits.connections', 'LB_LIMITS_CONNECTIONS', 'Most connections of clients at once. 0 sets no limit.'),
  count(
    'limits.connections_per_address',
    'LB_LIMITS_CONNECTIONS_PER_ADDRESS',
    'Most connections at once from one address; of IPv6, from one /64. 0 sets no limit.',
  ),
  {
    path: 'limits.url',
    scope: 'process',
    type: 'size',
    default: '16KB',
    min: 256,
    max: MB,
    unit: 'B',
    env: 'LB_LIMITS_URL',
    prose: 'Longest path and query; a longer one is answered 414.',
  },
  time('limits.header_timeout', '10s', 'LB_LIMITS_HEADER_TIMEOUT', 'How long the head of a request may take.'),
  time('limits.body_timeout', '30s', 'LB_LIMITS_BODY_TIMEOUT', 'How long a client may pause in a request body.'),
  rate(
    'limits.min_receive_rate',
    'LB_LIMITS_MIN_RECEIVE_RATE',
    'Bytes a second that a request body has to bring on the average, after five seconds. 0 sets no limit.',
  ),
  rate(
    'limits.min_send_rate',
    'LB_LIMITS_MIN_SEND_RATE',
    'Bytes a second that a client has to take of a response that waits for it. 0 sets no limit.',
  ),
  time('limits.send_timeout', '60s', 'LB_LIMITS_SEND_TIMEOUT', 'How long a response may wait for its client.'),
  time(
    'limits.idle_timeout',
    '60s',
    'LB_LIMITS_IDLE_TIMEOUT',
    'How long a connection may stay open without a request. 0 sets no limit.',
  ),
  {
    path: 'limits.streams',
    scope: 'process',
    type: 'integer',
    default: 128,
    min: 1,
    max: 10_000,
    env: 'LB_LIMITS_STREAMS',
    prose: 'Most requests at once on one HTTP/2 connection.',
  },
  {
    path: 'max_request_header',
    scope: 'process',
    type: 'size',
    default: '16KB',
    min: 4 * KB,
    max: MB,
    unit: 'B',
    env: 'LB_MAX_REQUEST_HEADER',
    prose: 'Largest block of request headers; a larger one is answered 431.',
  },
  {
    path: 'max_request_body',
    scope: 'process',
    type: 'size',
    default: 0,
    min: 0,
    max: 1024 * GB,
    unit: 'B',
    env: 'LB_MAX_REQUEST_BODY',
    prose: 'Largest request body; a larger one is answered 413. 0 sets no limit.',
  },
];

/** All of them, in the order of the documentation. */
export const CLIENT_SETTINGS: readonly Setting[] = [...LISTEN, ...TLS, ...ACME, ...LIMITS];
