/** What the header fields of a request say against its User-Agent. */

import type { BrowserClaim } from './classify.ts';

/** What is looked at of a request. */
export interface SignalSubject {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly protocol: '1.0' | '1.1' | '2';
  /** '' where it is absent. */
  field(name: string): string;
}

/** Each thing that is odd, with what it adds to the score. */
export const SIGNALS = {
  no_accept: 30,
  no_accept_language: 30,
  no_accept_encoding: 20,
  http_1_0: 40,
  old_browser: 25,
  no_client_hints: 20,
  no_fetch_metadata: 20,
  other_brand: 50,
  other_version: 40,
  other_platform: 40,
  hints_of_another: 40,
  headless_hint: 80,
} as const;
export type Signal = keyof typeof SIGNALS;

/** Chromium sends client hints from 89 on, fetch metadata from 76; Firefox the latter from 90, Safari from 17. */
const HINTS_SINCE = 89;
const METADATA_SINCE = { chromium: 80, firefox: 90, safari: 17, other: Number.POSITIVE_INFINITY };
/** Versions that hardly any person uses. */
const OLD = { chromium: 60, firefox: 60, safari: 10, other: 0 };

/** Calls `found` for each. Browsers send client hints and fetch metadata over TLS only. */
export function findSignals(x: SignalSubject, claim: BrowserClaim, found: (signal: Signal) => void): void {
  const { family, major } = claim;
  const isBare = sendsLess(x);
  if (x.field('accept') === '' && !isBare) found('no_accept');
  if (x.field('accept-language') === '') found('no_accept_language');
  if (x.field('accept-encoding') === '') found('no_accept_encoding');
  if (x.protocol === '1.0') found('http_1_0');
  if (major < OLD[family]) found('old_browser');
  const hints = x.field('sec-ch-ua');
  if (hints !== '') judgeHints(x, hints, claim, found);
  if (x.scheme !== 'https' || isBare) return;
  if (hints === '' && family === 'chromium' && major >= HINTS_SINCE) found('no_client_hints');
  if (major >= METADATA_SINCE[family] && x.field('sec-fetch-mode') === '') found('no_fetch_metadata');
}

/** Browsers open WebSockets and ask for leave (CORS) with fewer fields than they ask for anything else. */
function sendsLess(x: SignalSubject): boolean {
  return x.method === 'OPTIONS' || (x.field('accept') === '' && x.field('upgrade') !== '');
}

function judgeHints(x: SignalSubject, hints: string, claim: BrowserClaim, found: (signal: Signal) => void): void {
  if (hints.includes('Headless')) found('headless_hint');
  if (claim.family !== 'chromium') {
    found('hints_of_another');
    return;
  }
  const version = /"Chromium";\s*v="(\d+)/.exec(hints)?.[1];
  if (version === undefined) found('other_brand');
  else if (Number(version) !== claim.major) found('other_version');
  const platform = x.field('sec-ch-ua-platform').replaceAll('"', '').toLowerCase();
  if (platform !== '' && claim.platform !== '' && platform !== claim.platform) found('other_platform');
}

/** @returns what the signals add up to, at most 100 */
export function scoreOf(x: SignalSubject, claim: BrowserClaim): number {
  sum = 0;
  findSignals(x, claim, add);
  return Math.min(sum, 100);
}

/** Of the request at hand. */
let sum = 0;

function add(signal: Signal): void {
  sum += SIGNALS[signal];
}
