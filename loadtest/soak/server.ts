import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { selfSigned } from '../../test/dial/certificates.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;
const KEPT_OUTPUT = 20_000;

/** Parts of lb that a run may leave out. */
export const PARTS = ['disk', 'slices', 'compression', 'http2'] as const;
export type Part = (typeof PARTS)[number];

export const MEMORY = '64MB';
export const DISK_BYTES = 512 * 1024 * 1024;
/** Largest object that counts as one on the disk, in bytes. */
export const LARGEST_STORED = 16 * 1024 * 1024;

/** lb under the load, in front of its origin. */
export interface Stage {
  pid: number;
  plain: URL;
  secure: URL | undefined;
  admin: string;
  /** Folder of the disk tier. */
  disk: string;
  /** Lines of JSON by `probe.ts`. */
  probes: string;
  /** Bytes of what it logged last. */
  output(): string;
  /** Lets the origin end the connections that nobody uses. */
  quieten(): void;
  /** Ends both; gives the exit code of lb. */
  close(): Promise<number | string>;
}

/** Starts the origin of `objects.ts` and an lb in front of it with everything on but what is left out. */
export async function openStage(dir: string, versions: SharedArrayBuffer, without: ReadonlySet<Part>): Promise<Stage> {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is not built: npm run build');
  const origin = new Worker(new URL('origin.worker.ts', import.meta.url), { workerData: versions });
  const [port] = (await once(origin, 'message')) as [number];
  const disk = join(dir, 'store');
  const { cert, key } = await selfSigned();
  writeFileSync(join(dir, 'cert.pem'), cert);
  writeFileSync(join(dir, 'key.pem'), key);
  const settings = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers: 1,
    origins: [`127.0.0.1:${port}`],
    log: { access: false },
    ...(without.has('http2')
      ? {}
      : { tls: { listen: '127.0.0.1:0', cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') } }),
    cache: {
      memory: MEMORY,
      ...(without.has('disk') ? {} : { disk, disk_size: DISK_BYTES }),
      ...(without.has('slices') ? {} : { slice: '1MB' }),
    },
    ...(without.has('compression') ? {} : { compression: true }),
  };
  writeFileSync(join(dir, 'lb.json'), JSON.stringify(settings));
  const probes = join(dir, 'probes');
  const given = Object.entries(process.env).filter(([name]) => !name.startsWith('LB_'));
  const probe = new URL('probe.ts', import.meta.url).href;
  const options = `${process.env.NODE_OPTIONS ?? ''} --import=${probe}`;
  const env = { ...Object.fromEntries(given), NODE_OPTIONS: options, SOAK_PROBE: probes };
  const lb = spawn(process.execPath, [MAIN, 'serve', '-c', join(dir, 'lb.json')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new Log(lb);
  const close = async (): Promise<number | string> => {
    const ended = await stop(lb);
    const gone = once(origin, 'exit');
    origin.postMessage('end');
    await gone;
    return ended;
  };
  try {
    const { listen, admin } = await log.listening();
    return {
      pid: lb.pid ?? 0,
      plain: new URL(listen.find((url) => url.startsWith('http:')) ?? ''),
      secure: listen.filter((url) => url.startsWith('https:')).map((url) => new URL(url))[0],
      admin,
      disk,
      probes,
      output: () => log.text,
      quieten: () => origin.postMessage('idle'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What lb says, and where it listens by that. */
class Log {
  text = '';
  readonly #lb: ChildProcess;

  constructor(lb: ChildProcess) {
    this.#lb = lb;
    for (const stream of [lb.stdout, lb.stderr]) {
      stream?.setEncoding('utf8').on('data', (said: string) => {
        this.text = (this.text + said).slice(-KEPT_OUTPUT);
      });
    }
  }

  /** Waits until lb says that it serves. */
  async listening(): Promise<{ listen: string[]; admin: string }> {
    const deadline = performance.now() + START_LIMIT_MS;
    while (performance.now() < deadline && this.#lb.exitCode === null && this.#lb.signalCode === null) {
      const line = /^.*"lb serves".*$/m.exec(this.text)?.[0];
      if (line !== undefined) {
        const { listen, admin } = JSON.parse(line) as { listen: string; admin: string };
        return { listen: listen.split(' '), admin };
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`lb does not start: ${this.text}`);
  }
}

async function stop(child: ChildProcess): Promise<number | string> {
  const exited = once(child, 'exit');
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode ?? '';
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(kill);
  return child.exitCode ?? child.signalCode ?? '';
}
