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
  /** What Cache-Status says of it in place of `refused`. */
  reason?: string;
  /** Further members of the problem document. */
  members?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** In place of a problem document. */
  body?: { readonly contentType: string; readonly content: string | Uint8Array };
}
