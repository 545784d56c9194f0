import { check, sleep } from 'k6';
import http from 'k6/http';
import { admin, load, paths, url, usual, warm } from './lib.js';

const objects = paths('versioned', 100);
const headers = __ENV.LB_ADMIN_TOKEN ? { Authorization: `Bearer ${__ENV.LB_ADMIN_TOKEN}` } : {};
const PAUSE_SECONDS = 0.01;

export const options = {
  scenarios: { load, purge: { executor: 'constant-vus', vus: 1, duration: load.duration, exec: 'purge' } },
  thresholds: {
    ...usual(250, 200),
    'http_req_duration{name:purge}': ['p(99)<250'],
    'http_reqs{name:purge}': ['count>=20'],
  },
};

export function setup() {
  warm(objects);
}

export default function () {
  const answer = http.get(url + objects[__ITER % objects.length], { tags: { name: 'versioned' } });
  check(answer, { 'status 200': (given) => given.status === 200 });
}

/** Purges one object, all of them, or the whole cache in turn, and checks that only newer content follows. */
export function purge() {
  const path = objects[__ITER % objects.length];
  const before = version(path);
  const scope = [path, '/versioned/*', '/*'][__ITER % 3];
  const answer = http.del(`${admin}/cache${scope}`, null, { headers, tags: { name: 'purge' } });
  check(answer, { 'purge accepted': (given) => given.status >= 200 && given.status < 300 });
  check(version(path), { 'newer after the purge': (after) => after > before });
  sleep(PAUSE_SECONDS);
}

/** The origin puts into each answer how many it gave before. */
function version(path) {
  return Number(http.get(url + path, { tags: { name: 'version' } }).body);
}
