import type { Request } from 'autocannon';
import { hitRatio, type Scenario, usual } from '../scenario.ts';

const OBJECTS = 500;
const paths = Array.from({ length: OBJECTS }, (_, i) => `/static/${i}`);
let turn = 0;

/**
 * Of every twenty requests: seventeen GET, one conditional GET, one POST, one uncacheable GET. HEAD is left to k6, since
 * autocannon waits for a body after its answer.
 */
function twenty(at: number): Request[] {
  const path = (i: number) => paths[(at * 18 + i) % OBJECTS];
  return [
    ...Array.from({ length: 17 }, (_, i) => ({ path: path(i) })),
    { path: path(17), headers: { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' } },
    { method: 'POST', path: '/echo', body: '{"load":true}', headers: { 'Content-Type': 'application/json' } },
    { path: '/miss/0', setupRequest: (request) => ({ ...request, path: `/miss/mixed-${turn++}` }) },
  ];
}

export const mixed: Scenario = {
  name: 'mixed',
  prose: `GET and conditional GET of ${OBJECTS} cached objects, with uncacheable paths and POST between them`,
  warm: paths,
  requests: Array.from({ length: 25 }, (_, at) => twenty(at)).flat(),
  purging: false,
  thresholds: [
    ...usual(200, 500),
    { name: '4xx answers', value: ({ statuses }) => statuses['4xx'], atMost: 0 },
    { name: '304 and other 3xx', value: ({ statuses }) => statuses['3xx'], atLeast: 1 },
    { name: 'hit ratio', value: hitRatio, atLeast: 0.88, atMost: 0.92 },
  ],
};
