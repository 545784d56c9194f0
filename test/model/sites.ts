/** The sites that histories run on: what lb.json says, and the same for the reference model. */
import { DEFAULT_POLICY, type ModelPolicy } from './reference-storing.ts';

export interface ModelSite {
  lbJson: string;
  policyOf: (path: string) => ModelPolicy;
}

/**
 * @param cache of lb.json
 * @param policy what it means for every path
 * @param rule what it means for `/r/*` besides
 */
function site(cache: object, policy: Partial<ModelPolicy>, rule: Partial<ModelPolicy> = {}): ModelSite {
  const everywhere = { ...DEFAULT_POLICY, ...policy };
  return {
    lbJson: JSON.stringify({ origins: ['origin.example:80'], cache }),
    policyOf: (path) => (path.startsWith('/r/') ? { ...everywhere, ...rule } : everywhere),
  };
}

const R = { match: '/r/*', ttl: '100s' };

export const SITES: Readonly<Record<string, ModelSite>> = {
  default: site({}, {}),
  bare: site(
    { auto: false, stale_if_error: '0s', heuristic: 0, targets: [], max_variants: 2 },
    { autoTtl: undefined, staleIfError: 0, heuristic: 0, targets: [], maxVariants: 2 },
  ),
  rule: site(
    { r: R, stale_while_revalidate: '30s', store_posted: true },
    { staleWhileRevalidate: 30, storePosted: true },
    { ruleTtl: 100 },
  ),
  override: site(
    { r: { ...R, override: true }, client_directives: true },
    { clientDirectives: true },
    { ruleTtl: 100, override: true },
  ),
  force: site(
    { r: { ...R, override: true, force: true }, negative_ttl: '20s', error_ttl: '5s', store_set_cookie: true },
    { negativeTtl: 20, errorTtl: 5, storeSetCookie: true },
    { ruleTtl: 100, override: true, force: true },
  ),
  clients: site(
    { client_directives: true, stale_while_revalidate: '10s', store_posted: true },
    { clientDirectives: true, staleWhileRevalidate: 10, storePosted: true },
  ),
  deadline: site(
    { stale_deadline: '300ms', stale_while_revalidate: '5s' },
    { staleDeadline: 300, staleWhileRevalidate: 5 },
  ),
};
