import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'rolldown';

/** Everything that npm installs stays outside the bundle: the container and a checkout both have `node_modules`. */
const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};
const isDependency = (id: string) => Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`));

/** `dist/main.js`, and one `dist/workers/<name>.js` for each thread. */
function inputs(): Record<string, string> {
  const workers = globSync('workers/*.ts', { exclude: ['workers/*.test.ts'] });
  const named = workers.map((path) => [`workers/${basename(path, '.ts')}`, path]);
  if (existsSync('src/main.ts')) named.unshift(['main', 'src/main.ts']);
  return Object.fromEntries(named) as Record<string, string>;
}

export default defineConfig({
  input: inputs(),
  platform: 'node',
  external: isDependency,
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  },
});
