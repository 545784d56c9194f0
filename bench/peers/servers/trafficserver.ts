import { basename, dirname } from 'node:path';
import { type Launch, megabytes, type Peer, type Setup } from '../peer.ts';
import { missing, which } from '../which.ts';

const settings = ({ port, tlsPort, memory, root, threads, cert, key }: Setup): Record<string, string> => ({
  'http.server_ports': `STRING ${port}:ip-in=127.0.0.1 ${tlsPort}:ip-in=127.0.0.1:ssl`,
  'ssl.server.cert.path': `STRING ${dirname(cert)}`,
  'ssl.server.private_key.path': `STRING ${dirname(key)}`,
  'exec_thread.autoconfig': 'INT 0',
  'exec_thread.limit': `INT ${threads}`,
  'exec_thread.affinity': 'INT 0',
  accept_threads: 'INT 0',
  task_threads: 'INT 1',
  'cache.threads_per_disk': 'INT 1',
  'cache.ram_cache.size': `INT ${memory}`,
  'cache.ram_cache_cutoff': 'INT 16777216',
  'cache.min_average_object_size': 'INT 2048',
  'cache.http': 'INT 1',
  'http.cache.http': 'INT 1',
  'http.cache.required_headers': 'INT 0',
  'http.keep_alive_no_activity_timeout_in': 'INT 3600',
  'http.keep_alive_no_activity_timeout_out': 'INT 3600',
  'http.server_session_sharing.match': 'STRING both',
  'http.insert_response_via_str': 'INT 0',
  'log.logging_enabled': 'INT 0',
  'url_remap.remap_required': 'INT 1',
  'diags.output.diag': 'STRING E',
  'diags.output.status': 'STRING E',
  'diags.output.note': 'STRING E',
  'diags.output.warning': 'STRING E',
  ...(root ? { 'admin.user_id': 'STRING #-1' } : {}),
});

/** Its folders, all inside the run's own: the file that TS_RUNROOT names. */
function runroot(dir: string): string {
  const bin = (which('traffic_server') ?? '/usr/bin/traffic_server').replace(/\/[^/]*$/, '');
  const folders: Record<string, string> = {
    prefix: dir,
    exec_prefix: dir,
    bindir: bin,
    sbindir: bin,
    sysconfdir: `${dir}/etc`,
    datadir: `${dir}/data`,
    includedir: `${dir}/data`,
    libdir: `${dir}/data`,
    libexecdir: `${dir}/data`,
    localstatedir: `${dir}/run`,
    runtimedir: `${dir}/run`,
    logdir: `${dir}/log`,
    cachedir: `${dir}/store`,
  };
  return Object.entries(folders)
    .map(([name, path]) => `${name}: ${path}\n`)
    .join('');
}

function launch(setup: Setup): Launch {
  const { dir, originPort, memory, disk } = setup;
  const records = Object.entries(settings(setup)).map(([name, value]) => `CONFIG proxy.config.${name} ${value}\n`);
  return {
    argv: [which('traffic_server') ?? 'traffic_server'],
    env: { TS_RUNROOT: `${dir}/runroot.yaml` },
    files: {
      'data/': '',
      'run/': '',
      'log/': '',
      'store/': '',
      'runroot.yaml': runroot(dir),
      'etc/records.config': records.join(''),
      'etc/remap.config': `map / http://127.0.0.1:${originPort}/\n`,
      'etc/storage.config': `${dir}/store ${megabytes(disk > 0 ? disk : memory)}M\n`,
      'etc/ip_allow.yaml': 'ip_allow:\n  - {apply: in, ip_addrs: 0/0, action: allow, methods: ALL}\n',
      'etc/ssl_multicert.config': `dest_ip=* ssl_cert_name=${basename(setup.cert)} ssl_key_name=${basename(setup.key)}\n`,
      'etc/plugin.config': '',
    },
  };
}

/** Apache Traffic Server with one event thread; its disk store is no larger than its RAM cache, save in the cases about disks. */
export const trafficserver: Peer = {
  name: 'trafficserver',
  weighed: true,
  kinds: ['hit', 'miss', 'revalidate', 'zipf', 'disk', 'conditional', 'range', 'variant', 'tls', 'h2', 'threads'],
  cannot: { limited: "it counts no client's requests without a plugin of its own" },
  packages: ['trafficserver'],
  absent: () => missing('traffic_server'),
  version: { argv: ['traffic_server', '-V'], pattern: /Traffic Server (\d\S*)/ },
  launch,
};
