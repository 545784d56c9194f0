import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');

/** Installs in no time what the launcher needs: this Node, and a bundler that writes a program telling its arguments. */
const FAKE_NPM = `#!/bin/sh
echo "npm $*" >>"$LB_TEST_LOG"
sleep "\${LB_TEST_NPM_SECONDS:-0}"
[ -z "\${LB_TEST_NPM_FAILS:-}" ] || exit 7
mkdir -p node_modules/.bin
ln -sf "$LB_TEST_NODE" node_modules/.bin/node
cat >node_modules/.bin/rolldown <<'END'
#!/bin/sh
echo "rolldown NODE_ENV=\${NODE_ENV:-}" >>"$LB_TEST_LOG"
[ -z "\${LB_TEST_BUILD_FAILS:-}" ] || { echo 'a syntax error' >&2; exit 1; }
cat src/main.ts >dist/main.js
END
chmod +x node_modules/.bin/rolldown
echo noise
touch node_modules/.package-lock.json
`;

const MAIN = `console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), node: process.version }));
process.exitCode = 5;
`;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A copy of the launcher and its scripts in a folder of its own, around a program of one line. */
export class LauncherTree {
  readonly scratch = mkdtempSync(join(tmpdir(), 'lb-launcher-'));
  readonly root: string;
  readonly #log: string;

  constructor(folder = 'tree') {
    this.root = join(this.scratch, folder);
    this.#log = join(this.scratch, 'log');
    for (const path of ['lb', 'scripts/install.sh', 'scripts/build.sh']) {
      cpSync(join(PROJECT, path), join(this.root, path));
    }
    mkdirSync(join(this.root, 'src'));
    this.write('src/main.ts', MAIN);
    this.write('package-lock.json', '{}');
    this.write('rolldown.config.ts', '');
    mkdirSync(join(this.scratch, 'bin'));
    writeFileSync(join(this.scratch, 'bin', 'npm'), FAKE_NPM);
    chmodSync(join(this.scratch, 'bin', 'npm'), 0o755);
  }

  /** Writes a file as it would look when written `age` seconds ago. */
  write(path: string, text: string, age = 60): void {
    const full = join(this.root, path);
    writeFileSync(full, text);
    const time = Date.now() / 1000 - age;
    utimesSync(full, time, time);
  }

  /** The commands that the launcher ran since the last call. */
  takeLog(): string[] {
    if (!existsSync(this.#log)) return [];
    const lines = readFileSync(this.#log, 'utf8').trim().split('\n');
    rmSync(this.#log);
    return lines;
  }

  /** Runs the launcher, or `command` in its place. */
  run(args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; command?: string } = {}): Promise<Outcome> {
    const child = spawn(options.command ?? join(this.root, 'lb'), args, {
      cwd: options.cwd ?? this.scratch,
      env: {
        PATH: `${join(this.scratch, 'bin')}:/usr/bin:/bin`,
        LB_TEST_LOG: this.#log,
        LB_TEST_NODE: process.execPath,
        ...options.env,
      },
    });
    return new Promise((resolve, reject) => {
      const outcome: Outcome = { code: null, stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        outcome.stdout += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        outcome.stderr += chunk;
      });
      child.once('error', reject);
      child.once('close', (code) => resolve({ ...outcome, code }));
    });
  }

  remove(): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
