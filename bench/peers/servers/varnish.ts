import { type Launch, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

const TAGS_LOGGED_BY_DEFAULT = [
  'Begin,End,Link,SessOpen,SessClose,ReqStart,ReqMethod,ReqURL,ReqProtocol,ReqHeader,ReqUnset,ReqAcct',
  'RespProtocol,RespStatus,RespReason,RespHeader,RespUnset,VCL_call,VCL_return,VCL_acl,VCL_use,Hit,HitMiss,HitPass,Timestamp',
  'BereqMethod,BereqURL,BereqProtocol,BereqHeader,BereqUnset,BereqAcct,BerespProtocol,BerespStatus,BerespReason',
  'BerespHeader,BerespUnset,BackendOpen,BackendClose,BackendReuse,BackendStart,Fetch_Body,Storage,TTL,Length,Filters',
]
  .join(',')
  .split(',');

const VCL = (originPort: number) => `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_recv { if (req.url ~ "^/miss/") { return (pass); } }
sub vcl_backend_response { if (bereq.url ~ "^/stale/") { set beresp.grace = 0s; set beresp.keep = 1h; } }
`;

function launch(setup: Setup, logged: boolean): Launch {
  const parameters = ['thread_pools=1', 'thread_pool_min=200', 'thread_pool_max=1000', 'timeout_idle=3600'];
  if (!logged) parameters.push(`vsl_mask=${TAGS_LOGGED_BY_DEFAULT.map((tag) => `-${tag}`).join(',')}`);
  const { dir, disk, memory } = setup;
  const storage = disk > 0 ? `file,${dir}/store,${megabytes(disk)}m` : `malloc,${megabytes(memory)}m`;
  const argv = [
    which('varnishd') ?? 'varnishd',
    ...['-F', '-n', `${setup.dir}/work`, '-f', `${setup.dir}/lb.vcl`],
    ...['-a', `127.0.0.1:${setup.port}`, '-T', 'none', '-j', 'none'],
    ...['-s', storage],
    ...parameters.flatMap((parameter) => ['-p', parameter]),
  ];
  return { argv, files: { 'lb.vcl': VCL(setup.originPort) } };
}

const common = {
  packages: ['varnish'],
  absent: () => missing('varnishd'),
  version: { argv: ['varnishd', '-V'], pattern: /varnish-(\S+)/ },
};

/** Varnish with malloc storage (in the cases about disks: a mapped file), its built-in VCL, and nothing written to its shared-memory log. */
export const varnish: Peer = {
  ...common,
  name: 'varnish',
  weighed: true,
  kinds: ['hit', 'miss', 'revalidate', 'zipf', 'disk', 'conditional', 'range', 'variant'],
  cannot: {
    tls: 'it speaks no TLS itself',
    h2: 'it speaks no TLS itself',
    limited: 'it counts no requests without vmod_vsthrottle, which Debian keeps in another package',
    threads: 'its threads follow the connections; their number is not that of cores',
  },
  launch: (setup) => launch(setup, false),
};

/** Varnish as it comes: every request's headers go to the shared-memory log, which nobody reads. */
export const varnishLogged: Peer = {
  ...common,
  name: 'varnish+log',
  kinds: ['hit', 'miss', 'zipf'],
  launch: (setup) => launch(setup, true),
};
