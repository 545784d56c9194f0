import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configure } from '../../test/support/lb.ts';
import type { PlanData } from '../threads/messages.ts';
import type { TlsCertificate, TlsTerms } from '../tls/terms.ts';
import { type PlanParts, Plans } from './plans.ts';

const certificate = (cert: string): TlsCertificate => ({ cert, key: '', names: [], kind: 'ec' });
const [a, b] = [certificate('a'), certificate('b')];
const nothing = () => {};

/** Plans over parts that do nothing but note what edges are told. @param during what happens while edges get ready */
function plansWith(during: (plans: Plans) => string | undefined) {
  const config = configure({ origins: ['127.0.0.1:1'] });
  const told: [what: string, certificates: string][] = [];
  const tell = (what: string, tls: TlsTerms | undefined) =>
    void told.push([what, (tls?.certificates ?? []).map(({ cert }) => cert).join()]);
  const live = { generation: 1, sites: [], number: nothing, replace: () => live.generation++ };
  const parts = {
    live,
    planner: {
      plan: (_: unknown, generation: number) => ({
        ...{ generation, config, waf: { sets: [], ofSites: [''] } },
        tls: { certificates: [a], ticketKey: 'old' },
      }),
    },
    entrance: { listeners: () => [], prepare: async () => [], commit: nothing, discard: nothing },
    counts: { setPorts: nothing },
    tls: { setObtained: nothing, termsFor: nothing, ticketKey: { current: 'new' } },
    acme: { prepare: async () => [], commit: nothing, discard: () => [] },
    origins: { commit: nothing },
    purger: { forgetSite: nothing },
    edges: {
      prepare: async ({ tls }: PlanData) => {
        tell('prepare', tls);
        return during(plans);
      },
      commit: ({ tls }: PlanData) => tell('commit', tls),
      certificates: (tls: TlsTerms) => tell('certificates', tls),
    },
  };
  const plans = new Plans(parts as unknown as PlanParts);
  return { plans, told, config };
}

test('what of TLS changes while edges get ready for a plan is in force with it', async () => {
  const { plans, told, config } = plansWith((during) => {
    during.replaceCertificate(a, b);
    during.renewTicketKey();
    return undefined;
  });
  await plans.open(config);
  assert.deepEqual(await plans.apply(config), { generation: 2, changed: [] });
  assert.deepEqual(told.slice(-2), [
    ['commit', 'b'],
    ['certificates', 'b'],
  ]);
  assert.deepEqual([plans.current.generation, plans.current.tls?.ticketKey], [2, 'new']);
});

test('a plan that cannot be leaves the one before, with what it has got meanwhile', async () => {
  const { plans, told, config } = plansWith((during) => {
    during.replaceCertificate(a, b);
    return 'no';
  });
  await plans.open(config);
  await assert.rejects(plans.apply(config), /^Error: no$/);
  assert.deepEqual(told, [
    ['prepare', 'a'],
    ['certificates', 'b'],
  ]);
  assert.deepEqual([plans.current.generation, plans.current.tls?.certificates], [1, [b]]);
});
