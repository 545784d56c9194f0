import http from 'k6/http';
import { expect, load, paths, url, usual, warm } from './lib.js';

const objects = paths('static', 100);

export const options = { scenarios: { load }, thresholds: usual(100, 500), discardResponseBodies: true };

export function setup() {
  warm(objects);
}

export default function () {
  expect(http.get(url + objects[__ITER % objects.length], { tags: { name: 'static' } }), 200, true);
}
