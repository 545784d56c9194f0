import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** A text as web sites have them, from the packages and pages that lie here. */
export interface Asset {
  name: string;
  type: string;
  body: Buffer;
}

function asset(path: string, type: string): Asset {
  return { name: path.split('/').slice(-1)[0], type, body: readFileSync(join(ROOT, path)) };
}

/** One of each common kind: a page, a style sheet, scripts as written and minified, data, a drawing, prose. */
export function loadAssets(): Asset[] {
  const suite = 'node_modules/http-cache-tests';
  return [
    asset(`${suite}/spec/cache.html`, 'text/html; charset=utf-8'),
    asset(`${suite}/spec/bootstrap.min.css`, 'text/css'),
    asset(`${suite}/asset/marked.min.js`, 'text/javascript'),
    asset('node_modules/axios/dist/axios.js', 'text/javascript'),
    asset('node_modules/axios/dist/axios.min.js', 'text/javascript'),
    asset('node_modules/mime-db/db.json', 'application/json'),
    asset(`${suite}/asset/fonts/fontawesome-webfont.svg`, 'image/svg+xml'),
    asset('docs/settings.md', 'text/markdown; charset=utf-8'),
  ];
}

/** Bytes of a page of the latency measurement. */
const PAGE_BYTES = 100 * 1024;

/** A page of 100 KB that differs from every other one. */
export function pageOf(number: number, bytes = PAGE_BYTES): Buffer {
  source ??= readFileSync(join(ROOT, 'node_modules/http-cache-tests/spec/cache.html'));
  const parts: Buffer[] = [Buffer.from(`<!doctype html><title>Page ${number}</title>`)];
  for (let left = bytes - parts[0].length; left > 0; left -= source.length) parts.push(source.subarray(0, left));
  return Buffer.concat(parts);
}

let source: Buffer | undefined;
