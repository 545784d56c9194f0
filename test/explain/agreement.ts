import assert from 'node:assert/strict';
import type { Explanation } from '../../src/explain/types.ts';
import { cacheStatus, type Field, type Scene } from '../caching/scene.ts';

const HOST: Field = ['Host', 'site.test'];

/** Asks lb what it would do, and whether it does. */
export function agreementWith(scene: Scene) {
  async function explain(target: string, fields: readonly Field[] = [], method = 'GET'): Promise<Explanation> {
    const parameters = new URLSearchParams({ url: `http://site.test${target}`, method });
    for (const [name, value] of fields) parameters.append('header', `${name}: ${value}`);
    const answer = await scene.lb.admin.fetch('GET', `/explain?${parameters.toString()}`);
    assert.equal(answer.status, 200, answer.text());
    return answer.json() as Explanation;
  }

  const ask = (target: string, fields: readonly Field[] = [], method = 'GET') =>
    scene.get(target, [HOST, ...fields], { method });

  /** Explains, then asks: both must say the same. */
  async function agree(action: string, target: string, fields: readonly Field[] = [], method = 'GET') {
    const before = scene.origin.requests.length;
    const explanation = await explain(target, fields, method);
    const { decision } = explanation;
    assert.equal(decision.action, action, JSON.stringify(decision));
    assert.deepEqual((await explain(target, fields, method)).decision.action, action, 'a second time');
    assert.equal(scene.origin.requests.length, before, 'the origin is not asked');
    const response = await ask(target, fields, method);
    const said = cacheStatus(response);
    const expected = decision.cache_status.replace(/ttl=-?\d+/, 'ttl');
    assert.ok(
      said.replace(/ttl=-?\d+/, 'ttl').startsWith(expected),
      `${said} where ${decision.cache_status} was to come`,
    );
    if (decision.status !== null) assert.equal(response.status, decision.status);
    const toOrigin = ['hit', 'refuse', 'answer'].includes(action) ? 0 : 1;
    if (action !== 'stale') assert.equal(scene.origin.requests.length, before + toOrigin, action);
    return explanation;
  }

  return { explain, ask, agree };
}
