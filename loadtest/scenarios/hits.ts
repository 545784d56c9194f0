import { hitRatio, type Scenario, usual } from '../scenario.ts';

const OBJECTS = 100;
const paths = Array.from({ length: OBJECTS }, (_, i) => `/static/${i}`);

export const hits: Scenario = {
  name: 'hits',
  prose: `${OBJECTS} objects of 1 to 64 KB that are all in the cache`,
  warm: paths,
  requests: paths.map((path) => ({ path })),
  purging: false,
  thresholds: [
    ...usual(100, 1000),
    { name: 'answers other than 2xx', value: ({ requests, statuses }) => requests - statuses['2xx'], atMost: 0 },
    { name: 'hit ratio', value: hitRatio, atLeast: 0.999 },
  ],
};
