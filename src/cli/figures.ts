/** Numbers for people. */

/** `1,234,567`. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

const SHORT: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** In at most five characters or so: `950`, `0.25`, `12.3k`, `4.56M`. */
export function shortText(value: number): string {
  if (value === 0) return '0';
  // what rounds to a thousand of one unit is one of the next
  for (const [size, unit] of SHORT) if (value >= size * 0.9995) return `${significant(value / size)}${unit}`;
  return significant(value);
}

function significant(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2).replace(/\.?0+$/, '');
}

/** Bytes by powers of 1024: `512B`, `1.5KB`, `3.25GB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (value < 1023.5) return `${unit === 'B' ? value.toFixed(0) : significant(value)}${unit}`;
    value /= 1024;
  }
  return `${significant(value)}TB`;
}

/** Milliseconds: `0.42ms`, `12.3ms`, `1.5s`. */
export function millisecondsText(ms: number): string {
  return ms < 999.5 ? `${significant(ms)}ms` : `${significant(ms / 1000)}s`;
}

/** `93.1%`; `-` where there is none. */
export function percentText(share: number | null): string {
  return share === null || Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)}%`;
}

/** The two largest units of a time: `3d 4h`, `2m 5s`. */
export function spanText(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ');
}
