/** Checksums (SHA-256, hex) of one prebuilt uWebSockets.js binary: as published, and as `relinkToOlderGlibc` leaves it. */
export interface KnownBuild {
  original: string;
  relinked: string;
}

/**
 * The only files that are ever edited: uWebSockets.js 20.57.0 for Node 24 (ABI 137). A new release of the package needs
 * a new entry here; `builds.test.ts` fails until it has one.
 */
export const KNOWN_BUILDS: ReadonlyMap<string, KnownBuild> = new Map([
  [
    'uws_linux_x64_137.node',
    {
      original: '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
      relinked: '2630bb59236deeadf501d6abaf79c1a655b4a0b78579fba408eea84d1a30f6ca',
    },
  ],
  [
    'uws_linux_arm64_137.node',
    {
      original: '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce',
      relinked: '50691cb2ed74d2e1711806a07a3f3c6419db5fd63d776c171912f9c097fd270a',
    },
  ],
]);

/** The glibc that the published binaries need, and the oldest that the relinked ones load on (they call arc4random). */
export const PUBLISHED_GLIBC = '2.38';
export const RELINKED_GLIBC = '2.36';
