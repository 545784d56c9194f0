/** Ends what would go on for ever. */

import { CliError, EXIT } from './exit.ts';

/** Ctrl-C and SIGTERM, caught. */
export interface Interruption {
  readonly controller: AbortController;
  /** Catches them no more. */
  readonly release: () => void;
  /** @throws CliError where one has come */
  readonly check: () => void;
}

/** Ctrl-C and SIGTERM abort the controller from now on. */
export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    controller.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return {
    controller,
    release: () => void process.off('SIGINT', stop).off('SIGTERM', stop),
    check: () => {
      if (interrupted) throw new CliError('', EXIT.interrupted);
    },
  };
}

/** Milliseconds of an option such as `2s` or `500ms`. @throws CliError */
export function durationOption(flag: string, text: string, parse: (text: string) => number | undefined): number {
  const value = parse(text);
  if (value !== undefined && value >= 100 && value <= 3_600_000) return value;
  throw new CliError(`${flag}: "${text}" is no time between 100ms and 1h, such as 2s`, EXIT.usage);
}
