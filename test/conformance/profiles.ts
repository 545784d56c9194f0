import type { Settings } from '../support/lb.ts';

/** A way of running lb under the suite. */
export interface Profile {
  id: ProfileId;
  /** Its column in tables. */
  title: string;
  settings: Settings;
}

export type ProfileId = 'everything' | 'defaults';

/** In the order in which tables show them. */
export const PROFILES: readonly Profile[] = [
  {
    // what the standard allows and lb leaves out unless told
    id: 'everything',
    title: 'lb',
    settings: { cache: { client_directives: true, store_set_cookie: true, store_posted: true, stale_if_error: '60s' } },
  },
  { id: 'defaults', title: 'lb, defaults', settings: {} },
];
