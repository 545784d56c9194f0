import http from 'k6/http';
import { expect, load, paths, url, usual, warm } from './lib.js';

const objects = paths('static', 500);
const conditional = { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' };
const json = { 'Content-Type': 'application/json' };

export const options = { scenarios: { load }, thresholds: usual(200, 300), discardResponseBodies: true };

export function setup() {
  warm(objects);
}

/** Of every twenty requests: sixteen GET, one HEAD, one conditional GET, one POST, one uncacheable GET. */
export default function () {
  const object = url + objects[(__ITER * 7 + __VU) % objects.length];
  const kind = __ITER % 20;
  if (kind < 16) expect(http.get(object, { tags: { name: 'static' } }), 200, true);
  else if (kind === 16) expect(http.head(object, { tags: { name: 'head' } }), 200, true);
  else if (kind === 17) expect(http.get(object, { headers: conditional, tags: { name: 'conditional' } }), 304, true);
  else if (kind === 18)
    expect(http.post(`${url}/echo`, '{"load":true}', { headers: json, tags: { name: 'post' } }), 200, false);
  else expect(http.get(`${url}/miss/${__VU}-${__ITER}`, { tags: { name: 'miss' } }), 200, false);
}
