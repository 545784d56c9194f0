import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Launch, megabytes, type Peer, type Setup } from '../peer.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

function launch({ port, adminPort, originPort, memory }: Setup, accessLog: boolean): Launch {
  return {
    argv: [process.execPath, MAIN],
    env: {
      LB_ORIGINS: `http://127.0.0.1:${originPort}`,
      LB_LISTEN: `127.0.0.1:${port}`,
      LB_ADMIN: `127.0.0.1:${adminPort}`,
      LB_WORKERS: '1',
      LB_CACHE_MEMORY: `${megabytes(memory)}MB`,
      LB_LOG_ACCESS: accessLog ? 'on' : 'off',
      LB_LOG_LEVEL: 'info',
    },
    files: {},
  };
}

const common = {
  kinds: ['hit', 'miss', 'zipf'] as const,
  packages: [],
  absent: () => (existsSync(MAIN) ? undefined : 'dist/main.js is not built: npm run build'),
  version: { argv: [process.execPath, MAIN, '--version'], pattern: /(\d+\.\d+\.\d+\S*)/ },
};

/** The program this repository is about: one edge thread, access log off. */
export const lb: Peer = { ...common, name: 'lb', launch: (setup) => launch(setup, false) };

/** The same with the access log on, its lines going to /dev/null. */
export const lbLogged: Peer = { ...common, name: 'lb+log', launch: (setup) => launch(setup, true) };
