import { type Launch, MB, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

const LARGEST_OBJECT = 2 * MB;

function launch({ dir, port, originPort, memory }: Setup): Launch {
  const conf = `global
  nbthread 1
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
frontend f
  bind 127.0.0.1:${port}
  option forwardfor
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
  kinds: ['hit', 'miss', 'zipf'],
  packages: ['haproxy'],
  absent: () => missing('haproxy'),
  version: { argv: ['haproxy', '-v'], pattern: /version (\S+)/ },
  launch,
};
