import { hitRatio, type Scenario, usual } from '../scenario.ts';

let turn = 0;

export const misses: Scenario = {
  name: 'misses',
  prose: 'uncacheable answers of 1 KB, each request under another path',
  warm: [],
  requests: [{ path: '/miss/0', setupRequest: (request) => ({ ...request, path: `/miss/${turn++}` }) }],
  purging: false,
  thresholds: [
    ...usual(250, 300),
    { name: 'answers other than 2xx', value: ({ requests, statuses }) => requests - statuses['2xx'], atMost: 0 },
    { name: 'hit ratio', value: hitRatio, atMost: 0.001 },
  ],
};
