import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, matchesGlob } from 'node:path';
import type { Instruction, Stage } from './dockerfile.ts';

/**
 * Carries out a Dockerfile's COPY and RUN lines outside any container: each stage's root file system is a folder, and
 * the absolute paths of the image lie below it. RUN uses this machine's shell and npm, and the Node of this process; what
 * installs packages of the image's system is left out, since that would be this machine's.
 */
export class Simulation {
  readonly #stages = new Map<string, string>();
  readonly #context: string;
  readonly #scratch: string;
  readonly #tools: string;

  /** @param context the build context; @param scratch an empty folder that takes everything */
  constructor(context: string, scratch: string) {
    this.#context = context;
    this.#scratch = scratch;
    this.#tools = join(scratch, 'tools');
    mkdirSync(this.#tools);
    symlinkSync(process.execPath, join(this.#tools, 'node'));
  }

  /**
   * @returns the folder that stands for the image's WORKDIR
   * @throws Error with the command's output when a RUN line fails
   */
  build(stage: Stage, index: number): string {
    const root = join(this.#scratch, `stage-${index}`);
    this.#stages.set(stage.name ?? String(index), root);
    let workdir = root;
    for (const instruction of stage.instructions) {
      if (instruction.keyword === 'WORKDIR') {
        workdir = join(root, instruction.rest);
        mkdirSync(workdir, { recursive: true });
      } else if (instruction.keyword === 'COPY') this.#copy(instruction, workdir);
      else if (instruction.keyword === 'RUN' && !instruction.rest.includes('apt-get'))
        this.#run(instruction.rest, workdir);
    }
    return workdir;
  }

  #copy({ flags, rest }: Instruction, workdir: string): void {
    const paths = rest.split(/\s+/);
    const target = paths.pop() ?? '.';
    const from = flags.from === undefined ? this.#context : (this.#stages.get(flags.from) ?? '');
    for (const path of paths) {
      const source = join(from, path);
      if (!existsSync(source)) continue; // an empty folder is not part of a checkout
      const into = target.endsWith('/') ? join(workdir, target, basename(path)) : join(workdir, target);
      mkdirSync(dirname(into), { recursive: true });
      cpSync(source, into, { recursive: true, verbatimSymlinks: true });
    }
  }

  #run(command: string, cwd: string): void {
    const result = spawnSync('/bin/sh', ['-ec', command], {
      cwd,
      encoding: 'utf8',
      env: this.#environment(),
    });
    if (result.status !== 0) throw new Error(`RUN ${command}\n${result.stdout}${result.stderr}`);
  }

  /** This process's, for proxies and certificates, without what `npm test` and coverage put into it. */
  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_(ENV|OPTIONS|V8_COVERAGE)$)/i.test(name));
    return {
      ...Object.fromEntries(kept),
      PATH: `${this.#tools}:${process.env.PATH ?? ''}`,
      npm_config_prefer_offline: 'true',
      npm_config_update_notifier: 'false',
    };
  }
}

/** Copies what a clone with the working tree's changes would hold, less what .dockerignore leaves out. */
export function copyContext(project: string, ignore: string, into: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: project,
    encoding: 'utf8',
  });
  for (const path of new Set(listed.split('\0'))) {
    if (path === '' || isIgnored(path, ignore) || !existsSync(join(project, path))) continue;
    mkdirSync(dirname(join(into, path)), { recursive: true });
    cpSync(join(project, path), join(into, path), { preserveTimestamps: true });
  }
}

/** Applies a .dockerignore to one path: the last line that matches the path or a folder above it decides. */
export function isIgnored(path: string, ignore: string): boolean {
  let ignored = false;
  for (const line of ignore.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const keeps = line.startsWith('!');
    const pattern = withoutDots(keeps ? line.slice(1) : line);
    if (matchesGlob(withoutDots(path), pattern) || matchesGlob(withoutDots(path), `${pattern}/**`)) ignored = !keeps;
  }
  return ignored;
}

/** Docker's `*` matches names that begin with a dot, Node's does not. */
function withoutDots(path: string): string {
  return path.replaceAll(/(^|\/)\./g, '$1_');
}

/** Bytes of all files below a folder. */
export function sizeOf(folder: string): number {
  const kilobytes = execFileSync('du', ['-sk', folder], { encoding: 'utf8' });
  return Number.parseInt(kilobytes, 10) * 1024;
}
