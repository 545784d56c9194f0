import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { KNOWN_BUILDS, PUBLISHED_GLIBC } from './builds.ts';
import { readDynamicLinks } from './elf.ts';
import { relinkToOlderGlibc } from './relink.ts';

const folder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

for (const [name, build] of KNOWN_BUILDS) {
  const path = join(folder, name);
  const skip = existsSync(path) ? false : `${name} is not part of this installation`;

  test(`${name}: the pinned checksums are those of the installed release`, { skip }, () => {
    const published = readFileSync(path);
    const { image } = relinkToOlderGlibc(published);
    assert.deepEqual(build, { original: sha256(published), relinked: sha256(image) });
  });

  test(`${name}: relinked, it needs nothing of glibc ${PUBLISHED_GLIBC} and keeps its size`, { skip }, () => {
    const published = readFileSync(path);
    const { image, rewritten } = relinkToOlderGlibc(published);
    const before = readDynamicLinks(published);
    const after = readDynamicLinks(image);
    assert.equal(image.length, published.length);
    assert.deepEqual(
      after.needs.filter((need) => need.version === `GLIBC_${PUBLISHED_GLIBC}`),
      [],
    );
    assert.equal(after.symbols.length, before.symbols.length);
    for (const oldName of rewritten) {
      const at = before.symbols.findIndex((symbol) => symbol.name === oldName);
      const symbol = after.symbols[at];
      assert.equal(`__isoc23_${symbol?.name}`, oldName);
      const version = after.needs.find((need) => need.index === symbol?.versionIndex);
      assert.equal(version?.version, name.includes('arm64') ? 'GLIBC_2.17' : 'GLIBC_2.2.5');
      assert.equal(version?.library, 'libc.so.6');
    }
    assert.ok(rewritten.includes('__isoc23_strtol') && rewritten.includes('__isoc23_strtoul'));
    assert.deepEqual(relinkToOlderGlibc(image).rewritten, [], 'a second edit finds nothing to do');
  });
}
