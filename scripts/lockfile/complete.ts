/** The part of package-lock.json (version 3) that matters here. Keys of `packages` are folders: `node_modules/a`. */
export interface Lockfile {
  packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
  [other: string]: unknown;
}

/**
 * Adds an entry for each optional dependency that has none.
 *
 * @returns all packages in npm's order, and the names added
 * @throws RangeError when a missing one has no exact version, or its name tells no platform
 */
export function completed(packages: Lockfile['packages']): { packages: Lockfile['packages']; added: string[] } {
  const all = { ...packages };
  const added: string[] = [];
  for (const [folder, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(all, folder, name)) continue;
      if (!/^\d+\.\d+\.\d+/.test(version)) throw new RangeError(`${name}: ${version} is no exact version`);
      const { os, cpu, libc } = platformOf(name);
      const entry = { version, cpu, dev, libc, optional: true, os }; // npm's order
      all[`node_modules/${name}`] = Object.fromEntries(
        Object.entries(entry).filter(([, value]) => value !== undefined),
      );
      added.push(name);
    }
  }
  const sorted = Object.keys(all).sort((a, b) => a.localeCompare(b, 'en'));
  return { packages: Object.fromEntries(sorted.map((folder) => [folder, all[folder]])), added };
}

/** Looks where Node would: below the package itself, then below each folder above it. */
function isLocked(packages: Lockfile['packages'], folder: string, name: string): boolean {
  for (let base = folder; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`]) return true;
    if (base === '') return false;
  }
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS: Readonly<Record<string, string>> = {
  'arm-eabi': 'arm',
  'arm-gnueabihf': 'arm',
  'arm-musleabihf': 'arm',
};

/**
 * Reads the platform from a build's name, e.g. `@x/binding-linux-arm64-musl`.
 *
 * @throws RangeError when it tells none
 */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  if (name.endsWith('-wasm32-wasi')) return { cpu: ['wasm32'] };
  const [, os = '', target = ''] = new RegExp(`(${SYSTEMS.join('|')})-(.+)$`).exec(name) ?? [];
  if (os === '') throw new RangeError(`the name of ${name} tells no platform`);
  const cpu = PROCESSORS[target] ?? target.split('-')[0];
  const libc = { gnu: 'glibc', musl: 'musl' }[target.split('-')[1] ?? ''];
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}
