import { type Scenario, usual } from '../scenario.ts';

const OBJECTS = 100;
const paths = Array.from({ length: OBJECTS }, (_, i) => `/versioned/${i}`);

export const purgeStorm: Scenario = {
  name: 'purge-storm',
  prose: `${OBJECTS} cached objects under load while single, wildcard, soft and whole-cache purges go on without pause`,
  warm: paths,
  requests: paths.map((path) => ({ path })),
  purging: true,
  thresholds: [
    ...usual(250, 300),
    { name: 'answers other than 2xx', value: ({ requests, statuses }) => requests - statuses['2xx'], atMost: 0 },
    { name: 'purges', value: ({ purges }) => purges?.done, atLeast: 20 },
    { name: 'refused purges', value: ({ purges }) => purges?.refused, atMost: 0 },
    { name: 'old content after a purge', value: ({ purges }) => purges?.outdated, atMost: 0 },
    { name: 'p99 of a purge in ms', value: ({ purges }) => purges?.p99, atMost: 250 },
  ],
};
