import { Writable } from 'node:stream';
import type { Config } from '../../src/config/config.ts';
import { type Loaded, loadConfig, type NotLoaded } from '../../src/config/load.ts';
import type { ReloadResult } from '../../src/server/reload.ts';
import { type Server, startServer } from '../../src/server/server.ts';
import type { Logger } from '../../src/stats/logger.ts';
import { LineOutput } from '../../src/stats/output.ts';
import { Admin } from './admin.ts';
import type { Cleanup } from './cleanup.ts';

/** A message of lb's own log. */
export interface Message {
  level: string;
  message: string;
  details: Record<string, unknown>;
}

/** lb in this process, on ports of the system's choice. */
export interface Lb {
  /** Where clients connect, on 127.0.0.1. */
  port: number;
  admin: Admin;
  server: Server;
  log: Message[];
  /** Lines of the access log. */
  lines: Record<string, unknown>[];
  /** Puts other settings in force, as in lb.json. */
  reload(settings: Settings): Promise<ReloadResult>;
}

/** Settings as in lb.json. */
export type Settings = Record<string, unknown>;

const SMALL: Settings = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 1, shutdown_timeout: '1s' };

/** The configuration for settings as in lb.json; what they leave out is small and local. @throws with all mistakes */
export function configure(settings: Settings): Config {
  const loaded = load(settings);
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return loaded.config;
}

function load(settings: Settings): Loaded | NotLoaded {
  const { cache, log, ...others } = settings as { cache?: Settings; log?: Settings };
  const text = JSON.stringify({
    ...SMALL,
    cache: { memory: '64MB', ...cache },
    log: { access: false, ...log },
    ...others,
  });
  return loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile: () => text });
}

/** Starts lb with settings as in lb.json. It is stopped after the test. */
export async function startLb(t: Cleanup, settings: Settings): Promise<Lb> {
  const config = configure(settings);
  const log: Message[] = [];
  const lines: Record<string, unknown>[] = [];
  let wanted = settings;
  const server = await startServer(config, {
    reread: () => load(wanted),
    version: 'test',
    logger: recordingLogger(log),
    output: recordingOutput(lines),
    testHooks: true,
  });
  t.after(() => server.stop(config.shutdownTimeout));
  const reload = (next: Settings) => {
    wanted = next;
    return server.reload('test');
  };
  return { port: server.address.port, admin: new Admin(server.admin.address.port), server, log, lines, reload };
}

function recordingLogger(log: Message[]): Logger {
  const record = (level: string) => (details: object, message: string) => {
    log.push({ level, message, details: details as Record<string, unknown> });
  };
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  return Object.fromEntries(levels.map((level) => [level, record(level)])) as unknown as Logger;
}

function recordingOutput(lines: Record<string, unknown>[]): LineOutput {
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      for (const line of text.split('\n')) if (line !== '') lines.push(JSON.parse(line) as Record<string, unknown>);
      done();
    },
  });
  return new LineOutput(stream, 1 << 24);
}
