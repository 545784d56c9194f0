/** The settings table as a tree of the keys that lb.json may have. */

import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

export interface Shape {
  /** Set where a value stands; a list of objects has `items` beside it. */
  setting?: Setting;
  /** Keys by name. */
  readonly keys: Map<string, Shape>;
  /** What a key of the user's choice holds. */
  named?: Shape;
  /** What an item of the list holds when it is an object. */
  items?: Shape;
}

/** The tree of the settings that `choose` lets through. */
function shapeOf(choose: (setting: Setting) => boolean): Shape {
  const root: Shape = { keys: new Map() };
  for (const setting of SETTINGS) {
    if (!choose(setting)) continue;
    let shape = root;
    let parent = root;
    for (const part of setting.path.split('.')) {
      const name = part.replace('[]', '');
      parent = shape;
      let child = name === '*' ? shape.named : shape.keys.get(name);
      if (!child) {
        child = { keys: new Map() };
        if (name === '*') shape.named = child;
        else shape.keys.set(name, child);
      }
      if (part.endsWith('[]')) child = child.items ??= { keys: new Map() };
      shape = child;
    }
    shape.setting = setting;
    // conditions in conditions are of their form
    if (setting.type === 'conditions' && setting.path.includes('when[].')) shape.items = parent;
  }
  return root;
}

/** What may stand at the top of lb.json, beside `sites` and `$schema`. */
export const TOP_SHAPE = shapeOf((setting) => setting.path !== 'hosts');

/** What may stand in one of `sites`. */
export const SITE_SHAPE = shapeOf((setting) => setting.scope === 'site');

/** The setting that `true` or `false` stands for in place of an object: the `enabled` in it. */
export function switchOf(shape: Shape): Setting | undefined {
  return shape.keys.get('enabled')?.setting;
}
