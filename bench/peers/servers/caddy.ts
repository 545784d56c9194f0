import type { Launch, Peer, Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

function launch({ dir, port, originPort }: Setup): Launch {
  const conf = `{
  admin off
  auto_https off
  log { 
    level ERROR
  }
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${originPort} {
    transport http {
      keepalive 1h
      keepalive_idle_conns_per_host 256
    }
  }
}
`;
  return {
    argv: [which('caddy') ?? 'caddy', 'run', '--adapter', 'caddyfile', '--config', `${dir}/Caddyfile`],
    env: { GOMAXPROCS: '1', XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
    files: { Caddyfile: conf },
  };
}

const NO_CACHE = "Debian's Caddy has no cache";

/** Caddy as a reverse proxy, one thread at a time running Go code. */
export const caddy: Peer = {
  name: 'caddy',
  weighed: true,
  kinds: ['miss'],
  cannot: {
    hit: NO_CACHE,
    zipf: NO_CACHE,
    conditional: NO_CACHE,
    range: NO_CACHE,
    variant: NO_CACHE,
    revalidate: NO_CACHE,
    tls: NO_CACHE,
  },
  packages: ['caddy'],
  absent: () => missing('caddy'),
  version: { argv: ['caddy', 'version'], pattern: /v?(\d\S*)/ },
  launch,
};
