import { writable, written } from './bytes.ts';

/** ASCII letters only. */
export function lowercase(value: string): string {
  return mapRange(value, 65, 90, 32);
}

/** ASCII letters only. */
export function uppercase(value: string): string {
  return mapRange(value, 97, 122, -32);
}

/** Moves the codes from `first` to `last` by `by`. */
function mapRange(value: string, first: number, last: number, by: number): string {
  let i = 0;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code >= first && code <= last) break;
  }
  if (i === value.length) return value;
  const out = writable(value.length);
  for (i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    out[i] = code >= first && code <= last ? code + by : code;
  }
  return out.toString('latin1', 0, value.length);
}

const ODD = Uint8Array.from(
  { length: 256 },
  (_, code) => Array.from(code.toString(2)).filter((bit) => bit === '1').length & 1,
);

function mapBytes(value: string, map: (code: number) => number): string {
  const out = writable(value.length);
  for (let i = 0; i < value.length; i++) out[i] = map(value.charCodeAt(i));
  return written(out, value.length, value);
}

/** The eighth bit set where the number of bits is odd, else cleared. */
export function parityEven7bit(value: string): string {
  return mapBytes(value, (code) => (ODD[code] ? code | 0x80 : code & 0x7f));
}

/** The eighth bit set where the number of bits is even, else cleared. */
export function parityOdd7bit(value: string): string {
  return mapBytes(value, (code) => (ODD[code] ? code & 0x7f : code | 0x80));
}

export function parityZero7bit(value: string): string {
  return /[\x80-\xff]/.test(value) ? mapBytes(value, (code) => code & 0x7f) : value;
}
