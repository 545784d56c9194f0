/** What a row of the settings table says. The rows are in settings.ts. */

export type SettingType =
  | 'address' // HOST:PORT to listen on
  | 'addresses' // list of them
  | 'boolean'
  | 'certificates' // list of objects with cert and key
  | 'cookie' // name of one cookie
  | 'conditions' // one object or a list of them, of the same form as what they stand in
  | 'cookies' // list of cookie names
  | 'countries' // list of two-letter codes
  | 'custom-rules' // list of objects with action and when
  | 'dictionaries' // list of objects with match
  | 'domains' // list of names that certificates are for
  | 'duration' // `30s`, or a bare number of seconds; kept in the row's `unit`
  | 'enum'
  | 'fields' // object of header fields
  | 'file' // name of a file that must be there; resolved to an absolute path
  | 'folder' // name of a folder that must be there; resolved to an absolute path
  | 'geo-paths' // list of objects with match and countries
  | 'globs' // list of globs on the path
  | 'hash-key' // what requests are spread by
  | 'host' // list of host names, with `*.` in front or `*` alone
  | 'host-name' // one name or address
  | 'integer'
  | 'key-fields' // list of request fields that a cache key may hold
  | 'keys' // list of what a rate limit counts by
  | 'limits' // rate limits: an object, a list of objects, or a rate such as `100/m`
  | 'matches' // object of names and texts with `*`
  | 'media-types' // list of media types, with `*`
  | 'methods' // list of request methods
  | 'name-servers' // list of ADDR or ADDR:PORT
  | 'names' // list of field names
  | 'networks' // list of addresses and CIDR networks
  | 'number'
  | 'origins' // list of HOST:PORT, URL or object
  | 'parameters' // list of names of query parameters, with `*` and presets
  | 'path' // name of a file or folder that need not be there; resolved to an absolute path
  | 'paths' // list of them
  | 'rule-ids' // list of numbers and ranges of them
  | 'rules' // list of objects
  | 'size' // `512MB`, or a bare number of bytes
  | 'status-ranges' // list of statuses and ranges of them
  | 'statuses' // list of statuses
  | 'string'
  | 'strings' // list
  | 'target-fields' // list of response fields that go over Cache-Control
  | 'template' // text with variables
  | 'text' // text that may have any characters, or none
  | 'texts' // list of texts that may have commas
  | 'url' // http:// or https://
  | 'waf-exclusions' // list of objects with rules, tags or targets
  | 'waf-paths'; // list of objects with match and mode

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
  /** What the flag stands for where no value follows it. */
  readonly bare?: string;
  /** `false` may stand in place of a size: 0, which is not held to the limits. */
  readonly mayBeOff?: true;
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

export const KB = 1024;
export const MB = 1024 * KB;
export const GB = 1024 * MB;

/** The longest duration of the settings that wait for something, in ms. */
export const HOUR = 3_600_000;
