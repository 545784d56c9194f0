/** Folders for what memory has no room for. */

import { sep } from 'node:path';
import type { Config } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Picker } from './picker.ts';
import { GB } from './setting.ts';

const SIZE = 10 * GB;

/** Undefined where no folder is given. */
export function resolveDisk(pick: Picker, errors: ErrorList): Config['disk'] {
  const given = pick.find('cache.disk');
  const paths = pick.list('cache.disk');
  if (!given || paths.length === 0) return undefined;
  for (const [index, path] of paths.entries()) {
    const other = paths.slice(0, index).find((earlier) => isWithin(path, earlier) || isWithin(earlier, path));
    if (other === undefined) continue;
    const message = other === path ? `${path} stands there twice` : `${path} and ${other} lie in one another`;
    errors.add(given.place, `cache.disk: ${message}`, 'give each disk a folder of its own');
    break;
  }
  return { paths, size: pick.number('cache.disk_size', 'cache.disk_size', SIZE) };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
