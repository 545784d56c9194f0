import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import type { PlanData } from '../threads/messages.ts';
import type { Watched } from './file-watch.ts';

const GLOB = /[*?[]/;

/** What firewalls in force were read from, and folders where more of it may come: those of rule sets and of names with `*`. */
export function watchedRules({ sites }: Config, { waf }: Pick<PlanData, 'waf'>): Watched {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { rules, data } of waf.sets) {
    for (const file of rules.files) {
      files.add(file);
      folders.add(dirname(file));
    }
    for (const file of data.keys()) files.add(file);
  }
  for (const name of sites.flatMap(({ waf: settings }) => [...(settings?.setup ?? []), ...(settings?.rules ?? [])])) {
    const glob = GLOB.exec(name);
    if (glob === null) files.add(name);
    else folders.add(dirname(`${name.slice(0, glob.index)}x`));
  }
  return { files: [...files], folders: [...folders] };
}
