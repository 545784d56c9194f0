import http from 'k6/http';
import { expect, load, url, usual } from './lib.js';

export const options = { scenarios: { load }, thresholds: usual(250, 200), discardResponseBodies: true };

export default function () {
  expect(http.get(`${url}/miss/${__VU}-${__ITER}`, { tags: { name: 'miss' } }), 200, false);
}
