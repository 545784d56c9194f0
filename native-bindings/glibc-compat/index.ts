import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { KNOWN_BUILDS, PUBLISHED_GLIBC, RELINKED_GLIBC } from './builds.ts';
import { relinkedCopy } from './copy.ts';
import { currentHost, type Host, isOlder } from './host.ts';

export type { Host } from './host.ts';

/** Which file to load in place of a published binary. */
export type Loadable = { path: string; how: 'native' | 'glibc-compat' } | { unavailable: string };

/**
 * Decides which file to load on this host for uWebSockets.js, and makes it when it has to be made.
 *
 * @param packageFolder where the published binaries lie, e.g. `node_modules/uWebSockets.js`
 * @param host for tests; the running process's host otherwise
 * @param folders where a relinked copy may be kept, best first
 * @returns the published file where the host's glibc is new enough, else the path of a relinked copy, else the reason
 *   why neither is possible
 */
export function loadableBinary(
  packageFolder: string,
  host: Host = currentHost(),
  folders: string[] = copyFolders(packageFolder),
): Loadable {
  const published = publishedPath(packageFolder, host);
  if (host.platform !== 'linux') return { path: published, how: 'native' };
  if (!host.glibc) return { unavailable: `it needs glibc, and this system has another C library (musl?)` };
  if (!isOlder(host.glibc, PUBLISHED_GLIBC)) return { path: published, how: 'native' };
  if (isOlder(host.glibc, RELINKED_GLIBC)) {
    return { unavailable: `it needs glibc ${RELINKED_GLIBC} or newer, and this system has ${host.glibc}` };
  }
  const build = KNOWN_BUILDS.get(basename(published));
  if (!build) {
    return { unavailable: `on glibc ${host.glibc} it needs Node 24 on x64 or arm64 (no ${basename(published)})` };
  }
  try {
    return { path: relinkedCopy(published, build, folders), how: 'glibc-compat' };
  } catch (error) {
    return { unavailable: `on glibc ${host.glibc} it needs a relinked copy: ${(error as Error).message}` };
  }
}

/** Path of the binary that the package's own `require` loads on this host. */
export function publishedPath(packageFolder: string, host: Host = currentHost()): string {
  return join(packageFolder, `uws_${host.platform}_${host.arch}_${host.abi}.node`);
}

/** Beside the package, so that it goes when the package goes; else a folder of this user's in the temporary place. */
function copyFolders(packageFolder: string): string[] {
  return [
    join(dirname(packageFolder), '.cache', 'lb-glibc-compat'),
    join(tmpdir(), `lb-glibc-compat-${process.getuid?.() ?? 'user'}`),
  ];
}
