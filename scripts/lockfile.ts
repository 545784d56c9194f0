/**
 * Completes package-lock.json: `npm ci` refuses a lockfile that leaves out an optional dependency, and npm leaves one
 * out when the registry in use lacks it, as mirrors often lack the builds for other platforms. Each missing build gets
 * the entry that npm would make, with platform and version taken from its name and from the package that asks for it.
 * It has no integrity; `npm install` on a platform that needs it adds that.
 *
 *     node scripts/lockfile.ts            completes the file
 *     node scripts/lockfile.ts --check    exits with 1 when something is missing
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completed, type Lockfile } from './lockfile/complete.ts';

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
const { packages, added } = completed(lockfile.packages);

if (added.length === 0) {
  console.log('package-lock.json names every optional dependency');
} else if (process.argv.includes('--check')) {
  console.error(`package-lock.json leaves out ${added.join(', ')}\nrun: node scripts/lockfile.ts`);
  process.exitCode = 1;
} else {
  writeFileSync(path, `${JSON.stringify({ ...lockfile, packages }, null, 2)}\n`);
  console.log(`added ${added.length} entries to package-lock.json`);
}
