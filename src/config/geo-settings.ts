/** The rows of the settings table about countries of clients. */

import type { Setting } from './setting.ts';

function terms(path: string): Setting[] {
  return [
    {
      path: `${path}.allow`,
      scope: 'site',
      type: 'countries',
      defaultText: 'none',
      prose:
        'Countries that are let in, by two letters such as `DE`; `XX` is for addresses whose country is not known.',
    },
    {
      path: `${path}.block`,
      scope: 'site',
      type: 'countries',
      defaultText: 'none',
      prose: 'Countries that are not let in.',
    },
    {
      path: `${path}.default`,
      scope: 'site',
      type: 'enum',
      values: ['allow', 'block'],
      defaultText: '`block` where only `allow` is given, else `allow`',
      prose: 'What becomes of countries on neither list, XX among them.',
    },
    {
      path: `${path}.status`,
      scope: 'site',
      type: 'integer',
      default: 403,
      min: 400,
      max: 599,
      prose: 'Status of a refusal; 451 says that it is for legal reasons.',
    },
  ];
}

/** All of them, in the order of the documentation. */
export const GEO_SETTINGS: readonly Setting[] = [
  ...terms('addons.geo'),
  {
    path: 'addons.geo.header',
    scope: 'site',
    type: 'string',
    defaultText: 'none',
    prose:
      "Request field that tells origins the country. What a client sends under that name is dropped, and the country is part of the cache key, since the origin's answer may depend on it.",
  },
  {
    path: 'addons.geo.paths',
    scope: 'site',
    type: 'geo-paths',
    default: [],
    prose: 'Other countries for some paths. The first that matches counts, however the client writes the path.',
  },
  {
    path: 'addons.geo.paths[].match',
    scope: 'site',
    type: 'globs',
    defaultText: 'required',
    prose: 'Paths, by globs as in `rules[].match`.',
  },
  ...terms('addons.geo.paths[]'),
];
