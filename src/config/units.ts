/** Durations (`30s`, `1h30m`) and sizes (`512MB`): reading and writing them. */

const MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

const LONG_UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(?:milliseconds?|millis|msecs?)$/, 'ms'],
  [/^(?:seconds?|secs?)$/, 's'],
  [/^(?:minutes?|mins?)$/, 'm'],
  [/^(?:hours?|hrs?)$/, 'h'],
  [/^days?$/, 'd'],
];

/**
 * Milliseconds of a duration such as `250ms`, `30s`, `5m`, `1h30m` or `7d`; a bare number is seconds.
 * Undefined when the text is none.
 */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(count) * MS[unit];
  return total;
}

/** The duration that was probably meant: `30 seconds` gives `30s`. */
export function guessDuration(text: string): string | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)\.?$/.exec(text.trim().toLowerCase());
  if (!match) return undefined;
  const unit = Object.hasOwn(MS, match[2]) ? match[2] : LONG_UNITS.find(([pattern]) => pattern.test(match[2]))?.[1];
  return unit && match[1] + unit;
}

/** The shortest exact way to write a duration: 90000 gives `90s`, 3600000 `1h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's']) if (ms % MS[unit] === 0) return `${ms / MS[unit]}${unit}`;
  return `${ms}ms`;
}

/**
 * Bytes of a size such as `512MB`, `64k` or `1.5 GiB`, all by powers of 1024; a bare number is bytes.
 * Undefined when the text is none or not a whole number of bytes.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  if (!match) return undefined;
  const bytes = Number(match[1]) * BYTES[match[2].toLowerCase()];
  return Number.isSafeInteger(Math.round(bytes)) && (match[2] !== '' || Number.isInteger(bytes))
    ? Math.round(bytes)
    : undefined;
}

/** The shortest exact way to write a size: 1073741824 gives `1GB`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0';
  for (const unit of ['t', 'g', 'm', 'k']) {
    if (bytes % BYTES[unit] === 0) return `${bytes / BYTES[unit]}${unit.toUpperCase()}B`;
  }
  return `${bytes}B`;
}
