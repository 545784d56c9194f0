/** The rows of the settings table about a folder whose files are the site. */

import type { Setting } from './setting.ts';

/** All of them, in the order of the documentation. */
export const STATIC_SETTINGS: readonly Setting[] = [
  {
    path: 'static_root',
    scope: 'site',
    type: 'folder',
    defaultText: 'none',
    flag: '--static-root',
    placeholder: 'DIR',
    env: 'LB_STATIC_ROOT',
    help: 'Folder whose files are served, in place of an origin',
    prose:
      'Folder whose files are served, in place of `origins`. In lb.json, a name is relative to the folder that the file stands in.',
  },
  {
    path: 'static_index',
    scope: 'site',
    type: 'strings',
    default: ['index.html'],
    env: 'LB_STATIC_INDEX',
    prose: 'Names of the files that stand for a folder of `static_root`; the first that is there counts.',
  },
  {
    path: 'static_dotfiles',
    scope: 'site',
    type: 'boolean',
    default: false,
    env: 'LB_STATIC_DOTFILES',
    prose:
      'Whether files and folders of `static_root` whose names begin with a dot are served. `.well-known` is in any case.',
  },
  {
    path: 'static_recheck',
    scope: 'site',
    type: 'duration',
    default: '1s',
    min: 0,
    max: 86_400,
    unit: 's',
    env: 'LB_STATIC_RECHECK',
    prose:
      'How long a file of `static_root` is served from the cache before lb looks whether it has changed. A lifetime of a cache rule with `override` goes over it.',
  },
];
