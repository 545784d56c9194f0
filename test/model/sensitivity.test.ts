// That the comparison can fail: a model with one thing changed disagrees with lb, and the history that shows it is short.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate } from './generate.ts';
import type { ModelPolicy } from './reference-storing.ts';
import { replay } from './replay.ts';
import { shrink } from './shrink.ts';
import { type ModelSite, SITES } from './sites.ts';

const CHANGED: Record<string, { site: string; policy: Partial<ModelPolicy> }> = {
  'the heuristic': { site: 'default', policy: { heuristic: 0.5 } },
  'the lifetime of assets': { site: 'default', policy: { autoTtl: 100 } },
  'stale-if-error by configuration': { site: 'default', policy: { staleIfError: 3000 } },
  'stale-while-revalidate by configuration': { site: 'rule', policy: { staleWhileRevalidate: 20 } },
  "whether clients' directives count": { site: 'clients', policy: { clientDirectives: false } },
  'the deadline': { site: 'deadline', policy: { staleDeadline: 0 } },
  'targeted fields': { site: 'default', policy: { targets: [] } },
  'the lifetime of errors': { site: 'force', policy: { errorTtl: undefined } },
  'Set-Cookie': { site: 'force', policy: { storeSetCookie: false } },
  'the most variants': { site: 'bare', policy: { maxVariants: 64 } },
};

for (const [what, { site, policy }] of Object.entries(CHANGED)) {
  test(`a model that differs in ${what} is found out`, async () => {
    const { lbJson, policyOf } = SITES[site];
    const changed: ModelSite = { lbJson, policyOf: (path) => ({ ...policyOf(path), ...policy }) };
    for (let seed = 1; seed <= 150; seed++) {
      const history = { ...generate(seed), site };
      if ((await replay(history, false, changed)) === undefined) continue;
      const shortest = await shrink(history, 150, changed);
      assert.ok(shortest.exchanges.length <= 12, `${shortest.exchanges.length} exchanges are left`);
      assert.notEqual(await replay(shortest, false, changed), undefined);
      return;
    }
    assert.fail('150 histories did not show it');
  });
}
