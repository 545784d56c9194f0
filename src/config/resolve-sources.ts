/** Where a site's responses come from: origins, or a folder. */

import type { StaticConfig } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Layer } from './layer.ts';
import type { Picker } from './picker.ts';
import { textPlace } from './text-layers.ts';

const SOURCES = ['origins', 'static_root'] as const;

/** Whether it is said where responses come from, be it wrongly. */
export function hasSource(pick: Picker): boolean {
  return SOURCES.some((path) => pick.find(path) !== undefined || pick.isBroken(path));
}

/** Whether the strongest source that says where responses come from names a folder. */
export function isStatic(layers: readonly Layer[]): boolean {
  const layer = layers.find(({ values }) => SOURCES.some((path) => values.has(path)));
  return layer?.values.has('static_root') === true;
}

/** One source names origins or a folder; between two sources the stronger one decides. */
export function checkSources(layers: readonly Layer[], errors: ErrorList): void {
  for (const { values } of layers) {
    const root = values.get('static_root');
    if (!root || !values.has('origins')) continue;
    const fix = 'remove one of them; with "sites", one site may have a folder and another one origins';
    errors.add(root.place, 'static_root and origins cannot stand together', fix);
  }
}

/** @param fileName that of the settings file, where there is one */
export function reportNoOrigin(fileName: string | undefined, errors: ErrorList): void {
  const place = fileName ? { source: fileName, line: 1, column: 1, text: '', width: 1 } : textPlace('lb', '', '');
  const fix = 'give one with -b HOST:PORT, LB_ORIGINS or "origins" in lb.json, or a folder with --static-root DIR';
  errors.add({ ...place, text: '' }, 'no origin to fetch from', fix);
}

export function resolveStatic(pick: Picker, errors: ErrorList): StaticConfig {
  const index = pick.list('static_index');
  const place = pick.find('static_index')?.place;
  const odd = index.find((name) => name.includes('/') || name.startsWith('.'));
  if (place && odd !== undefined)
    errors.add(place, `static_index: "${odd}" is no name of a file`, 'write a name such as "index.html"');
  return { index, dotfiles: pick.boolean('static_dotfiles'), recheck: pick.number('static_recheck') };
}
