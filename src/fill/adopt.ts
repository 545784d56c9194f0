import type { CacheKey } from '../cache/cache.ts';
import type { EdgeContext } from './context.ts';
import type { FillTask } from './fill-task.ts';
import { type OriginAnswer, variantName } from './judge.ts';
import { refreshedEntry } from './refresh.ts';
import type { KnownVariant } from './stored.ts';
import type { Variants } from './variants.ts';

/** A validation by which the origin has named a variant other than the one that was asked for. */
export interface Adoption {
  task: Pick<FillTask, 'client' | 'marker'>;
  key: CacheKey;
  /** What the origin's 304 names, and the key that it is stored under. */
  other: KnownVariant;
  otherKey: CacheKey;
  variants: Variants;
  /** The flight by which the origin was asked. */
  flight: number;
  /** The newest purge when the origin was asked. */
  since: number;
}

/**
 * The origin would send this request what is stored as another variant: it is stored as this one too.
 *
 * @returns false when it cannot be; it is then to be fetched whole
 */
export function adopt(context: EdgeContext, adoption: Adoption, answer: OriginAnswer): boolean {
  const { cache, stored } = context;
  const { task, key, other, otherKey, variants, flight, since } = adoption;
  const { marker, client } = task;
  const id = cache.lookup(otherKey);
  const handle = id === 0 ? -1 : cache.hold(id);
  cache.unpin();
  if (handle < 0) return false;
  const { variant: nonce = '', vary: fields = [] } = marker ?? {};
  const variant = { fields, nonce, key: variantName(nonce, fields, client.headers) };
  const current = variants.marker(nonce);
  const { meta } = stored.of(id);
  const isFound = current !== undefined && variants.note(variant, other.etag, client.policy.maxVariants, current);
  const validation = { client, key, stale: { id, meta }, flight, since, variant: variant.key };
  const adopted = isFound && meta.etag === other.etag && refreshedEntry(context, validation, answer);
  cache.drop(handle);
  return adopted;
}
