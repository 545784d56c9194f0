import { type Launch, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

function launch({ dir, port, originPort, memory }: Setup): Launch {
  const conf = `http_port 127.0.0.1:${port} accel defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent ${originPort} 0 no-query originserver no-digest name=origin
cache_peer_access origin allow all
http_access allow all
memory_cache_shared off
cache_mem ${megabytes(memory)} MB
maximum_object_size_in_memory 12 MB
maximum_object_size 12 MB
memory_replacement_policy lru
forwarded_for on
access_log none
cache_store_log none
cache_log /dev/null
pid_filename none
coredump_dir ${dir}
shutdown_lifetime 0 seconds
client_idle_pconn_timeout 1 hour
server_idle_pconn_timeout 1 hour
pconn_timeout 1 hour
max_filedescriptors 16384
`;
  return {
    argv: [which('squid') ?? 'squid', '-N', '-f', `${dir}/squid.conf`],
    files: { 'squid.conf': conf },
  };
}

/** Squid as an accelerator: one process, objects in memory alone. */
export const squid: Peer = {
  name: 'squid',
  weighed: true,
  kinds: ['hit', 'miss', 'revalidate', 'zipf', 'conditional', 'range', 'variant'],
  cannot: {
    tls: "Debian's package squid is measured without TLS",
    h2: 'it speaks no HTTP/2',
    threads: 'two workers share no cache in memory without further set-up',
    limited: 'it limits bytes, not requests',
    disk: 'it is set up with its cache in memory alone',
  },
  packages: ['squid'],
  absent: () => missing('squid'),
  version: { argv: ['squid', '-v'], pattern: /Version (\S+)/ },
  launch,
};
