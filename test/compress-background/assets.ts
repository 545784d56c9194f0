/** Text as sites have it: files of packages that are installed anyway, none of them made for this. */
import { readFileSync } from 'node:fs';

export interface Asset {
  name: string;
  type: string;
  body: Buffer;
}

const FILES: readonly [name: string, type: string, path: string][] = [
  ['bundle.min.js', 'text/javascript', 'node-forge/dist/forge.min.js'],
  ['bootstrap.min.css', 'text/css', 'http-cache-tests/spec/bootstrap.min.css'],
  ['page.html', 'text/html', 'http-cache-tests/spec/cache.html'],
  ['data.json', 'application/json', 'mime-db/db.json'],
];

export function assets(): Asset[] {
  return FILES.map(([name, type, path]) => {
    const body = readFileSync(new URL(`../../node_modules/${path}`, import.meta.url));
    return { name, type, body };
  });
}
