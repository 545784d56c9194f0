import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lbWithRules } from '../../waf/rules.ts';
import { type Kind, type Launch, megabytes, type Peer, type Setup } from '../peer.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

const ALL_KINDS: readonly Kind[] = [
  ...['hit', 'miss', 'zipf', 'disk', 'conditional', 'range', 'variant', 'tls', 'h2', 'limited', 'threads'],
  ...['revalidate', 'waf'],
] as Kind[];

/** The program that a checkout has built. */
const mainOf = (checkout: string): string => join(resolve(checkout), 'dist', 'main.js');

function launch(main: string, setup: Setup, accessLog: boolean): Launch {
  const { dir, port, tlsPort, cert, key, adminPort, originPort, memory, disk, threads, limited, waf } = setup;
  return {
    argv: [process.execPath, main],
    env: {
      LB_ORIGINS: `http://127.0.0.1:${originPort}`,
      LB_LISTEN: `127.0.0.1:${port}`,
      LB_ADMIN: `127.0.0.1:${adminPort}`,
      LB_WORKERS: String(threads),
      LB_TLS_LISTEN: `127.0.0.1:${tlsPort}`,
      LB_TLS_CERT: cert,
      LB_TLS_KEY: key,
      ...(waf && { LB_CONFIG: join(dir, 'lb.json') }),
      ...(limited && { LB_RATE_LIMIT: '100000000' }),
      LB_CACHE_MEMORY: `${megabytes(memory)}MB`,
      ...(disk > 0 && { LB_CACHE_DISK: join(dir, 'store'), LB_CACHE_DISK_SIZE: `${megabytes(disk)}MB` }),
      LB_LOG_ACCESS: accessLog ? 'on' : 'off',
      LB_LOG_LEVEL: 'info',
    },
    files: waf ? { 'lb.json': JSON.stringify(lbWithRules({ level: 1 })) } : {},
  };
}

/** One edge thread of the program in a checkout. */
function peer(name: string, checkout: string, accessLog: boolean, kinds: readonly Kind[]): Peer {
  const main = mainOf(checkout);
  return {
    name,
    kinds,
    compiles: true,
    packages: [],
    absent: () => (existsSync(main) ? undefined : `${main} is not built: run sh scripts/build.sh there`),
    version: { argv: [process.execPath, main, '--version'], pattern: /(\d+\.\d+\.\d+\S*)/ },
    launch: (setup) => launch(main, setup, accessLog),
  };
}

/** The program this repository is about, access log off. */
export const lb: Peer = { ...peer('lb', ROOT, false, ALL_KINDS), weighed: true };

/** The same with the access log on, its lines going to /dev/null. */
export const lbLogged: Peer = peer('lb+log', ROOT, true, ['hit', 'miss', 'zipf']);

/** lb as another checkout has built it, to be measured beside this one. Its version is that checkout's commit. */
export function lbBefore(checkout: string): Peer {
  const version = { argv: ['git', '-C', resolve(checkout), 'log', '-1', '--format=%h'], pattern: /^([0-9a-f]+)$/m };
  return { ...peer('lb before', checkout, false, ALL_KINDS), weighed: true, version };
}
