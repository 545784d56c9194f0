/** When a certificate is renewed, and when a failure is tried again. Times in ms. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Part of the lifetime after which a certificate is renewed, and by which part of it the moment varies. */
const RENEW_AFTER = 2 / 3;
const JITTER = 0.03;

/** The longest pause between two tries. */
const LONGEST = 6 * HOUR;

/**
 * When a certificate is renewed: at two thirds of its lifetime, and up to 3% of it sooner, so that many do not come together.
 * @param random 0 to 1
 */
export function renewalTime({ notBefore, notAfter }: { notBefore: Date; notAfter: Date }, random: number): number {
  const begin = notBefore.getTime();
  return Math.round(begin + (notAfter.getTime() - begin) * (RENEW_AFTER - JITTER * random));
}

/**
 * How long to wait after a failure: a minute, then twice as long each time; from an hour on where the authority says that
 * it was asked too often.
 * @param failures in a row, from 1
 * @param random 0 to 1
 */
export function retryPause(failures: number, isLimited: boolean, random: number): number {
  const pause = Math.min(LONGEST, (isLimited ? HOUR : MINUTE) * 2 ** (failures - 1));
  return Math.round(pause * (0.8 + 0.4 * random));
}
