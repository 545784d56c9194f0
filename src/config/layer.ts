/** What one source (flags, the environment, lb.json, one site of it) says, before sources are put together. */

import type { Place } from './errors.ts';
import type { Value } from './values.ts';

export interface Given {
  readonly value: Value;
  readonly place: Place;
}

export interface Layer {
  /** By path, names of rules filled in: `cache.static.ttl`. A flag or variable for all rules stands as `cache.*.ttl`. */
  readonly values: Map<string, Given>;
  /** Where each object that was given stands, by path: `cache.static`, `addons.waf`. */
  readonly objects: Map<string, Place>;
  /** Paths whose value was given but wrong, and objects with an unknown key: what they lack is not reported as well. */
  readonly broken: Set<string>;
}

export function emptyLayer(): Layer {
  return { values: new Map(), objects: new Map(), broken: new Set() };
}

/** Names of the cache rules that a layer speaks of, in its order. */
export function ruleNames(layer: Layer): string[] {
  const names = new Set<string>();
  for (const path of [...layer.objects.keys(), ...layer.values.keys()]) {
    const name = /^cache\.([^.*]+)\.(?:match|ttl)$/.exec(path)?.[1] ?? objectName(path, layer);
    // the one object under `cache` that is no rule
    if (name && name !== 'key') names.add(name);
  }
  return [...names];
}

function objectName(path: string, layer: Layer): string | undefined {
  return layer.objects.has(path) ? /^cache\.([^.]+)$/.exec(path)?.[1] : undefined;
}
