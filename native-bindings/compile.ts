import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensurePrivateFolder } from './private-folder.ts';

const NODE_API_VERSION = 9;
const COMPILE_TIMEOUT = 60_000;

const run = promisify(execFile);

/** An addon: `<name>/<name>.c`. */
export type AddonName = 'sockets' | 'disk' | 'memory';

/**
 * Gives the path of a compiled addon, making it in the first of `folders` that can be used where none has it yet. The
 * file's name has a checksum of the source, so a new source never meets an old binary.
 * @param compiler the C compiler's command
 * @throws Error when there is none yet and it cannot be compiled; the message names each cause
 */
export async function compiledAddon(
  addon: AddonName,
  folders = addonFolders(addon),
  compiler = process.env.CC || 'cc',
): Promise<string> {
  const source = sourceFile(addon);
  const checksum = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const name = `${addon}-${checksum}-${process.platform}-${process.arch}.node`;
  const refusals: string[] = [];
  for (const folder of folders) {
    try {
      ensurePrivateFolder(folder);
      const path = join(folder, name);
      if (!existsSync(path)) await compile(compiler, source, path);
      return path;
    } catch (error) {
      refusals.push(`${folder}: ${reason(error, compiler)}`);
    }
  }
  throw new Error(refusals.join('; '));
}

async function compile(compiler: string, source: string, path: string): Promise<void> {
  const headers = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  const draft = `${path}.${randomUUID()}`;
  const flags = ['-shared', '-fPIC', '-O2', `-DNAPI_VERSION=${NODE_API_VERSION}`, `-I${headers.include_dir}`];
  try {
    await run(compiler, [...flags, '-o', draft, source], { timeout: COMPILE_TIMEOUT });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function reason(error: unknown, compiler: string): string {
  const { code, path, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
  if (code === 'ENOENT' && path === compiler) return `there is no C compiler (${compiler})`;
  return (stderr || message).trim().split('\n', 1)[0] ?? message;
}

/** It lies below the folder of this file, or, where lb was built, in the folder of the project that the build is in. */
function sourceFile(addon: AddonName): string {
  for (const place of ['.', '../native-bindings', '../../native-bindings']) {
    const path = fileURLToPath(new URL(`${place}/${addon}/${addon}.c`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new Error(`native-bindings/${addon}/${addon}.c is missing`);
}

/** Beside the packages, so that it goes when they go; else a folder of this user's in the temporary place. */
function addonFolders(addon: AddonName): string[] {
  const temporary = join(tmpdir(), `lb-${addon}-${process.getuid?.() ?? 'user'}`);
  try {
    const packages = dirname(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')));
    return [join(packages, '.cache', `lb-${addon}`), temporary];
  } catch {
    return [temporary];
  }
}
