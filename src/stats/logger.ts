// lb's own events: JSON Lines on stdout beside the access log, or short readable lines on stderr for a person.
import { styleText } from 'node:util';
import { type Logger, pino } from 'pino';
import type { LineOutput } from './output.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Where JSON Lines go when nobody watches. */
  readonly output: LineOutput;
  /** A person reads along: `process.stdout.isTTY`. */
  readonly terminal: boolean;
  /** Where readable lines go; stderr by default. */
  readonly stderr?: NodeJS.WriteStream;
}

/** Makes the process logger. Call as `logger.info({ worker: 1 }, 'edge thread started')`. */
export function createLogger(options: LoggerOptions): Logger {
  const stderr = options.stderr ?? process.stderr;
  const stream = options.terminal
    ? { write: (line: string) => void stderr.write(readable(line, stderr)) }
    : { write: (line: string) => void options.output.write(line) };
  return pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

const COLORS = { trace: 'gray', debug: 'gray', warn: 'yellow', error: 'red', fatal: 'red' } as const;

interface Event extends Record<string, unknown> {
  readonly time: string;
  readonly level: string;
  readonly message?: string;
}

/** `10:53:09 warn  edge thread replaced (worker 1)`: local time, since a person reads it. */
function readable(line: string, stream: NodeJS.WriteStream): string {
  const { time, level, message = '', err, ...rest } = JSON.parse(line) as Event;
  const clock = new Date(time).toTimeString().slice(0, 8);
  const color = COLORS[level as keyof typeof COLORS];
  const word = level.padEnd(5);
  // styleText honours NO_COLOR and FORCE_COLOR for the stream.
  const label = color ? styleText(color, word, { stream }) : word;
  const details = Object.entries({ ...rest, ...errorDetails(err) }).map(([key, value]) => `${key} ${plain(value)}`);
  return `${clock} ${label} ${message}${details.length > 0 ? ` (${details.join(', ')})` : ''}\n`;
}

function errorDetails(error: unknown): Record<string, unknown> {
  const message = (error as { message?: unknown } | undefined)?.message;
  return message === undefined ? {} : { error: message };
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
