import { join } from 'node:path';
import { MODULE, modsecurityRules } from '../../waf/rules.ts';
import { ZIPF_MEAN_BYTES } from '../bodies.ts';
import { type Launch, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

/** What a key takes of nginx's key zone: its documentation counts 8,000 keys per megabyte. */
const BYTES_PER_KEY = 131;

const KEEPALIVE_FOREVER = 'keepalive_requests 1000000000; keepalive_timeout 1h;';

/** Lines that every nginx here needs to run in the foreground out of its own folder, logging errors alone. */
export function nginxPreamble(dir: string, root: boolean, workers = 1): string {
  return `${root ? 'user root;' : ''}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile 16384;
pid ${dir}/nginx.pid;
error_log stderr error;
events { worker_connections 8000; use epoll; }`;
}

/** `http` block lines shared by the origin and the proxy. */
export function nginxHttp(dir: string): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `access_log off;
  default_type application/octet-stream;
  tcp_nodelay on;
  ${KEEPALIVE_FOREVER}
  ${temp.map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}`;
}

/** Command line of an nginx whose configuration is `nginx.conf` in `dir`. */
export function nginxArgv(dir: string): string[] {
  return [which('nginx') ?? 'nginx', '-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf')];
}

/** Saves nginx an open per hit. It keeps evicted files open and answers from them, so it is for caches that never evict. */
const OPEN_FILE_CACHE = 'open_file_cache max=8000 inactive=1h; open_file_cache_valid 1h;';

/**
 * nginx looks at `max_size` only every ten seconds, too seldom to bound a cache that changes this fast, but it evicts at
 * once when its key zone is full: so the zone is made for as many keys as objects of the mean size fit.
 */
function keyZoneKilobytes(memory: number): number {
  return Math.ceil(((memory / ZIPF_MEAN_BYTES) * BYTES_PER_KEY) / 1024);
}

function launch(setup: Setup, sendfile: 'on' | 'off'): Launch {
  const { dir, port, tlsPort, cert, key, originPort, memory, disk, churn, root, threads, limited, waf } = setup;
  const size = disk > 0 ? disk : memory;
  const zone = `keys_zone=lb:${keyZoneKilobytes(size)}k max_size=${megabytes(size)}m`;
  const conf = `${waf ? `load_module ${MODULE};` : ''}
${nginxPreamble(dir, root, threads)}
http {
  ${nginxHttp(dir)}
  sendfile ${sendfile};
  ${churn ? '' : OPEN_FILE_CACHE}
  proxy_cache_path ${dir}/cache levels=1:2 ${zone} inactive=1d use_temp_path=off;
  ${limited ? 'limit_req_zone $binary_remote_addr zone=rate:10m rate=1000000r/s;' : ''}
  upstream origin { server 127.0.0.1:${originPort}; keepalive 128; ${KEEPALIVE_FOREVER} }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl http2 backlog=4096;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ${limited ? 'limit_req zone=rate burst=1000000 nodelay;' : ''}
    ${waf ? `modsecurity on; modsecurity_rules_file ${dir}/rules.conf; proxy_cache_key $uri;` : ''}
    location / { proxy_pass http://origin; proxy_cache lb; }
    location /stale/ { proxy_pass http://origin; proxy_cache lb; proxy_cache_revalidate on; }
    location /miss/ { proxy_pass http://origin; }
  }
}
`;
  const rules: Launch['files'] = waf ? { 'rules.conf': modsecurityRules({ level: 1 }) } : {};
  return { argv: nginxArgv(dir), files: { 'nginx.conf': conf, ...rules } };
}

const common = {
  packages: ['nginx'],
  absent: () => missing('nginx'),
  version: { argv: ['nginx', '-v'], pattern: /nginx\/(\S+)/ },
};

/** nginx at its cheapest for small objects: `proxy_cache` read through buffers; misses by plain `proxy_pass`. */
export const nginx: Peer = {
  ...common,
  name: 'nginx',
  weighed: true,
  kinds: [
    'hit',
    'miss',
    'revalidate',
    'zipf',
    'disk',
    'conditional',
    'range',
    'variant',
    'tls',
    'h2',
    'limited',
    'waf',
    'threads',
  ],
  launch: (setup) => launch(setup, 'off'),
};

/** nginx with `sendfile`, which costs it more for small objects and less for large ones. */
export const nginxSendfile: Peer = {
  ...common,
  name: 'nginx+sendfile',
  kinds: ['hit', 'zipf', 'disk'],
  launch: (setup) => launch(setup, 'on'),
};
