import { FORWARDED_NAMES, METHOD_OVERRIDE_NAMES } from './forwarded.ts';
import type { HeaderList } from './headers.ts';
import { isHopByHop } from './hop-by-hop.ts';
import { CONDITIONAL_NAMES } from './stored-headers.ts';

/** Tells origins the class of the client's device, where it is part of the key. */
export const DEVICE_FIELD = 'x-device-class';

/** Tells origins the country of the client's address, where it is part of the key. */
export const COUNTRY_FIELD = 'x-country';

/** Fields with which lb tells origins about clients. What clients send under these names never goes on. */
export const CLIENT_CLASS_NAMES: ReadonlySet<string> = new Set([DEVICE_FIELD, COUNTRY_FIELD]);

/** The fields of a client without those names; the list itself where it has none of them. */
export function withoutClientClasses(headers: HeaderList): HeaderList {
  for (let i = 0; i < headers.length; i += 2) {
    if (CLIENT_CLASS_NAMES.has(headers[i]))
      return headers.filter((_, at) => !CLIENT_CLASS_NAMES.has(headers[at - (at % 2)]));
  }
  return headers;
}

/** Fields of a request that lb writes itself. */
const WRITTEN: ReadonlySet<string> = new Set([
  ...FORWARDED_NAMES,
  ...CLIENT_CLASS_NAMES,
  'via',
  'cdn-loop',
  'x-request-id',
  'traceparent',
  'tracestate',
]);

/**
 * Why the value of a request field (lowercase) cannot be part of a cache key by configuration; undefined where it can.
 * What is keyed is what the origin is asked with, so a field that does not go on as it was sent decides nothing.
 */
export function whyNotKeyed(name: string): string | undefined {
  if (name === 'host') return 'Host is part of every key';
  if (name === 'cookie') return 'cookies are chosen by name, in cookies';
  if (name === 'accept-encoding') return 'encodings are told apart without it';
  if (isHopByHop(name)) return `${name} is for one connection only`;
  if (WRITTEN.has(name)) return `${name} is written by lb itself`;
  if (CONDITIONAL_NAMES.has(name) || name === 'range' || name === 'expect') return `${name} is answered by lb itself`;
  if (METHOD_OVERRIDE_NAMES.has(name) || name === 'content-length') return `${name} does not go to the origin`;
  return undefined;
}
