/** A value that rules look at, and where it comes from. */
import type { Facts } from './facts.ts';

export class Entry {
  /** `ARGS`, `REQUEST_URI`, ... */
  readonly collection: string;
  /** The member's name as the request has it; empty of variables without members. */
  readonly key: string;
  readonly value: string;
  /** What is known of the value, once it was asked for. */
  facts: Facts | undefined = undefined;
  /** Another entry of the same value. */
  readonly same: Entry | undefined;

  constructor(collection: string, key: string, value: string, same?: Entry) {
    this.collection = collection;
    this.key = key;
    this.value = value;
    this.same = same;
  }
}

/** MATCHED_VAR_NAME. */
export function fullName(entry: Entry): string {
  return entry.key === '' ? entry.collection : `${entry.collection}:${entry.key}`;
}

export const NO_ENTRIES: readonly Entry[] = [];
