import { check } from 'k6';
import http from 'k6/http';

const LOOPBACK = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\/?$/;
const seconds = Number(__ENV.SECONDS || 5);

export const url = target('LB_URL', 'http://127.0.0.1:8080');
export const admin = target('LB_ADMIN_URL', 'http://127.0.0.1:9900');

/** Virtual users that each send one request at a time, without pause, for the time of the test. */
export const load = { executor: 'constant-vus', vus: Number(__ENV.CONNECTIONS || 32), duration: `${seconds}s` };

/** Thresholds of every test: all checks true, no request failed, a bound in ms on the slowest hundredth, a least rate. */
export function usual(p99Milliseconds, requestsPerSecond) {
  return {
    checks: ['rate==1'],
    'http_req_failed{scenario:load}': ['rate==0'],
    'http_req_duration{scenario:load}': [`p(99)<${p99Milliseconds}`],
    'http_reqs{scenario:load}': [`rate>${requestsPerSecond}`],
  };
}

/** Asks for each path once, so that the cache is warm. */
export function warm(paths) {
  for (const path of paths) http.get(url + path);
}

/** Whether the answer came from the cache, by its Cache-Status field (RFC 9211). */
export function isHit(answer) {
  return /;\s*hit(\s*;|\s*$)/.test(answer.headers['Cache-Status'] || '');
}

/** Checks that the status is `status` and that the answer was a hit or not, as said. */
export function expect(answer, status, hit) {
  check(answer, {
    [`status ${status}`]: (given) => given.status === status,
    [hit ? 'is a hit' : 'is no hit']: (given) => isHit(given) === hit,
  });
}

/** `count` paths under a folder. */
export function paths(folder, count) {
  return Array.from({ length: count }, (_, i) => `/${folder}/${i}`);
}

function target(variable, fallback) {
  const given = (__ENV[variable] || fallback).replace(/\/$/, '');
  if (!LOOPBACK.test(given) && __ENV.ALLOW_REMOTE !== '1') {
    throw new Error(`${variable}=${given} is not this machine: load goes elsewhere only with ALLOW_REMOTE=1`);
  }
  return given;
}
