/** What a row of the settings table says. The rows are in settings.ts. */

export type SettingType =
  | 'address' // HOST:PORT to listen on
  | 'boolean'
  | 'cookies' // list of cookie names
  | 'duration' // `30s`, or a bare number of seconds; kept in the row's `unit`
  | 'enum'
  | 'globs' // list of globs on the path
  | 'host' // list of host names, with `*.` in front or `*` alone
  | 'integer'
  | 'key-fields' // list of request fields that a cache key may hold
  | 'keys' // list of what a rate limit counts by
  | 'number'
  | 'origins' // list of HOST:PORT, URL or object
  | 'parameters' // list of names of query parameters, with `*` and presets
  | 'size' // `512MB`, or a bare number of bytes
  | 'string'
  | 'strings' // list
  | 'target-fields'; // list of response fields that go over Cache-Control

export interface Setting {
  /** Where it stands in lb.json. `*` is a name of the user's choice, `[]` an item of a list. */
  readonly path: string;
  /** `process` settings stand at the top of lb.json; `site` settings there (for every site) or in one of `sites`. */
  readonly scope: 'process' | 'site';
  readonly type: SettingType;
  /** As written in lb.json. A value that depends on the machine or on other settings is computed: see `defaultText`. */
  readonly default?: string | number | boolean | readonly string[];
  /** Says the default in words where it is computed. */
  readonly defaultText?: string;
  /** For `enum`; for `strings`, what the items may be. */
  readonly values?: readonly string[];
  /** Inclusive limits, in the row's unit. */
  readonly min?: number;
  readonly max?: number;
  /** Unit of the resolved value: s or ms of durations, B of sizes. */
  readonly unit?: 's' | 'ms' | 'B';
  readonly flag?: `--${string}`;
  /** One-letter form of the flag. */
  readonly short?: `-${string}`;
  /** What stands for the value in `--help`. */
  readonly placeholder?: string;
  readonly env?: `LB_${string}`;
  /** Never printed, and readable from a file by the variable with `_FILE` at its end. */
  readonly secret?: true;
  /** One sentence or two, ending with a full stop. */
  readonly prose: string;
  /** What `--help` says in place of the prose's first sentence. */
  readonly help?: string;
  /** Of a row `cache.*.X`: the row `cache.X`, whose value it has where none is given. */
  readonly siteRow?: string;
  /** Further flags and variables that set one named instance of a `*` path. */
  readonly shortcuts?: readonly Shortcut[];
}

/** A flag and a variable for one instance of a path with `*`, such as `cache.static.match`. */
export interface Shortcut {
  readonly path: string;
  readonly flag: `--${string}`;
  readonly env: `LB_${string}`;
  readonly prose: string;
}
