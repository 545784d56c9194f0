/** Flags and environment variables: text without types, each with its own name as its place. */

import { type ErrorList, maskSecrets, type Place, Problem } from './errors.ts';
import { type Env, isFileName, withoutValue } from './file-values.ts';
import { type Files, reasonOf } from './files.ts';
import { emptyLayer, type Layer } from './layer.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { editDistance } from './suggest.ts';
import { type Item, isList, parseItem, parseScalar, splitCommas, type Value } from './values.ts';

/** One flag as given, in the order of the command line, since `--ttl` goes with the rule before it. */
export interface FlagValue {
  /** As in the settings table: `--listen`, or the short form. */
  readonly flag: string;
  readonly value: string;
}

/** A way to give a setting in text: the row, and the path it sets. */
interface Input {
  readonly setting: Setting;
  readonly path: string;
}

const BY_FLAG = new Map<string, Input>();
const BY_VARIABLE = new Map<string, Input>();
for (const setting of SETTINGS) {
  if (setting.flag) BY_FLAG.set(setting.flag, { setting, path: setting.path });
  if (setting.short) BY_FLAG.set(setting.short, { setting, path: setting.path });
  if (setting.env) BY_VARIABLE.set(setting.env, { setting, path: setting.path });
  for (const shortcut of setting.shortcuts ?? []) {
    BY_FLAG.set(shortcut.flag, { setting, path: shortcut.path });
    BY_VARIABLE.set(shortcut.env, { setting, path: shortcut.path });
  }
}

/** Variables that are read elsewhere than through the settings table. */
const OTHER_VARIABLES = ['LB_CONFIG', ...SETTINGS.flatMap(({ secret, env }) => (secret && env ? [`${env}_FILE`] : []))];

const EVERY_TTL = 'cache.*.ttl';

/** Reads the flags. A list flag that is given again adds to the list; of others the last one counts. */
export function readFlags(flags: readonly FlagValue[], files: Files, errors: ErrorList): Layer {
  const layer = emptyLayer();
  let rule: string | undefined;
  for (const { flag, value } of flags) {
    const input = BY_FLAG.get(flag);
    if (!input) throw new Error(`no setting has the flag ${flag}`);
    const place = textPlace(flag, ' ', value);
    if (/^cache\.[^.*]+\.match$/.test(input.path)) rule = input.path.split('.')[1];
    const path = input.path === EVERY_TTL && rule ? `cache.${rule}.ttl` : input.path;
    if (input.path === EVERY_TTL && layer.values.has(path)) {
      const which = rule ? `the rule ${rule}` : 'all rules';
      errors.add(
        place,
        `--ttl is given twice for ${which}`,
        'give each --ttl after the rule that it is for, such as --cache-api "/api/*" --ttl 60',
      );
      continue;
    }
    const read = readText(input.setting, value, place, files, errors);
    const earlier = layer.values.get(path);
    if (read === undefined) layer.broken.add(path);
    if (read === undefined) continue;
    if (earlier && isList(input.setting))
      layer.values.set(path, { value: [...(earlier.value as []), ...(read as [])], place: earlier.place });
    else layer.values.set(path, { value: read, place });
  }
  return layer;
}

/** Reads the LB_ variables; one that is empty counts as not set. */
export function readEnv(env: Env, readFile: (path: string) => string, files: Files, errors: ErrorList): Layer {
  const layer = emptyLayer();
  for (const [name, { setting, path }] of BY_VARIABLE) {
    const text = env[name];
    if (setting.secret && env[`${name}_FILE`]) {
      readSecretFile(setting, name, env, readFile, layer, errors);
      continue;
    }
    if (text === undefined || text === '') continue;
    const place = textPlace(name, '=', setting.secret ? '***' : text);
    const value = readText(setting, text, place, files, errors);
    if (value !== undefined) layer.values.set(path, { value, place });
    else layer.broken.add(path);
  }
  for (const name of Object.keys(env)) reportMisspelt(name, errors);
  return layer;
}

/** The variable's `_FILE` form names a file that holds the secret. */
function readSecretFile(
  setting: Setting,
  name: string,
  env: Env,
  readFile: (path: string) => string,
  layer: Layer,
  errors: ErrorList,
): void {
  const variable = `${name}_FILE`;
  const file = env[variable] as string;
  const place = textPlace(variable, '=', file);
  layer.broken.add(setting.path);
  if (env[name]) {
    errors.add(place, `${name} and ${variable} are both set`, 'unset one of them');
    return;
  }
  try {
    const text = readFile(file).replace(/\r?\n$/, '');
    const value = isList(setting) ? secretList(setting, text) : parseScalar(setting, text, true);
    if (!(value instanceof Problem)) layer.values.set(setting.path, { value, place });
    else errors.add(place, `${file} does not hold one usable line`, 'put the value alone into the file');
  } catch (error) {
    errors.add(place, `cannot read ${file}: ${reasonOf(error)}`, 'name a file that lb may read');
  }
}

/** The items of a secret list, separated by commas or lines. */
function secretList(setting: Setting, text: string): Item[] | Problem {
  const items = splitCommas(text.replace(/\r?\n/g, ',')).map(({ item }) => parseItem(setting, item));
  return items.find((item) => item instanceof Problem) ?? (items as Item[]);
}

function isKnown(name: string): boolean {
  return BY_VARIABLE.has(name) || OTHER_VARIABLES.includes(name);
}

/**
 * The variable that a misspelt name was meant as. Kubernetes sets LB_PORT and the like for a service named lb, so only
 * near misses of a known name count.
 */
function meantBy(name: string): string | undefined {
  if (!/^LB_/i.test(name) || isKnown(name)) return undefined;
  return [...BY_VARIABLE.keys(), ...OTHER_VARIABLES].find((known) => editDistance(name.toUpperCase(), known) <= 1);
}

/** Whether a variable of lb's own is set, or one that was meant as such. */
export function hasVariables(env: Env): boolean {
  return Object.keys(env).some((name) => (isKnown(name) ? env[name] !== '' : meantBy(name) !== undefined));
}

function reportMisspelt(name: string, errors: ErrorList): void {
  const meant = meantBy(name);
  if (meant) errors.add(textPlace(name, '', ''), `unknown variable ${name}`, `did you mean ${meant}?`);
}

function readText(setting: Setting, text: string, place: Place, files: Files, errors: ErrorList): Value | undefined {
  if (!isList(setting)) {
    const parsed = parseScalar(setting, text, true);
    const value = isFileName(setting, parsed) ? files.resolve(setting.type, parsed) : parsed;
    if (!(value instanceof Problem)) return value;
    errors.addProblem(place, setting.secret ? withoutValue() : value);
    return undefined;
  }
  const items: Item[] = [];
  const parts = splitCommas(text);
  for (const { item, at } of parts) {
    const parsed = parseItem(setting, item);
    const value = setting.type === 'paths' ? files.resolveItem(parsed) : parsed;
    if (!(value instanceof Problem)) items.push(value);
    else errors.addProblem(place, setting.secret ? withoutValue() : value.within(at, item.length));
  }
  if (parts.length === 0) errors.add(place, 'the value is empty', 'give a value, or leave it out');
  return items.length === parts.length && parts.length > 0 ? items : undefined;
}

/** `--flag value` or `NAME=value`, with the value marked. */
export function textPlace(source: string, between: string, value: string): Place {
  const column = source.length + between.length + 1;
  return {
    source,
    line: 0,
    column: value === '' ? 1 : column,
    text: maskSecrets(source + between + value),
    width: value.length || source.length,
  };
}
