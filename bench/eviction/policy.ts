/** What a simulator of an eviction policy is: it keeps numbers of objects, and no bodies. */
export interface Policy {
  /** One request; whether it was a hit. What was missed is stored where the policy wants it. */
  access(id: number, size: number): boolean;
}

/** A queue of objects by order, with the bytes in it. Maps keep the order of insertion: the first one is the oldest. */
export class Queue {
  readonly sizes = new Map<number, number>();
  bytes = 0;

  push(id: number, size: number): void {
    this.sizes.set(id, size);
    this.bytes += size;
  }

  /** Takes one out; its size, or undefined where it is not in the queue. */
  take(id: number): number | undefined {
    const size = this.sizes.get(id);
    if (size === undefined) return undefined;
    this.sizes.delete(id);
    this.bytes -= size;
    return size;
  }

  oldest(): number | undefined {
    return this.sizes.keys().next().value;
  }
}
