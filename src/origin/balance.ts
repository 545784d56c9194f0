import { score } from './balance-hash.ts';

/** An origin as policies see it. */
export interface Peer {
  /** More than 0: its part of the requests. */
  weight(now: number): number;
  /** Requests that it has on all threads. */
  underWay(): number;
  /** Microseconds that it takes to answer, 0 where nothing is known. */
  latency(now: number): number;
  /** Tells it from the others, over reloads too. 32 bits. */
  readonly seed: number;
}

/** Chooses among the origins that may be asked. */
export interface Policy<P extends Peer> {
  /**
   * @param peers at least one
   * @param key hash of what requests are told apart by, 32 bits; of no meaning to most policies
   */
  pick(peers: readonly P[], now: number, key: number): P;
}

/** What an origin costs of which no latency is known while it has requests: more than any that answers. Microseconds. */
const UNKNOWN = 1e9;

/** How much more than its part of the requests under way a hashed origin takes. */
export const BOUND = 1.25;

/**
 * Smooth weighted round robin as in nginx: each pick raises every origin by its weight, takes the highest, and lowers that
 * by the sum, so that the picks of a heavy origin are spread among the others'.
 */
export class RoundRobin<P extends Peer> implements Policy<P> {
  readonly #current = new WeakMap<P, number>();

  pick(peers: readonly P[], now: number): P {
    let best = peers[0];
    let highest = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (const peer of peers) {
      const weight = peer.weight(now);
      const current = (this.#current.get(peer) ?? 0) + weight;
      this.#current.set(peer, current);
      sum += weight;
      if (current > highest) {
        highest = current;
        best = peer;
      }
    }
    this.#current.set(best, highest - sum);
    return best;
  }
}

/** The origin with the fewest requests for its weight; those that are alike take turns. */
export class LeastConnections<P extends Peer> implements Policy<P> {
  readonly #turns = new RoundRobin<P>();
  readonly #alike: P[] = [];

  pick(peers: readonly P[], now: number): P {
    const alike = this.#alike;
    let least = Number.POSITIVE_INFINITY;
    alike.length = 0;
    for (const peer of peers) {
      const load = peer.underWay() / peer.weight(now);
      if (load > least) continue;
      if (load < least) alike.length = 0;
      least = load;
      alike.push(peer);
    }
    return alike.length === 1 ? alike[0] : this.#turns.pick(alike, now);
  }
}

/**
 * Power of two choices: of two origins drawn by weight, the one that costs less, which is its latency times the requests
 * that it would then have (peak EWMA as in Finagle and linkerd).
 */
export class TwoChoices<P extends Peer> implements Policy<P> {
  readonly #random: () => number;

  /** @param random as Math.random */
  constructor(random: () => number) {
    this.#random = random;
  }

  pick(peers: readonly P[], now: number): P {
    if (peers.length === 1) return peers[0];
    const first = this.#draw(peers, now, undefined);
    const second = this.#draw(peers, now, first);
    return cost(second, now) < cost(first, now) ? second : first;
  }

  #draw(peers: readonly P[], now: number, except: P | undefined): P {
    let sum = 0;
    for (const peer of peers) if (peer !== except) sum += peer.weight(now);
    let left = this.#random() * sum;
    let drawn = peers[peers[0] === except ? 1 : 0];
    for (const peer of peers) {
      if (peer === except) continue;
      drawn = peer;
      left -= peer.weight(now);
      if (left < 0) break;
    }
    return drawn;
  }
}

function cost(peer: Peer, now: number): number {
  const latency = peer.latency(now);
  const underWay = peer.underWay();
  if (latency === 0 && underWay > 0) return UNKNOWN + underWay;
  return (latency * (underWay + 1)) / peer.weight(now);
}

/**
 * Consistent hashing with bounded load: each key prefers the origins in an order of its own (weighted rendezvous), and
 * goes to the first one that has room. Where an origin comes or goes only the keys move that are, or were, its own; none
 * has more than `BOUND` times its part of the requests under way, and one more.
 */
export class BoundedHash<P extends Peer> implements Policy<P> {
  pick(peers: readonly P[], now: number, key: number): P {
    let weights = 0;
    let underWay = 1;
    for (const peer of peers) {
      weights += peer.weight(now);
      underWay += peer.underWay();
    }
    const share = (BOUND * underWay) / weights;
    let best = peers[0];
    let highest = Number.NEGATIVE_INFINITY;
    for (const peer of peers) {
      const weight = peer.weight(now);
      if (peer.underWay() >= Math.ceil(share * weight)) continue;
      const preference = score(key, peer.seed, weight);
      if (preference <= highest) continue;
      highest = preference;
      best = peer;
    }
    return best;
  }
}
