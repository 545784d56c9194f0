/** How the cache took part in a request; counted and logged. */
export const OUTCOMES = ['none', 'hit', 'miss', 'stale', 'pass', 'collapsed', 'revalidated'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What is wrong with a request or with getting its answer, to be said as a problem document. */
export interface RequestProblem {
  status: number;
  detail: string;
  /** Value of Proxy-Status. */
  proxyStatus?: string;
  /** Further lines of the answer. */
  lines?: readonly string[];
}
