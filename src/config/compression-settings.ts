/** The rows of the settings table about compression. */

import { MB, type Setting } from './setting.ts';

/** All of them, in the order of the documentation. */
export const COMPRESSION_SETTINGS: readonly Setting[] = [
  {
    path: 'compression.enabled',
    scope: 'site',
    type: 'boolean',
    defaultText: '`on` where there is an object `compression`, else `off`',
    flag: '--compress',
    bare: 'on',
    placeholder: 'on|off',
    env: 'LB_COMPRESS',
    help: 'Compress text with zstd, brotli or gzip, as clients accept it',
    prose:
      'Whether lb compresses responses, as the client accepts it. `"compression": true` is short for it. A cache rule may say otherwise for its paths (`cache.NAME.compress`).',
  },
  {
    path: 'compression.encodings',
    scope: 'site',
    type: 'strings',
    values: ['zstd', 'br', 'gzip'],
    default: ['zstd', 'br', 'gzip'],
    env: 'LB_COMPRESSION_ENCODINGS',
    prose: 'What lb compresses to, the preferred one first. It counts where the client likes several alike.',
  },
  {
    path: 'compression.min_length',
    scope: 'site',
    type: 'size',
    default: '1KB',
    min: 0,
    max: 64 * MB,
    unit: 'B',
    env: 'LB_COMPRESSION_MIN_LENGTH',
    prose: 'Smallest body that is compressed.',
  },
  {
    path: 'compression.types',
    scope: 'site',
    type: 'media-types',
    default: [
      'text/*',
      'application/javascript',
      'application/json',
      'application/*+json',
      'application/xml',
      'application/*+xml',
      'application/wasm',
      'image/svg+xml',
      'image/bmp',
      'image/x-icon',
      'image/vnd.microsoft.icon',
      'font/ttf',
      'font/otf',
      'application/vnd.ms-fontobject',
    ],
    env: 'LB_COMPRESSION_TYPES',
    prose: 'Media types that are compressed; `*` stands for any characters.',
  },
  {
    path: 'compression.background',
    scope: 'site',
    type: 'boolean',
    default: true,
    env: 'LB_COMPRESSION_BACKGROUND',
    prose:
      'Whether what is asked for again is compressed once more in the background, at the highest level, and kept beside the original.',
  },
  {
    path: 'compression.dictionaries',
    scope: 'site',
    type: 'dictionaries',
    default: [],
    prose:
      'Responses that browsers are told to use as dictionaries (RFC 9842), so that the next version of a file costs its differences only. Objects with `match`, and `use_for` and `id` where wanted.',
  },
  {
    path: 'compression.dictionaries[].match',
    scope: 'site',
    type: 'globs',
    defaultText: 'required',
    prose: 'Paths of responses that become dictionaries, as in a cache rule.',
  },
  {
    path: 'compression.dictionaries[].use_for',
    scope: 'site',
    type: 'string',
    defaultText: 'what the first glob of `match` matches',
    prose: 'Paths that such a dictionary is for, with `*`: what `Use-As-Dictionary` tells browsers.',
  },
  {
    path: 'compression.dictionaries[].id',
    scope: 'site',
    type: 'string',
    defaultText: 'none',
    prose: 'Name that browsers send back with the dictionary, for `Dictionary-ID`.',
  },
];
