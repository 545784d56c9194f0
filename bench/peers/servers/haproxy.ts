import { type Launch, MB, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

const LARGEST_OBJECT = 12 * MB;

const LIMIT = `  stick-table type ip size 100k expire 30s store http_req_rate(1s)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 }
`;

function launch({ dir, port, tlsPort, certAndKey, originPort, memory, threads, limited }: Setup): Launch {
  const conf = `global
  nbthread ${threads}
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  option http-keep-alive
  http-reuse always
cache lb
  total-max-size ${megabytes(memory)}
  max-object-size ${LARGEST_OBJECT}
  max-age 86400
  process-vary on
frontend f
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${tlsPort} ssl crt ${certAndKey} alpn h2,http/1.1
${limited ? LIMIT : ''}  option forwardfor
  default_backend origin
backend origin
  http-request cache-use lb
  http-response cache-store lb
  server origin 127.0.0.1:${originPort}
`;
  return { argv: [which('haproxy') ?? 'haproxy', '-db', '-f', `${dir}/haproxy.cfg`], files: { 'haproxy.cfg': conf } };
}

/** HAProxy with its small-object cache, one thread. */
export const haproxy: Peer = {
  name: 'haproxy',
  weighed: true,
  kinds: ['hit', 'miss', 'zipf', 'conditional', 'variant', 'tls', 'h2', 'limited', 'threads'],
  cannot: {
    range: 'its cache answers ranges with the whole object',
    revalidate: 'its cache forgets what is stale',
    disk: 'its cache is in memory alone',
  },
  packages: ['haproxy'],
  absent: () => missing('haproxy'),
  version: { argv: ['haproxy', '-v'], pattern: /version (\S+)/ },
  launch,
};
