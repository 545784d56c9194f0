import { randomHex } from './random-id.ts';

const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}$/;

/** Whether an incoming X-Request-Id is kept: 1 to 128 characters that are safe in logs, URLs and headers. */
export function isRequestId(value: string): boolean {
  return REQUEST_ID.test(value);
}

/** The request's id: the incoming one where it is valid, else 128 random bits in hex. */
export function requestId(incoming: string | undefined): string {
  return incoming !== undefined && isRequestId(incoming) ? incoming : randomHex(16);
}
