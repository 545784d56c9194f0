/** Seconds since 1970 at which cache time starts, so that whole seconds fit a signed 32-bit word until 2088. */
const CACHE_EPOCH = 1_600_000_000;
const MAX_CACHE_TIME = 0x7fff_ffff;

/** The present in whole seconds of cache time. */
export function cacheNow(): number {
  return toCacheTime(Math.floor(Date.now() / 1000));
}

/** Whole seconds since 1970 as cache time, clamped to what a word holds. */
export function toCacheTime(seconds: number): number {
  return Math.max(0, Math.min(MAX_CACHE_TIME, seconds - CACHE_EPOCH));
}

/** Cache time as whole seconds since 1970. */
export function fromCacheTime(time: number): number {
  return time + CACHE_EPOCH;
}
