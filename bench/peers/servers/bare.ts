import { fileURLToPath } from 'node:url';
import { loadUws } from '../../../src/transport/load-uws.ts';
import type { Peer } from '../peer.ts';

const PROGRAM = fileURLToPath(new URL('../bare-uws.ts', import.meta.url));

function absent(): string | undefined {
  const loaded = loadUws();
  return 'unavailable' in loaded ? loaded.unavailable : undefined;
}

/** uWebSockets.js alone, answering the same bytes from shared memory: what lb cannot go below without other sockets code. */
export const bare: Peer = {
  name: 'bare uWS',
  kinds: ['hit'],
  packages: [],
  absent,
  version: { argv: [process.execPath, '--version'], pattern: /(v\S+)/ },
  launch: ({ port, bodies }) => ({ argv: [process.execPath, PROGRAM, String(port), bodies], files: {} }),
};
